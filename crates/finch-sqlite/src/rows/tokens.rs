//! Tokens: whole rows, and when one was last handed out.

use finch_core::{
    ConnectionKey, ConnectionStatus, CustomerId, FinchCustomerId, FinchTokenId, Fingerprint,
    Product, Seq, Timestamp, Token, TokenFacts, TokenId, TokenState,
};
use rusqlite::{Connection, Row, params};

use crate::{
    error::{Result, broken, require},
    values::{json, nanoseconds, parse, time, upsert},
};

/// Every row, with the columns that [`token`] and [`check`] read.
pub(crate) const ALL: &str = "SELECT id, customer, facts, finch_token_id, status, state, revoked, \
        exchange_began, verified, added_at, fingerprint, progress, used_at, \
        connection_id, finch_customer_id, products, handed_out \
    FROM tokens LEFT JOIN token_uses ON token = id";

/// The tokens of a connection.
pub(super) fn of(db: &Connection, connection: ConnectionKey) -> Result<Vec<Token>> {
    let sql = format!("{ALL} WHERE connection = ?1 ORDER BY id");
    db.prepare_cached(&sql)?.query_and_then([connection.0.0], token)?.collect()
}

fn token(row: &Row<'_>) -> Result<Token> {
    let id = TokenId(Seq(row.get(0)?));
    let optional = |column| row.get::<_, Option<String>>(column);
    let bad = |what: &str| broken(format_args!("the {what} of {id}"));
    let customer = optional(1)?.map(CustomerId::new).transpose();
    let finch_token_id = optional(3)?.map(FinchTokenId::new).transpose();
    Ok(Token {
        id,
        customer: customer.map_err(|_| bad("customer"))?,
        facts: parse(row, 2, format_args!("the facts of {id}"))?,
        finch_token_id: finch_token_id.map_err(|_| bad("Finch token id"))?,
        status: optional(4)?.map(ConnectionStatus::from),
        state: state(row, id)?,
        exchange_began: Seq(row.get(7)?),
        verified: row.get::<_, Option<u64>>(8)?.map(Seq),
        added_at: time(row.get(9)?),
        fingerprint: Fingerprint(row.get(10)?),
        progress: parse(row, 11, format_args!("the progress of {id}"))?,
        handed_out: row.get(16)?,
        used_at: row.get::<_, Option<i64>>(12)?.map(time),
    })
}

/// A state by its name; the last one with its evidence, which is all of it.
fn state(row: &Row<'_>, token: TokenId) -> Result<TokenState> {
    let name =
        row.get_ref(5)?.as_str().map_err(|_| broken(format_args!("the state of {token}")))?;
    let state = match row.get_ref(6)?.as_str_or_null() {
        Ok(None) => serde_json::from_str(&format!(r#"{{"state":"{name}"}}"#)).ok(),
        Ok(Some(revoked)) => serde_json::from_str(revoked).ok(),
        Err(_) => None,
    };
    let state: Option<TokenState> = state.filter(|state: &TokenState| state.name() == name);
    state.ok_or_else(|| broken(format_args!("the state of {token}")))
}

/// Whether a row can be read, and the columns that are searched agree with what it says.
pub(crate) fn check(row: &Row<'_>) -> Result<()> {
    let Token { id, facts, .. } = token(row)?;
    let finch_customer_id = row.get::<_, Option<String>>(14)?;
    let products: Vec<Product> = parse(row, 15, format_args!("the products of {id}"))?;
    let agree = row.get::<_, String>(13)? == facts.connection_id.as_str()
        && finch_customer_id.as_deref()
            == facts.finch_customer_id.as_ref().map(FinchCustomerId::as_str)
        && products == facts.products;
    require(agree, format_args!("the columns of {id} beside its facts"))
}

pub(super) fn write(db: &Connection, connection: ConnectionKey, token: &Token) -> Result<()> {
    let Token { id, customer, facts, finch_token_id, status, state, .. } = token;
    let TokenFacts { connection_id, finch_customer_id, products, .. } = facts;
    let revoked = if state.is_revoked() { Some(json(state)?) } else { None };
    upsert!(db, "tokens",
        "id": id.0.0,
        "connection": connection.0.0,
        "customer": customer.as_ref().map(CustomerId::as_str),
        "state": state.name(),
        "revoked": revoked,
        "fingerprint": token.fingerprint.0,
        "status": status.as_ref().map(ConnectionStatus::as_str),
        "finch_token_id": finch_token_id.as_ref().map(FinchTokenId::as_str),
        "exchange_began": token.exchange_began.0,
        "verified": token.verified.map(|seq| seq.0),
        "added_at": nanoseconds(token.added_at),
        "facts": json(facts)?,
        "connection_id": connection_id.as_str(),
        "finch_customer_id": finch_customer_id.as_ref().map(FinchCustomerId::as_str),
        "products": json(products)?,
        "progress": json(&token.progress)?,
        "handed_out": token.handed_out,
    )
}

/// Keeps when a token was handed out. Does nothing where there is no such token.
pub(crate) fn note_use(db: &Connection, token: TokenId, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO token_uses (token, used_at) SELECT id, ?2 FROM tokens WHERE id = ?1 \
        ON CONFLICT (token) DO UPDATE SET used_at = excluded.used_at";
    db.prepare_cached(sql)?.execute(params![token.0.0, nanoseconds(now)])?;
    Ok(())
}
