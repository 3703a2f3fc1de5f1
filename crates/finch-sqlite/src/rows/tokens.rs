//! Tokens: whole rows, and when one was last handed out.

use finch_core::{
    ConnectionKey, ConnectionStatus, CustomerId, FinchCustomerId, FinchTokenId, Fingerprint,
    Product, Timestamp, Token, TokenFacts, TokenId, TokenState,
};
use rusqlite::{Connection, Row, named_params, params};

use crate::{
    error::{Result, broken, require},
    values::{self, json, nanoseconds, number, parse, seq, time},
};

const COLUMNS: &str = "id, customer, state, revoked, fingerprint, status, finch_token_id, \
    exchange_began, verified, added_at, facts, progress, used_at";

/// The tokens of a connection, or those of one customer in it.
pub(super) fn of(
    db: &Connection,
    connection: ConnectionKey,
    customer: Option<&CustomerId>,
) -> Result<Vec<Token>> {
    let own = if customer.is_some() { "customer = ?2" } else { "?2 IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM tokens LEFT JOIN token_uses ON token = id \
         WHERE connection = ?1 AND {own} ORDER BY id"
    );
    let of = params![number(connection.0), customer.map(CustomerId::as_str)];
    db.prepare_cached(&sql)?.query_and_then(of, token)?.collect()
}

fn token(row: &Row<'_>) -> Result<Token> {
    let id = TokenId(seq(row.get("id")?));
    let optional = |column| row.get::<_, Option<String>>(column);
    let customer = optional("customer")?.map(CustomerId::new);
    let finch_token_id = optional("finch_token_id")?.map(FinchTokenId::new);
    Ok(Token {
        id,
        customer: customer.transpose().map_err(|_| broken(format_args!("the customer of {id}")))?,
        facts: parse(&row.get::<_, String>("facts")?, format_args!("the facts of {id}"))?,
        finch_token_id: finch_token_id
            .transpose()
            .map_err(|_| broken(format_args!("the Finch token id of {id}")))?,
        status: optional("status")?.map(ConnectionStatus::from),
        state: state(&row.get::<_, String>("state")?, optional("revoked")?, id)?,
        exchange_began: seq(row.get("exchange_began")?),
        verified: row.get::<_, Option<i64>>("verified")?.map(seq),
        added_at: time(row.get("added_at")?),
        fingerprint: Fingerprint(row.get("fingerprint")?),
        progress: parse(&row.get::<_, String>("progress")?, format_args!("the progress of {id}"))?,
        used_at: row.get::<_, Option<i64>>("used_at")?.map(time),
    })
}

/// A state by its name; the last one with its evidence, which is all of it.
fn state(name: &str, revoked: Option<String>, token: TokenId) -> Result<TokenState> {
    let text = revoked.unwrap_or_else(|| format!(r#"{{"state":"{name}"}}"#));
    let state: TokenState = parse(&text, format_args!("the state of {token}"))?;
    require(state.name() == name, format_args!("the state of {token}"))?;
    Ok(state)
}

pub(super) fn products(text: &str, token: TokenId) -> Result<Vec<Product>> {
    parse(text, format_args!("the products of {token}"))
}

/// Every row, as [`check`] needs it.
pub(crate) const ALL: &str = "SELECT *, NULL AS used_at FROM tokens";

/// Whether a row can be read, and the columns that are searched agree with what it says.
pub(crate) fn check(row: &Row<'_>) -> Result<()> {
    let Token { id, facts, .. } = token(row)?;
    let agree = row.get::<_, String>("connection_id")? == facts.connection_id.as_str()
        && row.get::<_, Option<String>>("finch_customer_id")?.as_deref()
            == facts.finch_customer_id.as_ref().map(FinchCustomerId::as_str)
        && products(&row.get::<_, String>("products")?, id)? == facts.products;
    require(agree, format_args!("the columns of {id} beside its facts"))
}

/// Writes the row, in the place of the one of the same id.
pub(super) fn write(db: &Connection, connection: ConnectionKey, token: &Token) -> Result<()> {
    let sql = "INSERT INTO tokens (id, connection, customer, state, revoked, fingerprint, status, \
            finch_token_id, exchange_began, verified, added_at, facts, connection_id, \
            finch_customer_id, products, progress) \
        VALUES (:id, :connection, :customer, :state, :revoked, :fingerprint, :status, \
            :finch_token_id, :exchange_began, :verified, :added_at, :facts, :connection_id, \
            :finch_customer_id, :products, :progress) \
        ON CONFLICT (id) DO UPDATE SET connection = excluded.connection, \
            customer = excluded.customer, state = excluded.state, revoked = excluded.revoked, \
            fingerprint = excluded.fingerprint, status = excluded.status, \
            finch_token_id = excluded.finch_token_id, exchange_began = excluded.exchange_began, \
            verified = excluded.verified, added_at = excluded.added_at, facts = excluded.facts, \
            connection_id = excluded.connection_id, \
            finch_customer_id = excluded.finch_customer_id, products = excluded.products, \
            progress = excluded.progress";
    let Token { customer, facts, finch_token_id, status, state, .. } = token;
    let TokenFacts { connection_id, finch_customer_id, products, .. } = facts;
    let revoked = if state.is_revoked() { Some(json(state)?) } else { None };
    db.prepare_cached(sql)?.execute(named_params! {
        ":id": number(token.id.0),
        ":connection": number(connection.0),
        ":customer": customer.as_ref().map(CustomerId::as_str),
        ":state": state.name(),
        ":revoked": revoked,
        ":fingerprint": token.fingerprint.0,
        ":status": status.as_ref().map(ConnectionStatus::as_str),
        ":finch_token_id": finch_token_id.as_ref().map(FinchTokenId::as_str),
        ":exchange_began": number(token.exchange_began),
        ":verified": token.verified.map(number),
        ":added_at": nanoseconds(token.added_at),
        ":facts": json(facts)?,
        ":connection_id": connection_id.as_str(),
        ":finch_customer_id": finch_customer_id.as_ref().map(FinchCustomerId::as_str),
        ":products": json(products)?,
        ":progress": json(&token.progress)?,
    })?;
    Ok(())
}

/// Keeps when a token was handed out. Does nothing where there is no such token.
pub(crate) fn note_use(db: &Connection, token: TokenId, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO token_uses (token, used_at) SELECT id, ?2 FROM tokens WHERE id = ?1 \
        ON CONFLICT (token) DO UPDATE SET used_at = excluded.used_at";
    db.prepare_cached(sql)?.execute([number(token.0), nanoseconds(now)])?;
    Ok(())
}

/// The connection of a token, if it is this customer's.
pub(super) fn connection_of(
    db: &Connection,
    token: TokenId,
    customer: Option<&CustomerId>,
) -> Result<Option<ConnectionKey>> {
    let sql = "SELECT connection FROM tokens WHERE id = ?1 AND (?2 IS NULL OR customer = ?2)";
    let of = params![number(token.0), customer.map(CustomerId::as_str)];
    Ok(values::first(db, sql, of)?.map(|key| ConnectionKey(seq(key))))
}
