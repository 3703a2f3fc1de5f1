//! Stores of any size: made by the store itself, so that schema, settings and keys are real, and then
//! filled in the order of their keys.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use finch_core::{
    CompanyId, CustomerId, Failure, FailureKind, Progress, ProviderId, TokenFacts, Trouble,
};
use finch_seal::{Domain, Kek, KeyBytes, KeyId, KeyRing, Place, WrappedEpoch, WrappedKeys};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use rusqlite::{Connection, Statement, params};
use serde::Serialize;

use crate::{
    clock::filled_at,
    numbered::{Layout, Numbered, application},
    paper,
    setting::{Setting, remove},
};

/// The key of every store here.
pub(crate) fn kek() -> Kek {
    Kek::from_bytes(KeyBytes::new(Box::new([7; 32])))
}

/// What it takes to open a store here.
pub(crate) fn options(path: &Path) -> SqliteOptions {
    SqliteOptions::new(path, application(), Arc::new(kek()))
}

/// A store of this layout: the one that was made before, or a new one where there is none of today's
/// schema.
pub(crate) fn store(setting: &Setting, layout: Layout) -> PathBuf {
    let Layout { connections, tokens } = layout;
    let path = setting.store(&format!("store-{connections}x{tokens}"));
    let unfinished = setting.store("unfinished");
    remove(&unfinished);
    drop(SqliteTokenStore::open(options(&unfinished).create(true)).unwrap());
    if !path.exists() || schema(&path) != schema(&unfinished) {
        remove(&path);
        let began = Instant::now();
        fill(&unfinished, layout);
        fs::rename(&unfinished, &path).unwrap();
        setting.fact(&format!("filled/{connections}x{tokens}"), began.elapsed().as_secs_f64());
    }
    path
}

/// Every object of a store, by its statement.
fn schema(path: &Path) -> Vec<String> {
    let db = Connection::open(path).unwrap();
    let mut all =
        db.prepare("SELECT coalesce(sql, '') FROM sqlite_schema ORDER BY type, name").unwrap();
    let rows = all.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// A copy of it, to be changed.
pub(crate) fn copy(setting: &Setting, layout: Layout, name: &str) -> PathBuf {
    let (from, to) = (store(setting, layout), setting.store(name));
    remove(&to);
    fs::copy(from, &to).unwrap();
    to
}

/// The wrapped keys of a store, as its rows have them.
pub(crate) fn wrapped_keys(db: &Connection) -> WrappedKeys {
    let epoch = db
        .query_row("SELECT epoch, data_key, key_check FROM keys", [], |row| {
            Ok(WrappedEpoch { epoch: row.get(0)?, data_key: row.get(1)?, check: row.get(2)? })
        })
        .unwrap();
    db.query_row("SELECT uuid, kek, index_key FROM store", [], |row| {
        let kek = KeyId::new(row.get::<_, String>(1)?);
        Ok(WrappedKeys {
            store: row.get(0)?,
            kek,
            index_key: row.get(2)?,
            epochs: vec![epoch.clone()],
        })
    })
    .unwrap()
}

/// For a file that nobody else has yet: no journal, no syncs, and the indexes are made at the end.
const FAST: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA foreign_keys = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -1048576;
    PRAGMA threads = 2;
";

const CONNECTION: &str = "INSERT INTO connections (key, revision, provider, company, due, attention) \
    VALUES (?1, 1, ?2, ?3, ?4, ?5)";
const TOKEN: &str = "INSERT INTO tokens (id, connection, customer, connection_id, finch_customer_id, state, \
        fingerprint, products, status, exchange_began, added_at, facts, progress, used_at) \
    VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6, ?7, 'connected', ?8, ?9, ?10, ?11, ?9)";
const SECRET: &str = "INSERT INTO secrets (token, sealed) VALUES (?1, ?2)";

fn fill(path: &Path, layout: Layout) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(FAST).unwrap();
    let indexes = indexes(&db);
    let ring = KeyRing::open(&kek(), &wrapped_keys(&db)).unwrap();
    let mut reserved = 0;
    while u64::from(ring.seals_left()) < layout.connections * layout.tokens {
        let reservation = ring.reserve(reserved).unwrap();
        reserved = reservation.total();
        ring.grant(reservation);
    }
    db.execute_batch("BEGIN").unwrap();
    for (name, _) in &indexes {
        db.execute_batch(&format!("DROP INDEX {name}")).unwrap();
    }
    let mut rows = Rows {
        ring,
        layout,
        connection: db.prepare(CONNECTION).unwrap(),
        token: db.prepare(TOKEN).unwrap(),
        secret: db.prepare(SECRET).unwrap(),
        doubt: serde_json::to_string(&doubt()).unwrap(),
    };
    (0..layout.connections).for_each(|number| rows.add(Numbered(number)));
    drop(rows);
    for (_, sql) in &indexes {
        db.execute_batch(sql).unwrap();
    }
    let last = i64::try_from(layout.last()).unwrap();
    db.execute("UPDATE store SET seq = ?1", [last]).unwrap();
    db.execute("UPDATE keys SET reserved = ?1", [reserved]).unwrap();
    db.execute_batch("COMMIT").unwrap();
}

