//! Rows and domain types: the one conversion of this boundary.

use finch_core::{
    AccountId, AttemptEnd, ClientType, CompanyId, ConnectionId, ConnectionStatus, ConnectionType,
    CustomerId, Disconnect, DisconnectId, DisconnectState, EntityId, Evidence, FinchCustomerId,
    FinchTokenId, IdError, Product, Progress, ProviderId, Timestamp, Token, TokenFacts, TokenId,
    TokenState,
};
use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Fault, Result, broken},
    values::{json, parse, seq, time},
};

/// What Finch said about a token, but for what has a column of its own.
#[derive(Serialize, Deserialize)]
pub(crate) struct OtherFacts {
    provider_id: ProviderId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    company_id: Option<CompanyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_type: Option<ClientType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection_type: Option<ConnectionType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_id: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entity_ids: Vec<EntityId>,
}

impl From<&TokenFacts> for OtherFacts {
    fn from(facts: &TokenFacts) -> Self {
        Self {
            provider_id: facts.provider_id.clone(),
            company_id: facts.company_id.clone(),
            customer_name: facts.customer_name.clone(),
            client_type: facts.client_type.clone(),
            connection_type: facts.connection_type.clone(),
            token_type: facts.token_type.clone(),
            account_id: facts.account_id.clone(),
            entity_ids: facts.entity_ids.clone(),
        }
    }
}

/// The end of a token.
#[derive(Serialize, Deserialize)]
struct Death {
    #[serde(flatten)]
    evidence: Evidence,
    at: Timestamp,
}

/// How a state is kept: its name, and the evidence if it is the last one.
pub(crate) fn state_columns(state: &TokenState) -> Result<(&'static str, Option<String>)> {
    let evidence = match state {
        TokenState::Revoked { evidence, at } => {
            Some(json(&Death { evidence: evidence.clone(), at: *at })?)
        }
        _ => None,
    };
    Ok((state.name(), evidence))
}

fn state(name: &str, evidence: Option<&str>, token: TokenId) -> Result<TokenState> {
    Ok(match (name, evidence) {
        ("active", _) => TokenState::Active,
        ("unverified", _) => TokenState::Unverified,
        ("fenced", _) => TokenState::Fenced,
        ("retired", _) => TokenState::Retired,
        ("superseded", _) => TokenState::Superseded,
        ("quarantined", _) => TokenState::Quarantined,
        ("revoked", Some(evidence)) => {
            let Death { evidence, at } = parse(evidence, format_args!("the evidence of {token}"))?;
            TokenState::Revoked { evidence, at }
        }
        _ => return Err(broken(format_args!("the state of {token}"))),
    })
}

/// The columns that [`token`] reads.
pub(crate) const TOKEN: &str = "id, customer, connection_id, finch_customer_id, state, evidence, \
    products, status, finch_token_id, exchange_began, verified, added_at, facts, progress, used_at";

pub(crate) fn token(row: &Row<'_>) -> Result<Token> {
    let token = TokenId(seq(row.get(0)?));
    let bad = |column: &str| broken(format_args!("the {column} of {token}"));
    let facts: OtherFacts =
        parse(&row.get::<_, String>(12)?, format_args!("the facts of {token}"))?;
    let connection_id =
        ConnectionId::new(row.get::<_, String>(2)?).map_err(|_| bad("connection id"))?;
    let progress: Option<String> = row.get(13)?;
    Ok(Token {
        id: token,
        customer: optional(row, 1, CustomerId::new, || bad("customer"))?,
        facts: TokenFacts {
            connection_id,
            provider_id: facts.provider_id,
            company_id: facts.company_id,
            finch_customer_id: optional(row, 3, FinchCustomerId::new, || bad("Finch customer id"))?,
            customer_name: facts.customer_name,
            products: products(row.get_ref(6)?.as_str().map_err(|_| bad("products"))?, token)?,
            client_type: facts.client_type,
            connection_type: facts.connection_type,
            token_type: facts.token_type,
            account_id: facts.account_id,
            entity_ids: facts.entity_ids,
        },
        finch_token_id: optional(row, 8, FinchTokenId::new, || bad("Finch token id"))?,
        status: row.get::<_, Option<String>>(7)?.map(ConnectionStatus::from),
        state: state(
            &row.get::<_, String>(4)?,
            row.get::<_, Option<String>>(5)?.as_deref(),
            token,
        )?,
        exchange_began: seq(row.get(9)?),
        verified: row.get::<_, Option<i64>>(10)?.map(seq),
        added_at: time(row.get(11)?),
        progress: match progress {
            Some(text) => parse(&text, format_args!("the progress of {token}"))?,
            None => Progress::default(),
        },
        used_at: row.get::<_, Option<i64>>(14)?.map(time),
    })
}

fn optional<T>(
    row: &Row<'_>,
    column: usize,
    new: impl FnOnce(String) -> Result<T, IdError>,
    bad: impl FnOnce() -> Fault,
) -> Result<Option<T>> {
    match row.get::<_, Option<String>>(column)? {
        Some(text) => new(text).map(Some).map_err(|_| bad()),
        None => Ok(None),
    }
}

pub(crate) fn products(text: &str, token: TokenId) -> Result<Vec<Product>> {
    parse(text, format_args!("the products of {token}"))
}

/// The columns that [`disconnect`] reads.
pub(crate) const DISCONNECT: &str = "id, intent, state, ended, ended_at, merged_into";

pub(crate) fn disconnect(row: &Row<'_>) -> Result<Disconnect> {
    let id = DisconnectId(seq(row.get(0)?));
    let state: String = row.get(2)?;
    let state = match (state.as_str(), number_at(row, 3)?, number_at(row, 4)?, number_at(row, 5)?) {
        ("open", ..) => DisconnectState::Open,
        ("ended", Some(ended), Some(at), _) => {
            DisconnectState::Ended { seq: seq(ended), at: time(at) }
        }
        ("merged", _, _, Some(into)) => DisconnectState::Merged { into: DisconnectId(seq(into)) },
        _ => return Err(broken(format_args!("the state of disconnect {}", id.0.0))),
    };
    let intent =
        parse(&row.get::<_, String>(1)?, format_args!("the intent of disconnect {}", id.0.0))?;
    Ok(Disconnect { id, intent, state })
}

fn number_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    row.get(column)
}

/// The name under which the end of an attempt can be searched for.
pub(crate) fn outcome(end: &AttemptEnd) -> Result<&'static str> {
    Ok(match end {
        AttemptEnd::Stored(_) => "stored",
        AttemptEnd::ForeignToken => "foreign_token",
        AttemptEnd::NotSent(_) => "not_sent",
        AttemptEnd::Failed(_) => "failed",
        AttemptEnd::Unknown(_) | AttemptEnd::Covered { .. } => "unknown",
        AttemptEnd::Cleared | AttemptEnd::Dismissed { .. } => "cleared",
        _ => {
            return Err(Fault::Broken(
                "an end of an attempt is unknown to this release".to_owned(),
            ));
        }
    })
}
