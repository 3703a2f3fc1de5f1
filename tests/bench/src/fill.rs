//! Stores of any size: made by the store itself, so that schema, settings and keys are real, and then
//! filled in the order of their keys.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use finch_core::{
    Agenda, ConnectionId, ConnectionKey, ConnectionRow, ConnectionStatus, CustomerId, FailureKind,
    Fingerprint, Progress, RecordHead, Seq, Token, TokenId, TokenState, Trouble,
};
use finch_seal::{Domain, Kek, KeyBytes, KeyRing, Place, WrappedKeys};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use rusqlite::{Connection, Statement, params};

use crate::{
    clock::filled_at,
    host::{Host, runtime},
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
    SqliteOptions::new(path, application())
}

/// A store of this layout: the one that was made before, or a new one where there is none of today's
/// schema.
pub(crate) fn store(setting: &Setting, layout: Layout) -> PathBuf {
    let Layout { connections, tokens } = layout;
    let path = setting.store(&format!("store-{connections}x{tokens}"));
    let unfinished = setting.store("unfinished");
    remove(&unfinished);
    drop(SqliteTokenStore::open(SqliteOptions { create: true, ..options(&unfinished) }).unwrap());
    // The application makes its keys.
    drop(Host::over(&unfinished));
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

/// The wrapped keys of a store.
pub(crate) fn wrapped_keys(db: &Connection) -> WrappedKeys {
    let sql = "SELECT uuid, keyring FROM store";
    let row = db.query_row(sql, [], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
    let (store, document) = row.unwrap();
    WrappedKeys::from_document(store, &document).unwrap()
}

/// The open keys of a store.
pub(crate) fn ring(db: &Connection) -> KeyRing {
    runtime().block_on(KeyRing::open(&kek(), &wrapped_keys(db))).unwrap()
}

/// Seals a secret under its fingerprint, as usable or as held.
pub(crate) fn seal(
    ring: &KeyRing,
    customer: &CustomerId,
    connection_id: &ConnectionId,
    (fingerprint, secret): (&[u8; 32], &str),
    usable: bool,
) -> Vec<u8> {
    let application = application();
    let place = Place {
        client_id: application.client_id.as_str(),
        customer: Some(customer.as_str()),
        connection_id: connection_id.as_str(),
        fingerprint,
        purpose: if usable {
            finch_core::SealedAs::Usable.number()
        } else {
            finch_core::SealedAs::Held.number()
        },
    };
    ring.seal(&place, secret).unwrap()
}

/// For a file that no other process has yet: no journal, no syncs, and the indexes are made at the end.
const FAST: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA foreign_keys = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -1048576;
    PRAGMA threads = 2;
";

const CONNECTION: &str = "INSERT INTO connections (key, revision, row, due, attention) \
    VALUES (?1, 1, ?2, ?3, ?4)";
const TOKEN: &str = "INSERT INTO tokens (id, connection, row, used_at) VALUES (?1, ?2, ?3, ?4)";
const SECRET: &str = "INSERT INTO secrets (token, epoch, sealed) VALUES (?1, ?2, ?3)";

fn fill(path: &Path, layout: Layout) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(FAST).unwrap();
    let indexes = indexes(&db);
    let ring = ring(&db);
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
    };
    (0..layout.connections).for_each(|number| rows.add(Numbered(number)));
    drop(rows);
    for (_, sql) in &indexes {
        db.execute_batch(sql).unwrap();
    }
    let last = i64::try_from(layout.last()).unwrap();
    db.execute("UPDATE store SET seq = ?1", [last]).unwrap();
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
}

impl Rows<'_> {
    fn add(&mut self, connection: Numbered) {
        let key = i64::try_from(self.layout.key(connection.0)).unwrap();
        let at = i64::try_from(filled_at().as_nanosecond()).unwrap();
        let (facts, customer) = (paper::facts(connection), connection.customer());
        let rare = connection.is_rare();
        let own = row(connection, self.layout.key(connection.0));
        self.connection.execute(params![key, own, rare.then_some(at), rare]).unwrap();
        for place in 0..self.layout.tokens {
            let secret = connection.secret(place);
            let doubt = rare && place + 1 == self.layout.tokens;
            let id = self.layout.token(connection.0, place);
            let number = i64::try_from(id.0.0).unwrap();
            let fingerprint = self.ring.fingerprint(Domain::Token, &secret);
            let (state, progress) = match doubt {
                false => (TokenState::Active, Progress::default()),
                true => (TokenState::Unverified, self::doubt()),
            };
            let token = Token {
                state,
                progress,
                status: Some(ConnectionStatus::Connected),
                ..token(connection, id, fingerprint)
            };
            let token = serde_json::to_string(&token).unwrap();
            self.token.execute(params![number, key, token, at]).unwrap();
            let sealed =
                seal(&self.ring, &customer, &facts.connection_id, (&fingerprint, &secret), !doubt);
            self.secret.execute(params![number, self.ring.epoch().to_be_bytes(), sealed]).unwrap();
        }
    }
}

/// A connection's own row, as the store keeps it.
fn row(connection: Numbered, key: u64) -> String {
    let row = ConnectionRow {
        key: ConnectionKey(Seq(key)),
        provider: connection.provider(),
        company: Some(connection.company()),
        agenda: Agenda::default(),
        question: None,
        record: RecordHead::default(),
    };
    serde_json::to_string(&row).unwrap()
}

/// A token in use.
fn token(connection: Numbered, id: TokenId, fingerprint: [u8; 32]) -> Token {
    Token {
        id,
        customer: Some(connection.customer()),
        facts: paper::facts(connection),
        finch_token_id: None,
        status: None,
        state: TokenState::Active,
        exchange_began: Seq(id.0.0 - 1),
        verified: None,
        added_at: filled_at(),
        fingerprint: Fingerprint(fingerprint),
        progress: Progress::default(),
        handed_out: false,
        used_at: None,
    }
}

/// Why a rare connection needs a person.
fn doubt() -> Progress {
    let at = filled_at();
    let trouble = Trouble { failure: FailureKind::StillAccepted.into(), at };
    Progress { next_try: Some(at), trouble: Some(trouble), ..Progress::default() }
}
