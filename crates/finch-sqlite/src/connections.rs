//! Connections: loaded whole, found by what is known of them, written row by row.

use finch_core::{
    Connection, ConnectionFilter, ConnectionKey, ConnectionRow, CustomerId, Due, Fingerprint,
    Found, Revision, Selector, Seq, Timestamp, Token, TokenFacts,
};
use rusqlite::{Row, params, params_from_iter, types::Value};
use serde::Serialize;

use crate::{
    error::Result,
    rows::{all, clamped, execute, first, json, nanoseconds, one, parse, time, whole},
};

/// The rows of a table that belong to a connection, in the order of their ids.
fn parts<T>(
    db: &rusqlite::Connection,
    table: &str,
    connection: ConnectionKey,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let sql = format!("SELECT * FROM {table} WHERE connection = ?1 ORDER BY id");
    all(db, &sql, [connection.0.0], read)
}

/// A token: when it was used is noted beside its row.
fn token(row: &Row<'_>) -> Result<Token> {
    let used_at = row.get::<_, Option<i64>>("used_at")?.map(time);
    Ok(Token { used_at, ..whole("tokens", row)? })
}

/// Writes a row that belongs to a connection, in the place of the one with the same id.
pub(crate) fn write_part(
    db: &rusqlite::Connection,
    table: &str,
    connection: ConnectionKey,
    id: Seq,
    part: &impl Serialize,
) -> Result<()> {
    let sql = format!(
        "INSERT INTO {table} (id, connection, row) VALUES (?1, ?2, ?3) \
         ON CONFLICT (id) DO UPDATE SET connection = excluded.connection, row = excluded.row"
    );
    execute(db, &sql, params![id.0, connection.0.0, json(part)?])
}

/// A connection's own row.
pub(crate) fn own_row(row: &Row<'_>) -> Result<ConnectionRow> {
    let key: i64 = row.get("key")?;
    parse(row, "row", || format!("row {key} of the connections"))
}

/// Writes the own row, and raises its revision.
pub(crate) fn write(db: &rusqlite::Connection, row: &ConnectionRow) -> Result<()> {
    let sql = "INSERT INTO connections (key, revision, row, due, question_due, attention) \
        VALUES (?1, 1, ?2, ?3, ?4, ?5) \
        ON CONFLICT (key) DO UPDATE SET revision = revision + 1, row = excluded.row, \
            due = excluded.due, question_due = excluded.question_due, \
            attention = excluded.attention";
    let (agenda, at) = (row.agenda, |at: Option<Timestamp>| at.map(nanoseconds));
    let values =
        params![row.key.0.0, json(row)?, at(agenda.due), at(agenda.question), agenda.attention];
    execute(db, sql, values)
}

/// At which revision a connection is; none: it is not there.
pub(crate) fn revision(db: &rusqlite::Connection, key: ConnectionKey) -> Result<Option<Revision>> {
    let sql = "SELECT revision FROM connections WHERE key = ?1";
    Ok(first(db, sql, [key.0.0])?.map(Revision))
}

/// Loads a connection whole. Run it in a transaction: it reads several tables.
fn by_key(db: &rusqlite::Connection, key: ConnectionKey) -> Result<Option<Connection>> {
    one(db, "SELECT * FROM connections WHERE key = ?1", [key.0.0], |row| {
        let ConnectionRow { key, provider, company, question, record, .. } = own_row(row)?;
        Ok(Connection {
            key,
            revision: Revision(row.get("revision")?),
            provider,
            company,
            tokens: parts(db, "tokens", key, token)?,
            disconnects: parts(db, "disconnects", key, |row| whole("disconnects", row))?,
            retirements: parts(db, "retirements", key, |row| whole("retirements", row))?,
            question,
            record,
        })
    })
}

/// A query for the keys of connections: the statement, and what is bound to it.
pub(crate) struct KeyQuery {
    pub(crate) sql: String,
    bound: Vec<Value>,
}

impl KeyQuery {
    pub(crate) fn keys(&self, db: &rusqlite::Connection) -> Result<Vec<ConnectionKey>> {
        all(db, &self.sql, params_from_iter(&self.bound), |row| Ok(ConnectionKey(Seq(row.get(0)?))))
    }

    /// The connection that it finds, whole. Run it in a transaction.
    fn connection(&self, db: &rusqlite::Connection) -> Result<Option<Connection>> {
        self.keys(db)?.first().map_or(Ok(None), |key| by_key(db, *key))
    }

    pub(crate) fn load(&self, db: &rusqlite::Connection) -> Result<Option<Connection>> {
        self.connection(&*db.unchecked_transaction()?)
    }
}

