//! Finding a connection or a token by what is known of it.

use finch_core::{
    Connection, ConnectionKey, CustomerId, FinchCustomerId, Fingerprint, Found, Selector, Seq,
    TokenFacts, TokenId,
};
use rusqlite::{OptionalExtension as _, params_from_iter, types::Value};

use super::connections;
use crate::{
    error::Result,
    values::{self, clamped},
};

pub(crate) const BY_KEY: &str = "SELECT key FROM connections WHERE key = ?2 AND (?1 IS NULL \
    OR EXISTS (SELECT 1 FROM tokens WHERE connection = key AND customer = ?1))";
pub(crate) const BY_ID: &str =
    "SELECT connection FROM tokens WHERE connection_id = ?2 AND ?1 IS NULL LIMIT 1";
pub(crate) const BY_ID_OF: &str =
    "SELECT connection FROM tokens WHERE connection_id = ?2 AND customer = ?1 LIMIT 1";
pub(crate) const BY_PAIR: &str = "SELECT key FROM connections \
    WHERE provider = ?2 AND company = ?3 AND (?1 IS NULL \
    OR EXISTS (SELECT 1 FROM tokens WHERE connection = key AND customer = ?1))";
pub(crate) const BY_TOKEN: &str =
    "SELECT connection FROM tokens WHERE id = ?2 AND (?1 IS NULL OR customer = ?1)";
pub(crate) const BY_FINGERPRINT: &str = "SELECT connection FROM tokens \
    WHERE id = (SELECT max(id) FROM tokens WHERE fingerprint = ?2) \
    AND (?1 IS NULL OR customer = ?1)";

/// A [`Selector`] for a customer: the statement that finds the key, and what is bound to it.
pub(crate) struct Lookup {
    sql: &'static str,
    bound: Vec<Value>,
}

impl Lookup {
    pub(crate) fn of(selector: Selector<'_>, customer: Option<&CustomerId>) -> Self {
        let text = |text: &str| Value::from(text.to_owned());
        let number = |seq: Seq| Value::from(clamped(seq.0));
        let (sql, by) = match selector {
            Selector::Key(key) => (BY_KEY, vec![number(key.0)]),
            Selector::ConnectionId(id) => {
                (if customer.is_some() { BY_ID_OF } else { BY_ID }, vec![text(id.as_str())])
            }
            Selector::Pair(provider, company) => {
                (BY_PAIR, vec![text(provider.as_str()), text(company.as_str())])
            }
            Selector::TokenId(id) => (BY_TOKEN, vec![number(id.0)]),
            Selector::Fingerprint(token) => (BY_FINGERPRINT, vec![token.0.to_vec().into()]),
        };
        let customer = customer.map(|id| id.as_str().to_owned());
        Self { sql, bound: [vec![customer.into()], by].concat() }
    }

    pub(super) fn key(&self, db: &rusqlite::Connection) -> Result<Option<ConnectionKey>> {
        let key = values::first(db, self.sql, params_from_iter(&self.bound))?;
        Ok(key.map(|key| ConnectionKey(Seq(key))))
    }

    fn connection(&self, db: &rusqlite::Connection) -> Result<Option<Connection>> {
        let key = self.key(db)?;
        Ok(key.map(|key| connections::load(db, key)).transpose()?.flatten())
    }

    pub(crate) fn load(&self, db: &rusqlite::Connection) -> Result<Option<Connection>> {
        self.connection(&*db.unchecked_transaction()?)
    }
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
            Lookup::of(Selector::Pair(&facts.provider_id, company), None).connection(&db)?
        }
        None => None,
    };
    let by_id = Lookup::of(Selector::ConnectionId(&facts.connection_id), None);
    Ok(Found { known, revoked_before, by_pair, by_connection_id: by_id.connection(&db)? })
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
