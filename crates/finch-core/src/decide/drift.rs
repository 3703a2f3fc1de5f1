//! Where Finch and the store differ, and what else an operator should know: what an audit finds.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    CompanyId, Connection, ConnectionId, ConnectionStatus, CustomerId, Evidence, Failure,
    FailureKind, FinchApiError, Introspection, OperatorName, ProviderId, RequestId, Token, TokenId,
    TokenState,
};

/// Something that an audit has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    #[serde(flatten)]
    pub drift: Drift,
    /// Under which name of the connection; none where no token ever came.
    pub connection_id: Option<ConnectionId>,
    /// The payroll or HR system, where it is known.
    pub provider_id: Option<ProviderId>,
    /// The employer, where it is known.
    pub company_id: Option<CompanyId>,
    /// Whose tokens it is about.
    pub customers: Vec<CustomerId>,
    /// The token's record, where it is about a single one.
    pub token: Option<TokenId>,
    /// Finch's request id of the answer that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// Whether it has been put right here since it was found.
    pub fixed: bool,
}

/// What can be found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "drift", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Drift {
    /// Finch refuses a token that is in use here.
    DeadInUse,
    /// Finch accepts, and bills, a token whose access has ended here, or is about to.
    AliveThoughEnded {
        /// What the token is here: `fenced`, `retired`, `superseded` or `quarantined`.
        state: String,
    },
    /// Finch accepts a token of a `connection_id` of which an operator has said that it has ended.
    AliveThoughClosed,
    /// The employer must authenticate again before the token works.
    NeedsReauth,
    /// Several `connection_id`s of one employer at one provider are alive: each may be billed.
    BilledTwice {
        /// Those that are alive.
        connection_ids: Vec<ConnectionId>,
    },
    /// An exchange was lost, and its token may exist without being stored.
    PossibleOrphan {
        /// The exchange, for `dismiss_orphan`.
        exchange: u64,
        /// When it began.
        began_at: Timestamp,
    },
    /// No token of the connection was handed out for long.
    Unused {
        /// When one was last, or else when the newest one was stored.
        since: Timestamp,
    },
    /// An operator vouched for a token's end: its secret is wiped, and Finch cannot be asked.
    Vouched {
        /// Who.
        operator: OperatorName,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// A token's secret cannot be unsealed: Finch could not be asked.
    SecretUnreadable,
    /// Finch gave no answer that says anything about the token.
    NoAnswer {
        /// What it said instead.
        failure: Failure,
    },
}

/// What Finch's answer about one token shows. `before` and `after` are the connection ahead of the
/// question and behind the answer: what changed in between was no drift.
pub fn drift_of_token(
    before: &Connection,
    after: &Connection,
    token: TokenId,
    answer: Result<&Introspection, &FinchApiError>,
) -> Option<Finding> {
    use FailureKind as K;
    let (asked, now) = (before.token(token)?, after.token(token)?);
    let is_live = now.state.is_live();
    let drift = match answer.map_err(FinchApiError::failure) {
        Ok(_) if now.state.is_revoked() => return None,
        Ok(_) if has_ended(before, asked) && has_ended(after, now) => {
            Drift::AliveThoughEnded { state: now.state.name().to_owned() }
        }
        Ok(_) if is_closed(before, asked) => Drift::AliveThoughClosed,
        Ok(said) if said.status == Some(ConnectionStatus::Reauth) && is_live => Drift::NeedsReauth,
        Ok(_) => return None,
        // What is ending, or was not in use, may be dead.
        Err(failure) if failure.kind == K::TokenInvalid => {
            (asked.state.is_live() && is_live).then_some(Drift::DeadInUse)?
        }
        Err(failure) if failure.kind == K::ReauthenticateUser && is_live => Drift::NeedsReauth,
        Err(failure) => Drift::NoAnswer { failure },
    };
    let request_id = match answer {
        Ok(said) => said.request_id.clone(),
        Err(error) => error.request_id(),
    };
    Some(Finding { request_id, ..Finding::of_token(after, now, drift) })
}

/// What a connection shows as a whole, of which Finch accepts these `connection_id`s.
pub fn drift(
    connection: &Connection,
    alive: &BTreeSet<ConnectionId>,
    now: Timestamp,
    unused_after: Duration,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if alive.len() > 1 {
        let connection_ids = alive.iter().cloned().collect();
        let everyone = |t: &&Token| alive.contains(&t.facts.connection_id);
        let drift = Drift::BilledTwice { connection_ids };
        found.extend(Finding::of_connection(connection, everyone, drift));
    }
    let live = |t: &&Token| t.state.is_live();
    let last = connection.tokens.iter().filter(live).map(|t| t.used_at.unwrap_or(t.added_at)).max();
    if let Some(since) = last.filter(|last| now.duration_since(*last).unsigned_abs() > unused_after)
    {
        found.extend(Finding::of_connection(connection, live, Drift::Unused { since }));
    }
    for token in &connection.tokens {
        if let TokenState::Revoked {
            evidence: Evidence::ClosedByOperator { operator, reason },
            at,
        } = &token.state
        {
            let (operator, reason, at) = (operator.clone(), reason.clone(), *at);
            let drift = Drift::Vouched { operator, reason, at };
            found.push(Finding::of_token(connection, token, drift));
        }
    }
    found
}

/// Whether the token should be gone from Finch, or go: it is of no use here, and no live token needs its
/// `connection_id`.
fn has_ended(connection: &Connection, token: &Token) -> bool {
    let id = &token.facts.connection_id;
    let is_used =
        || connection.tokens.iter().any(|t| t.state.is_live() && t.facts.connection_id == *id);
    match token.state {
        TokenState::Fenced | TokenState::Quarantined => true,
        TokenState::Retired | TokenState::Superseded => !is_used(),
        _ => false,
    }
}

/// Whether an operator has vouched for the end of a token of the same `connection_id`.
fn is_closed(connection: &Connection, token: &Token) -> bool {
    let mut vouched = connection.tokens.iter().filter(|t| t.is_vouched());
    vouched.any(|t| t.facts.connection_id == token.facts.connection_id)
}

impl Finding {
    /// About one token.
    pub fn of_token(connection: &Connection, token: &Token, drift: Drift) -> Self {
        Self {
            drift,
            connection_id: Some(token.facts.connection_id.clone()),
            provider_id: Some(connection.provider.clone()),
            company_id: connection.company.clone(),
            customers: token.customer.iter().cloned().collect(),
            token: Some(token.id),
            request_id: None,
            fixed: false,
        }
    }

    /// About those tokens of a connection; none, if there are none.
    fn of_connection(
        connection: &Connection,
        which: impl Fn(&&Token) -> bool,
        drift: Drift,
    ) -> Option<Self> {
        let newest = connection.tokens.iter().rfind(&which)?;
        let customers = connection.tokens.iter().filter(which).filter_map(|t| t.customer.clone());
        let customers: BTreeSet<_> = customers.collect();
        let customers = customers.into_iter().collect();
        Some(Self { customers, token: None, ..Self::of_token(connection, newest, drift) })
    }
}