/// The query for the connection that is selected, of this customer if one is given.
pub(crate) fn selected(selector: Selector<'_>, customer: Option<&CustomerId>) -> KeyQuery {
    let text = |text: &str| Value::from(text.to_owned());
    let number = |seq: Seq| Value::from(clamped(seq.0));
    let (through_tokens, condition, by) = match selector {
        Selector::Key(key) => (false, "key = ?2", vec![number(key.0)]),
        Selector::Pair(provider, company) => {
            let pair = vec![text(provider.as_str()), text(company.as_str())];
            (false, "provider = ?2 AND company = ?3", pair)
        }
        Selector::ConnectionId(id) => (true, "connection_id = ?2", vec![text(id.as_str())]),
        Selector::FinchCustomerId(id) => (true, "finch_customer_id = ?2", vec![text(id.as_str())]),
        Selector::TokenId(id) => (true, "id = ?2", vec![number(id.0)]),
        Selector::Fingerprint(token) => (
            true,
            "id = (SELECT max(id) FROM tokens WHERE fingerprint = ?2)",
            vec![token.0.to_vec().into()],
        ),
    };
    let sql = match through_tokens {
        true => format!(
            "SELECT connection FROM tokens \
                WHERE {condition} AND (?1 IS NULL OR customer = ?1) LIMIT 1"
        ),
        false => format!(
            "SELECT key FROM connections WHERE {condition} AND (?1 IS NULL \
                OR EXISTS (SELECT 1 FROM tokens WHERE connection = key AND customer = ?1))"
        ),
    };
    let customer = customer.map(|id| id.as_str().to_owned());
    KeyQuery { sql, bound: [vec![customer.into()], by].concat() }
}

/// The query for a page of a listing.
pub(crate) fn listed(
    filter: &ConnectionFilter<'_>,
    after: Option<ConnectionKey>,
    limit: usize,
) -> KeyQuery {
    let text = |text: &str| vec![Value::from(text.to_owned())];
    let within = |due: &Option<Due>| {
        let whenever = Due { by: Timestamp::MAX, beyond: Timestamp::MAX };
        let Due { by, beyond } = due.unwrap_or(whenever);
        vec![nanoseconds(by).into(), nanoseconds(beyond).into()]
    };
    let mut keys = ("key", "connections");
    let (condition, filtered) = match filter {
        ConnectionFilter::All => ("1", Vec::new()),
        ConnectionFilter::Customer(id) => {
            keys = ("connection", "tokens");
            ("customer = ?3", text(id.as_str()))
        }
        ConnectionFilter::Company(id) => ("company = ?3", text(id.as_str())),
        ConnectionFilter::Due(due) => ("due IS NOT NULL AND (due <= ?3 OR due > ?4)", within(due)),
        ConnectionFilter::Question(due) => {
            ("question_due IS NOT NULL AND (question_due <= ?3 OR question_due > ?4)", within(due))
        }
        ConnectionFilter::Attention => ("attention = 1", Vec::new()),
        // Along the connections, so that all pages together read each of them once.
        ConnectionFilter::SealedBefore(epoch) => (
            "EXISTS (SELECT 1 FROM tokens CROSS JOIN secrets ON token = id \
                WHERE connection = key AND epoch > x'00000000' AND epoch < ?3)",
            vec![epoch.to_be_bytes().to_vec().into()],
        ),
    };
    let (key, table) = keys;
    let sql = format!(
        "SELECT DISTINCT {key} FROM {table} WHERE {condition} AND {key} > ?1 ORDER BY {key} LIMIT ?2"
    );
    let page = vec![after.map_or(-1, |key| clamped(key.0.0)).into(), clamped(limit).into()];
    KeyQuery { sql, bound: [page, filtered].concat() }
}

/// What an arriving token may belong to.
pub(crate) fn find(
    db: &rusqlite::Connection,
    token: &Fingerprint,
    facts: &TokenFacts,
) -> Result<Found> {
    let db = db.unchecked_transaction()?;
    let load = |selector| selected(selector, None).connection(&db);
    let newest = load(Selector::Fingerprint(token))?;
    let (id, is_revoked) = newest
        .as_ref()
        .and_then(|connection| connection.token_of(token))
        .map(|record| (record.id, record.state.is_revoked()))
        .unzip();
    let pair = facts.company_id.as_ref().map(|id| Selector::Pair(&facts.provider_id, id));
    Ok(Found {
        known: id.zip(newest).filter(|_| is_revoked == Some(false)),
        revoked_before: is_revoked == Some(true),
        by_pair: pair.map_or(Ok(None), load)?,
        by_connection_id: load(Selector::ConnectionId(&facts.connection_id))?,
    })
}
