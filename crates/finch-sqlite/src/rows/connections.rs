//! Connections: the own row, and a connection loaded whole.

use finch_core::{CompanyId, Connection, ConnectionKey, ConnectionRow, ProviderId, Revision, Seq};
use rusqlite::{Row, params};

use super::{disconnects, tokens};
use crate::{
    error::{Result, broken},
    values::{self, nanoseconds, record_head},
};

/// Loads a connection whole. Run it in a transaction: it reads several tables.
pub(super) fn load(db: &rusqlite::Connection, key: ConnectionKey) -> Result<Option<Connection>> {
    let mut statement = db.prepare_cached("SELECT * FROM connections WHERE key = ?1")?;
    let mut rows = statement.query([key.0.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Connection {
        tokens: tokens::of(db, key)?,
        disconnects: disconnects::of(db, key)?,
        retirements: disconnects::retirements(db, key)?,
        ..own_row(row)?
    }))
}

/// A connection, as far as its own row goes.
pub(crate) fn own_row(row: &Row<'_>) -> Result<Connection> {
    let key = ConnectionKey(Seq(row.get("key")?));
    let bad = |what: &str| broken(format_args!("the {what} of connection {}", key.0.0));
    let company = row.get::<_, Option<String>>("company")?.map(CompanyId::new);
    let question = row.get::<_, Option<String>>("question")?;
    let question = question.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Connection {
        key,
        revision: Revision(row.get("revision")?),
        provider: ProviderId::new(row.get::<_, String>("provider")?)
            .map_err(|_| bad("provider"))?,
        company: company.transpose().map_err(|_| bad("company"))?,
        tokens: Vec::new(),
        disconnects: Vec::new(),
        retirements: Vec::new(),
        question: question.map_err(|_| bad("question"))?,
        record: record_head(row)?,
    })
}

/// At which revision a connection is; none: it is not there.
pub(super) fn revision(db: &rusqlite::Connection, key: ConnectionKey) -> Result<Option<Revision>> {
    let sql = "SELECT revision FROM connections WHERE key = ?1";
    Ok(values::first(db, sql, [key.0.0])?.map(Revision))
}

/// Writes the own row, and raises its revision.
pub(super) fn write(db: &rusqlite::Connection, row: &ConnectionRow) -> Result<()> {
    let sql = "INSERT INTO connections (key, revision, provider, company, due, attention, \
            question, question_due, record_events, record_hash) \
        VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
        ON CONFLICT (key) DO UPDATE SET revision = revision + 1, provider = excluded.provider, \
            company = excluded.company, due = excluded.due, attention = excluded.attention, \
            question = excluded.question, question_due = excluded.question_due, \
            record_events = excluded.record_events, record_hash = excluded.record_hash";
    let ConnectionRow { key, provider, company, agenda, question, record } = row;
    db.prepare_cached(sql)?.execute(params![
        key.0.0,
        provider.as_str(),
        company.as_ref().map(CompanyId::as_str),
        agenda.due.map(nanoseconds),
        agenda.attention,
        question.as_ref().map(values::json).transpose()?,
        agenda.question.map(nanoseconds),
        record.events,
        record.hash.0,
    ])?;
    Ok(())
}

/// Removes the own row of an absorbed connection. Its lease goes with it.
pub(super) fn remove(db: &rusqlite::Connection, key: ConnectionKey) -> Result<()> {
    db.prepare_cached("DELETE FROM connections WHERE key = ?1")?.execute([key.0.0])?;
    Ok(())
}
