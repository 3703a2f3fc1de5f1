//! Finding a connection or a token by what is known of it.

use finch_core::{
    Connection, ConnectionKey, CustomerId, Fingerprint, Found, Selector, Seq, TokenFacts, TokenId,
};
use rusqlite::{OptionalExtension as _, types::Value};

use super::connections;
use crate::{
    error::Result,
    values::{KeyQuery, clamped},
};

pub(crate) const BY_KEY: &str = "SELECT key FROM connections WHERE key = ?2 AND (?1 IS NULL \
    OR EXISTS (SELECT 1 FROM tokens WHERE connection = key AND customer = ?1))";
pub(crate) const BY_ID: &str = "SELECT connection FROM tokens \
    WHERE connection_id = ?2 AND (?1 IS NULL OR customer = ?1) LIMIT 1";
pub(crate) const BY_PAIR: &str = "SELECT key FROM connections \
    WHERE provider = ?2 AND company = ?3 AND (?1 IS NULL \
    OR EXISTS (SELECT 1 FROM tokens WHERE connection = key AND customer = ?1))";
pub(crate) const BY_TOKEN: &str =
    "SELECT connection FROM tokens WHERE id = ?2 AND (?1 IS NULL OR customer = ?1)";
pub(crate) const BY_FINGERPRINT: &str = "SELECT connection FROM tokens \
    WHERE id = (SELECT max(id) FROM tokens WHERE fingerprint = ?2) \
    AND (?1 IS NULL OR customer = ?1)";
pub(crate) const BY_FINCH_CUSTOMER_ID: &str = "SELECT connection FROM tokens \
    WHERE finch_customer_id = ?2 AND (?1 IS NULL OR customer = ?1) LIMIT 1";

/// The query for the connection that is selected, of this customer if one is given.
pub(crate) fn query(selector: Selector<'_>, customer: Option<&CustomerId>) -> KeyQuery {
    let text = |text: &str| Value::from(text.to_owned());
    let number = |seq: Seq| Value::from(clamped(seq.0));
    let (sql, by) = match selector {
        Selector::Key(key) => (BY_KEY, vec![number(key.0)]),
        Selector::ConnectionId(id) => (BY_ID, vec![text(id.as_str())]),
        Selector::Pair(provider, company) => {
            (BY_PAIR, vec![text(provider.as_str()), text(company.as_str())])
        }
        Selector::TokenId(id) => (BY_TOKEN, vec![number(id.0)]),
        Selector::Fingerprint(token) => (BY_FINGERPRINT, vec![token.0.to_vec().into()]),
        Selector::FinchCustomerId(id) => (BY_FINCH_CUSTOMER_ID, vec![text(id.as_str())]),
    };
    let customer = customer.map(|id| id.as_str().to_owned());
    KeyQuery { sql, bound: [vec![customer.into()], by].concat() }
}

/// The connection that a query finds, whole. Run it in a transaction.
fn connection(db: &rusqlite::Connection, query: &KeyQuery) -> Result<Option<Connection>> {
    match query.keys(db)?.first() {
        Some(key) => connections::load(db, *key),
        None => Ok(None),
    }
}

pub(crate) fn load(db: &rusqlite::Connection, query: &KeyQuery) -> Result<Option<Connection>> {
    connection(&*db.unchecked_transaction()?, query)
}

/// The newest record of a token, the connection that holds it, and whether it is revoked.
pub(crate) const NEWEST: &str = "SELECT id, connection, state = 'revoked' FROM tokens \
    WHERE id = (SELECT max(id) FROM tokens WHERE fingerprint = ?1)";

pub(crate) fn find(
    db: &rusqlite::Connection,
    token: &Fingerprint,
    facts: &TokenFacts,
) -> Result<Found> {
    let db = db.unchecked_transaction()?;
    let newest = db.prepare_cached(NEWEST)?.query_row([token.0], |row| {
        Ok((TokenId(Seq(row.get(0)?)), ConnectionKey(Seq(row.get(1)?)), row.get(2)?))
    });
    let (known, revoked_before) = match newest.optional()? {
        Some((id, key, false)) => (connections::load(&db, key)?.map(|found| (id, found)), false),
        newest => (None, newest.is_some()),
    };
    let by_pair = match &facts.company_id {
        Some(company) => {
            connection(&db, &query(Selector::Pair(&facts.provider_id, company), None))?
        }
        None => None,
    };
    let by_id = query(Selector::ConnectionId(&facts.connection_id), None);
    let by_connection_id = connection(&db, &by_id)?;
    Ok(Found { known, revoked_before, by_pair, by_connection_id })
}
