//! Finding a connection or a token by what is known of it.

use finch_core::{
    CompanyId, Connection, ConnectionId, ConnectionKey, CustomerId, FinchCustomerId, Found,
    ProviderId, TokenFacts, TokenId,
};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    error::Result,
    load,
    sealer::Fingerprint,
    values::{self, number, seq},
};

/// [`finch_core::Selector`], owned.
#[derive(Clone, Debug)]
pub(crate) enum By {
    Key(ConnectionKey),
    ConnectionId(ConnectionId),
    Pair(ProviderId, CompanyId),
    TokenId(TokenId),
}

/// The connection in which somebody, or this customer, has a token under this `connection_id`.
pub(crate) const NAMED: &str = "SELECT connection FROM tokens WHERE connection_id = ?1 LIMIT 1";
pub(crate) const NAMED_OF: &str =
    "SELECT connection FROM tokens WHERE connection_id = ?1 AND customer = ?2 LIMIT 1";
pub(crate) const BY_PAIR: &str = "SELECT key FROM connections WHERE provider = ?1 AND company = ?2";
/// The newest record of a token, the connection that holds it, whose it is, whether it is dead.
pub(crate) const HELD: &str = "SELECT id, connection, customer, state = 'revoked' FROM tokens \
    WHERE fingerprint = ?1 ORDER BY id DESC LIMIT 1";

pub(crate) fn named(
    db: &rusqlite::Connection,
    id: &ConnectionId,
    customer: Option<&CustomerId>,
) -> Result<Option<ConnectionKey>> {
    match customer {
        None => load::key(db, NAMED, [id.as_str()]),
        Some(customer) => load::key(db, NAMED_OF, [id.as_str(), customer.as_str()]),
    }
}

pub(crate) fn by_pair(
    db: &rusqlite::Connection,
    provider: &ProviderId,
    company: Option<&CompanyId>,
) -> Result<Option<ConnectionKey>> {
    match company {
        Some(company) => load::key(db, BY_PAIR, [provider.as_str(), company.as_str()]),
        None => Ok(None),
    }
}

/// The newest record of a token.
pub(crate) struct Held {
    pub(crate) token: TokenId,
    pub(crate) connection: ConnectionKey,
    pub(crate) customer: Option<String>,
    pub(crate) revoked: bool,
}

pub(crate) fn held(db: &rusqlite::Connection, token: &Fingerprint) -> Result<Option<Held>> {
    let mut newest = db.prepare_cached(HELD)?;
    let found = newest.query_row([token], |row| {
        Ok(Held {
            token: TokenId(seq(row.get(0)?)),
            connection: ConnectionKey(seq(row.get(1)?)),
            customer: row.get(2)?,
            revoked: row.get(3)?,
        })
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
        Some(key) => load::connection(&db, key, None),
        None => Ok(None),
    };
    let held = held(&db, token)?;
    let revoked_before = held.as_ref().is_some_and(|held| held.revoked);
    let known = match held.filter(|held| !held.revoked) {
        Some(held) => whole(Some(held.connection))?.map(|connection| (held.token, connection)),
        None => None,
    };
    Ok(Found {
        known,
        revoked_before,
        by_pair: whole(by_pair(&db, &facts.provider_id, facts.company_id.as_ref())?)?,
        by_connection_id: whole(named(&db, &facts.connection_id, None)?)?,
    })
}

pub(crate) fn load(
    db: &rusqlite::Connection,
    by: &By,
    customer: Option<&CustomerId>,
) -> Result<Option<Connection>> {
    let db = db.unchecked_transaction()?;
    let with_token_of_customer = |key: ConnectionKey| match customer {
        None => Ok(Some(key)),
        Some(customer) => {
            let sql =
                "SELECT connection FROM tokens WHERE customer = ?1 AND connection = ?2 LIMIT 1";
            load::key(&db, sql, params![customer.as_str(), number(key.0)])
        }
    };
    let key = match (by, customer) {
        (By::Key(key), _) => with_token_of_customer(*key)?,
        (By::Pair(provider, company), _) => match by_pair(&db, provider, Some(company))? {
            Some(key) => with_token_of_customer(key)?,
            None => None,
        },
        (By::ConnectionId(id), customer) => named(&db, id, customer)?,
        (By::TokenId(id), None) => {
            load::key(&db, "SELECT connection FROM tokens WHERE id = ?1", [number(id.0)])?
        }
        (By::TokenId(id), Some(customer)) => load::key(
            &db,
            "SELECT connection FROM tokens WHERE id = ?1 AND customer = ?2",
            params![number(id.0), customer.as_str()],
        )?,
    };
    match key {
        Some(key) => load::connection(&db, key, None),
        None => Ok(None),
    }
}

pub(crate) fn token_of(
    db: &rusqlite::Connection,
    token: &Fingerprint,
    customer: Option<&CustomerId>,
) -> Result<Option<TokenId>> {
    Ok(held(db, token)?
        .filter(|held| is_of(held.customer.as_deref(), customer))
        .map(|held| held.token))
}

fn is_of(owner: Option<&str>, customer: Option<&CustomerId>) -> bool {
    customer.is_none_or(|customer| owner == Some(customer.as_str()))
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