/// Those that a statement made: name and statement.
fn indexes(db: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL \
        AND tbl_name IN ('connections', 'tokens', 'secrets')";
    let mut all = db.prepare(sql).unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

struct Rows<'a> {
    ring: KeyRing,
    layout: Layout,
    connection: Statement<'a>,
    token: Statement<'a>,
    secret: Statement<'a>,
    doubt: String,
}

impl Rows<'_> {
    fn add(&mut self, connection: Numbered) {
        let key = i64::try_from(self.layout.key(connection.0)).unwrap();
        let at = i64::try_from(filled_at().as_nanosecond()).unwrap();
        let TokenFacts { connection_id, provider_id, company_id, products, .. } =
            &paper::facts(connection);
        let rare = connection.is_rare();
        let company = company_id.as_ref().map(|id| id.as_str());
        let row = params![key, provider_id.as_str(), company, rare.then_some(at), rare];
        self.connection.execute(row).unwrap();
        let facts = serde_json::to_string(&Facts::of(connection)).unwrap();
        let products = serde_json::to_string(products).unwrap();
        let customer = connection.customer();
        for token in 0..self.layout.tokens {
            let (id, secret) =
                (self.layout.token(connection.0, token).0.0, connection.secret(token));
            let doubt = rare && token + 1 == self.layout.tokens;
            let number = i64::try_from(id).unwrap();
            let row = params![
                number,
                key,
                customer.as_str(),
                connection_id.as_str(),
                if doubt { "unverified" } else { "active" },
                self.ring.fingerprint(Domain::Token, &secret),
                products,
                number - 1,
                at,
                facts,
                doubt.then_some(&self.doubt),
            ];
            self.token.execute(row).unwrap();
            self.secret.execute(params![number, self.seal(id, &customer, &secret)]).unwrap();
        }
    }

    fn seal(&self, id: u64, customer: &CustomerId, secret: &str) -> Vec<u8> {
        let application = application();
        let client_id = application.client_id.as_str();
        let place = Place { kind: "token", row: id, client_id, customer: Some(customer.as_str()) };
        self.ring.seal(&place, secret).unwrap()
    }
}

/// The column `facts`.
#[derive(Serialize)]
struct Facts {
    provider_id: ProviderId,
    company_id: Option<CompanyId>,
    customer_name: Option<String>,
    token_type: Option<String>,
}

impl Facts {
    fn of(connection: Numbered) -> Self {
        let TokenFacts { provider_id, company_id, customer_name, token_type, .. } =
            paper::facts(connection);
        Self { provider_id, company_id, customer_name, token_type }
    }
}

/// Why a rare connection needs a person.
fn doubt() -> Progress {
    let kind = FailureKind::StillAccepted;
    let failure = Failure { kind, status: None, name: None, finch_code: None, request_id: None };
    let at = filled_at();
    let trouble = Trouble { failure, at, attention: true, this_token_only: true, ambiguous: false };
    Progress { next_try: Some(at), trouble: Some(trouble), ..Progress::default() }
}
