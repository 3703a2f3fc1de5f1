//! Connections as they are loaded: the record, its tokens, its disconnects, its retirements.

use finch_core::{
    CompanyId, Connection, ConnectionKey, CustomerId, ProviderId, Retirement, Revision,
};
use rusqlite::{OptionalExtension as _, named_params, params};

use crate::{
    error::{Result, broken},
    rows::{self, DISCONNECT, TOKEN},
    values::{self, number, seq},
};

/// Loads a connection whole, or with the tokens of one customer only. Run it in a transaction: it
/// reads four tables.
pub(crate) fn connection(
    db: &rusqlite::Connection,
    key: ConnectionKey,
    customer: Option<&CustomerId>,
) -> Result<Option<Connection>> {
    let mut record =
        db.prepare_cached("SELECT revision, provider, company FROM connections WHERE key = ?1")?;
    let found = record.query_row([number(key.0)], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    });
    let Some((revision, provider, company)) = found.optional()? else {
        return Ok(None);
    };
    let bad = |what: &str| broken(format_args!("the {what} of connection {}", key.0.0));
    Ok(Some(Connection {
        key,
        revision: Revision(revision.unsigned_abs()),
        provider: ProviderId::new(provider).map_err(|_| bad("provider"))?,
        company: company.map(CompanyId::new).transpose().map_err(|_| bad("company"))?,
        tokens: tokens(db, key, customer)?,
        disconnects: disconnects(db, key)?,
        retirements: retirements(db, key, customer)?,
    }))
}

fn tokens(
    db: &rusqlite::Connection,
    key: ConnectionKey,
    customer: Option<&CustomerId>,
) -> Result<Vec<finch_core::Token>> {
    let all = format!("SELECT {TOKEN} FROM tokens WHERE connection = :connection ORDER BY id");
    let own = format!(
        "SELECT {TOKEN} FROM tokens WHERE customer = :customer AND connection = :connection ORDER BY id"
    );
    let key = number(key.0);
    match customer {
        None => db
            .prepare_cached(&all)?
            .query_and_then(named_params! { ":connection": key }, rows::token)?
            .collect(),
        Some(customer) => db
            .prepare_cached(&own)?
            .query_and_then(
                named_params! { ":connection": key, ":customer": customer.as_str() },
                rows::token,
            )?
            .collect(),
    }
}

fn disconnects(
    db: &rusqlite::Connection,
    key: ConnectionKey,
) -> Result<Vec<finch_core::Disconnect>> {
    let sql = format!("SELECT {DISCONNECT} FROM disconnects WHERE connection = ?1 ORDER BY id");
    db.prepare_cached(&sql)?.query_and_then([number(key.0)], rows::disconnect)?.collect()
}

const RETIREMENTS: &str = "SELECT seq, customer, at FROM retirements \
    WHERE connection = ?1 AND (?2 IS NULL OR customer = ?2) ORDER BY seq";

fn retirements(
    db: &rusqlite::Connection,
    key: ConnectionKey,
    customer: Option<&CustomerId>,
) -> Result<Vec<Retirement>> {
    let of = params![number(key.0), customer.map(CustomerId::as_str)];
    let mut statement = db.prepare_cached(RETIREMENTS)?;
    let rows = statement.query_and_then(of, |row| {
        let seq = seq(row.get(0)?);
        let what = format_args!("the customer of retirement {}", seq.0);
        let customer = values::id(row.get(1)?, CustomerId::new, what)?;
        Ok(Retirement { seq, customer, at: values::time(row.get(2)?) })
    })?;
    rows.collect()
}

/// The key in the first column of the first row that a statement finds.
pub(crate) fn key(
    db: &rusqlite::Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Option<ConnectionKey>> {
    Ok(values::first(db, sql, params)?.map(|found| ConnectionKey(seq(found))))
}
