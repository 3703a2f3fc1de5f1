//! Finding a connection or a token by what is known of it.

use finch_core::{
    CompanyId, Connection, ConnectionId, ConnectionKey, CustomerId, FinchCustomerId, Fingerprint,
    Found, ProviderId, Selector, TokenFacts, TokenId,
};
use rusqlite::{OptionalExtension as _, Params, params};

use super::{connections, tokens};
use crate::{
    error::Result,
    values::{self, number, seq},
};

/// [`Selector`], owned.
#[derive(Clone, Debug)]
pub(crate) enum By {
    Key(ConnectionKey),
    ConnectionId(ConnectionId),
    Pair(ProviderId, CompanyId),
    TokenId(TokenId),
    Fingerprint(Fingerprint),
}

impl From<Selector<'_>> for By {
    fn from(selector: Selector<'_>) -> Self {
        match selector {
            Selector::Key(key) => Self::Key(key),
            Selector::ConnectionId(id) => Self::ConnectionId(id.clone()),
            Selector::Pair(provider, company) => Self::Pair(provider.clone(), company.clone()),
            Selector::TokenId(id) => Self::TokenId(id),
            Selector::Fingerprint(fingerprint) => Self::Fingerprint(*fingerprint),
        }
    }
}

/// The connection in which any customer, or this one, has a token under this `connection_id`.
pub(crate) const NAMED: &str = "SELECT connection FROM tokens WHERE connection_id = ?1 LIMIT 1";
pub(crate) const NAMED_OF: &str =
    "SELECT connection FROM tokens WHERE connection_id = ?1 AND customer = ?2 LIMIT 1";
pub(crate) const BY_PAIR: &str = "SELECT key FROM connections WHERE provider = ?1 AND company = ?2";
/// The newest record of a token, the connection that holds it, and whether it is revoked.
pub(crate) const HOLDING: &str = "SELECT id, connection, state = 'revoked' FROM tokens \
    WHERE fingerprint = ?1 ORDER BY id DESC LIMIT 1";

pub(super) fn named(
    db: &rusqlite::Connection,
    id: &ConnectionId,
    customer: Option<&CustomerId>,
) -> Result<Option<ConnectionKey>> {
    match customer {
        None => key(db, NAMED, [id.as_str()]),
        Some(customer) => key(db, NAMED_OF, [id.as_str(), customer.as_str()]),
    }
}

/// The key in the first column of the first row that a statement finds.
fn key(db: &rusqlite::Connection, sql: &str, params: impl Params) -> Result<Option<ConnectionKey>> {
    Ok(values::first(db, sql, params)?.map(|found| ConnectionKey(seq(found))))
}

fn holding(
    db: &rusqlite::Connection,
    token: &Fingerprint,
) -> Result<Option<(TokenId, ConnectionKey, bool)>> {
    let found = db.prepare_cached(HOLDING)?.query_row([token.0], |row| {
        Ok((TokenId(seq(row.get(0)?)), ConnectionKey(seq(row.get(1)?)), row.get(2)?))
    });
    Ok(found.optional()?)
}

pub(crate) fn find(
    db: &rusqlite::Connection,
    token: &Fingerprint,
    facts: &TokenFacts,
) -> Result<Found> {
    let db = db.unchecked_transaction()?;
    let whole = |key: Option<ConnectionKey>| match key {
        Some(key) => connections::load(&db, key),
        None => Ok(None),
    };
    let (mut known, mut revoked_before) = (None, false);
    match holding(&db, token)? {
        Some((_, _, true)) => revoked_before = true,
        Some((id, key, false)) => known = whole(Some(key))?.map(|connection| (id, connection)),
        None => {}
    }
    let pair = match &facts.company_id {
        Some(company) => key(&db, BY_PAIR, [facts.provider_id.as_str(), company.as_str()])?,
        None => None,
    };
    let by_connection_id = whole(named(&db, &facts.connection_id, None)?)?;
    Ok(Found { known, revoked_before, by_pair: whole(pair)?, by_connection_id })
}

pub(crate) fn load(
    db: &rusqlite::Connection,
    by: &By,
    customer: Option<&CustomerId>,
) -> Result<Option<Connection>> {
    let db = db.unchecked_transaction()?;
    let if_of_customer = |found: Option<ConnectionKey>| match (found, customer) {
        (Some(found), Some(customer)) => {
            let sql =
                "SELECT connection FROM tokens WHERE customer = ?1 AND connection = ?2 LIMIT 1";
            key(&db, sql, params![customer.as_str(), number(found.0)])
        }
        _ => Ok(found),
    };
    let found = match by {
        By::Key(key) => if_of_customer(Some(*key))?,
        By::Pair(provider, company) => {
            if_of_customer(key(&db, BY_PAIR, [provider.as_str(), company.as_str()])?)?
        }
        By::ConnectionId(id) => named(&db, id, customer)?,
        By::TokenId(id) => tokens::connection_of(&db, *id, customer)?,
        By::Fingerprint(fingerprint) => match holding(&db, fingerprint)? {
            Some((id, ..)) => tokens::connection_of(&db, id, customer)?,
            None => None,
        },
    };
    match found {
        Some(key) => connections::load(&db, key),
        None => Ok(None),
    }
}

pub(crate) const TAKEN: &str = "SELECT \
    EXISTS (SELECT 1 FROM tokens WHERE finch_customer_id = ?1) OR \
    EXISTS (SELECT 1 FROM used_customer_ids WHERE finch_customer_id = ?1 AND customer <> ?2)";

pub(crate) fn taken_customer_ids(
    db: &rusqlite::Connection,
    customer: &CustomerId,
    candidates: Vec<FinchCustomerId>,
) -> Result<Vec<FinchCustomerId>> {
    let mut taken = Vec::new();
    for candidate in candidates {
        if values::first(db, TAKEN, [candidate.as_str(), customer.as_str()])? == Some(true) {
            taken.push(candidate);
        }
    }
    Ok(taken)
}
