//! What a person should look at, and why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    CompanyId, Connection, ConnectionId, CustomerId, Disconnect, Failure, Progress, ProviderId,
    Token, TokenId, TokenState, Trouble, decide::lacks_a_readable_token,
};

/// Something about one connection that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attention {
    /// What it is.
    pub matter: Matter,
    /// Under which name of the connection.
    pub connection_id: ConnectionId,
    /// The payroll or HR system.
    pub provider_id: ProviderId,
    /// The employer, where it is known.
    pub company_id: Option<CompanyId>,
    /// Whose tokens it is about.
    pub customers: Vec<CustomerId>,
    /// How many tokens it is about.
    pub tokens: usize,
    /// What Finch or the store said last, with Finch's request id for its support.
    pub failure: Option<Failure>,
    /// Since when, or when last.
    pub at: Timestamp,
    /// When it is tried again by itself.
    pub next_try: Option<Timestamp>,
}

/// What needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Matter {
    /// No token of an open disconnect can be unsealed. The way out: put the right key in place; or a
    /// reauthentication, whose token ends the connection; or an operator closes it.
    NoReadableToken,
    /// A disconnect is open, and Finch answers what time alone does not mend.
    DisconnectStuck,
    /// A token is stored and not used: it contradicts its connection, or belongs to another customer
    /// at Finch. It is billed until it is disconnected.
    Quarantined,
    /// A token is in doubt, an employer has no name, or a webhook spoke of the connection's health; and Finch answers
    /// what time alone does not mend.
    InDoubt,
}

/// What a person should look at in this connection; empty: nothing.
pub fn attention(connection: &Connection) -> Vec<Attention> {
    let open = connection.open_disconnect().is_some();
    let stuck = lacks_a_readable_token(connection);
    let mut found = BTreeMap::new();
    for token in &connection.tokens {
        let Some(matter) = matter(token, open, stuck) else { continue };
        let at = trouble(&token.progress).map_or(token.added_at, |trouble| trouble.at);
        let name = &token.facts.connection_id;
        let known =
            found.entry(matter).or_insert_with(|| Attention::of(connection, matter, name, at));
        known.tokens += 1;
        if !known.customers.iter().any(|c| Some(c) == token.customer.as_ref()) {
            known.customers.extend(token.customer.clone());
        }
        if at >= known.at {
            let failure = trouble(&token.progress).map(|trouble| trouble.failure.clone());
            (known.at, known.failure) = (at, failure.or(known.failure.take()));
        }
        known.next_try = known.next_try.into_iter().chain(token.progress.next_try).min();
    }
    let mut found: Vec<_> = found.into_values().collect();
    if let Some(open) = connection.open_disconnect().filter(|_| connection.lacks_fenced_tokens()) {
        found.extend(missing_tokens(connection, open));
    }
    found.sort_by_key(|a| a.matter);
    found
}

/// Rows of tokens that a disconnect has fenced are not there: only an operator can end it.
fn missing_tokens(connection: &Connection, open: &Disconnect) -> Option<Attention> {
    let is_missing = |id: &&TokenId| connection.token(**id).is_none();
    let (matter, name) = (Matter::NoReadableToken, connection.handle(None)?);
    let tokens = open.fenced.iter().filter(is_missing).count();
    Some(Attention { tokens, ..Attention::of(connection, matter, name, open.intent.at) })
}

impl Attention {
    /// About no token yet.
    fn of(connection: &Connection, matter: Matter, name: &ConnectionId, at: Timestamp) -> Self {
        Self {
            matter,
            connection_id: name.clone(),
            provider_id: connection.provider.clone(),
            company_id: connection.company.clone(),
            customers: Vec::new(),
            tokens: 0,
            failure: None,
            at,
            next_try: None,
        }
    }
}

/// Why a person should look at a token that has got so far. `stuck`: its open disconnect lacks a
/// readable token.
pub(super) fn matter(token: &Token, open: bool, stuck: bool) -> Option<Matter> {
    let progress = &token.progress;
    match token.state {
        TokenState::Revoked { .. } => None,
        TokenState::Fenced if open && progress.refused.is_none() => {
            let stuck = if stuck { Matter::NoReadableToken } else { Matter::DisconnectStuck };
            trouble(progress).map(|_| stuck)
        }
        TokenState::Quarantined => Some(Matter::Quarantined),
        _ => trouble(progress).map(|_| Matter::InDoubt),
    }
}

fn trouble(progress: &Progress) -> Option<&Trouble> {
    progress.trouble.as_ref().filter(|trouble| trouble.failure.kind.needs_attention())
}
