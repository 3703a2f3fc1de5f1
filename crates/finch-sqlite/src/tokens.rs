//! Tokens, written as whole rows; and when one was handed out, which no commit says.

use finch_core::{
    AccessToken, ConnectionKey, ConnectionStatus, CustomerId, Event, FinchCustomerId, FinchTokenId,
    Timestamp, Token, TokenId,
};
use rusqlite::params;

use crate::{
    error::Result,
    record,
    rows::{OtherFacts, state_columns},
    values::{self, json, nanoseconds, number},
    writer::Tx,
};

/// Stores a new token, its secret sealed.
pub(crate) fn insert(
    tx: &Tx<'_>,
    connection: ConnectionKey,
    token: &Token,
    secret: &AccessToken,
) -> Result<()> {
    let Token { id, customer, facts, added_at, exchange_began, .. } = token;
    let (state, evidence) = state_columns(&token.state)?;
    let sql = "INSERT INTO tokens (id, connection, customer, connection_id, finch_customer_id, state, \
            evidence, fingerprint, products, exchange_began, added_at, facts) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let customer = customer.as_ref().map(CustomerId::as_str);
    tx.db.prepare_cached(sql)?.execute(params![
        number(id.0),
        number(connection.0),
        customer,
        facts.connection_id.as_str(),
        facts.finch_customer_id.as_ref().map(FinchCustomerId::as_str),
        state,
        evidence,
        tx.sealer.token(secret),
        json(&facts.products)?,
        number(*exchange_began),
        nanoseconds(*added_at),
        json(&OtherFacts::from(facts))?,
    ])?;
    let sealed = tx.sealer.seal(*id, customer, secret)?;
    let sql = "INSERT INTO secrets (token, sealed) VALUES (?1, ?2)";
    tx.db.prepare_cached(sql)?.execute(params![number(id.0), sealed])?;
    Ok(())
}

/// Writes what may change of a token. With the last state the secret goes: a trigger of the schema wipes
/// it.
pub(crate) fn update(tx: &Tx<'_>, connection: ConnectionKey, token: &Token) -> Result<()> {
    let (state, evidence) = state_columns(&token.state)?;
    if evidence.is_some() {
        tx.wiped();
    }
    let sql = "UPDATE tokens SET connection = ?2, state = ?3, evidence = ?4, products = ?5, status = ?6, \
            finch_token_id = ?7, verified = ?8, progress = ?9 \
        WHERE id = ?1";
    tx.db.prepare_cached(sql)?.execute(params![
        number(token.id.0),
        number(connection.0),
        state,
        evidence,
        json(&token.facts.products)?,
        token.status.as_ref().map(ConnectionStatus::as_str),
        token.finch_token_id.as_ref().map(FinchTokenId::as_str),
        token.verified.map(number),
        json(&token.progress)?,
    ])?;
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
