//! Tokens, written: admitted once, changed column by column.

use finch_core::{
    Admission, ConnectionKey, ConnectionStatus, CustomerId, Event, FinchCustomerId, FinchTokenId,
    Timestamp, TokenChange, TokenId,
};
use rusqlite::params;

use crate::{
    error::Result,
    record,
    rows::{OtherFacts, state_columns},
    sequence::next,
    values::{self, json, nanoseconds, number},
    writer::Tx,
};

/// Stores a token under the next number, sealed.
pub(crate) fn admit(
    tx: &Tx<'_>,
    connection: ConnectionKey,
    admission: &Admission,
) -> Result<TokenId> {
    let id = TokenId(next(tx.db)?);
    let Admission { customer, secret, facts, state, exchange_began, at } = admission;
    let (state, evidence) = state_columns(state)?;
    let sql = "INSERT INTO tokens (id, connection, customer, connection_id, finch_customer_id, state, \
            evidence, fingerprint, products, exchange_began, added_at, facts) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    tx.db.prepare_cached(sql)?.execute(params![
        number(id.0),
        number(connection.0),
        customer.as_ref().map(CustomerId::as_str),
        facts.connection_id.as_str(),
        facts.finch_customer_id.as_ref().map(FinchCustomerId::as_str),
        state,
        evidence,
        tx.sealer.token(secret),
        json(&facts.products)?,
        number(*exchange_began),
        nanoseconds(*at),
        json(&OtherFacts::from(facts))?,
    ])?;
    if evidence.is_none() {
        let sealed = tx.sealer.seal(id, customer.as_ref().map(CustomerId::as_str), secret)?;
        let sql = "INSERT INTO secrets (token, sealed) VALUES (?1, ?2)";
        tx.db.prepare_cached(sql)?.execute(params![number(id.0), sealed])?;
    }
    Ok(id)
}

/// Changes what `change` names. With the last state the secret goes: a trigger of the schema wipes it.
pub(crate) fn change(tx: &Tx<'_>, connection: ConnectionKey, change: &TokenChange) -> Result<()> {
    let TokenChange { id, state, verified, progress, products, status, finch_token_id } = change;
    let verified = if *verified { Some(number(next(tx.db)?)) } else { None };
    let (id, connection) = (number(id.0), number(connection.0));
    if let Some(state) = state {
        let (name, evidence) = state_columns(state)?;
        if evidence.is_some() {
            tx.wiped();
        }
        let sql = "UPDATE tokens SET state = ?3, evidence = ?4 WHERE id = ?1 AND connection = ?2";
        tx.db.prepare_cached(sql)?.execute(params![id, connection, name, evidence])?;
    }
    let progress = progress.as_ref().map(json).transpose()?;
    let products = products.as_ref().map(json).transpose()?;
    let status = status.as_ref().map(ConnectionStatus::as_str);
    let finch_token_id = finch_token_id.as_ref().map(FinchTokenId::as_str);
    if verified.is_some()
        || progress.is_some()
        || products.is_some()
        || status.is_some()
        || finch_token_id.is_some()
    {
        let sql = "UPDATE tokens SET verified = coalesce(?3, verified), progress = coalesce(?4, progress), \
                products = coalesce(?5, products), status = coalesce(?6, status), \
                finch_token_id = coalesce(?7, finch_token_id) \
            WHERE id = ?1 AND connection = ?2";
        let row = params![id, connection, verified, progress, products, status, finch_token_id];
        tx.db.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

/// Writes down when a token was handed out, and the first time in the record too.
pub(crate) fn note_use(tx: &Tx<'_>, id: TokenId, now: Timestamp, first: &Event) -> Result<()> {
    let sql = "SELECT used_at IS NULL FROM tokens WHERE id = ?1";
    let is_first: Option<bool> = values::first(tx.db, sql, [number(id.0)])?;
    let sql = "UPDATE tokens SET used_at = ?2 WHERE id = ?1";
    tx.db.prepare_cached(sql)?.execute([number(id.0), nanoseconds(now)])?;
    match is_first {
        Some(true) => record::append(tx, first),
        _ => Ok(()),
    }
}
