//! Revoke, until every token is refused; then finish.
//!
//! Per `connection_id`, one `POST /disconnect` with its newest readable token; then every token of it
//! is proven with `GET /introspect`; `/disconnect` again only for a token that is still accepted.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Actor, Changes, Connection, ConnectionId, Disconnect, DisconnectChange, Event, Evidence,
    Failure, FailureKind, FinchApiError, Happening, Progress, Refusal, Target, Token, TokenChange,
    TokenId, TokenState, Trouble,
    decide::schedule::{agenda, later, poll_again, trouble},
};

/// So often Finch may accept a token after its promise (1, 2, 4 … 60 s) before it is asked to
/// disconnect once more.
const POLLS_BEFORE_ANOTHER_DISCONNECT: u32 = 7;

/// A call to Finch with one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST /disconnect`.
    Disconnect,
    /// `GET /introspect`.
    Introspect,
}

/// What an open disconnect needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This call, with this token.
    Call(Call, TokenId),
    /// Nothing before this time.
    Wait(Timestamp),
    /// Every token is refused: [`finish`] it.
    Finish,
}

/// Tells what the open disconnect of this connection needs next. What was last tried before
/// `eager_since` does not wait: a person has asked since.
pub fn next_step(connection: &Connection, now: Timestamp, eager_since: Option<Timestamp>) -> Step {
    let unproven: Vec<&Token> = connection
        .tokens
        .iter()
        .filter(|t| t.is_unproven())
        .collect();
    if unproven.is_empty() {
        return Step::Finish;
    }
    let due = |t: &Token| t.progress.is_due(now, eager_since);
    // What is wrong at Finch as a whole keeps every token waiting.
    let of_all = |t: &&&Token| {
        t.progress
            .trouble
            .as_ref()
            .is_some_and(|trouble| !trouble.this_token_only)
    };
    let held = unproven
        .iter()
        .filter(of_all)
        .filter(|t| !due(t))
        .filter_map(|t| t.progress.next_try)
        .max();
    if let Some(until) = held {
        return Step::Wait(until);
    }
    let mut newest_first = unproven.iter().rev().filter(|t| due(t));
    let promised = |id: &ConnectionId| is_acknowledged(connection, id);
    if let Some(token) = newest_first
        .clone()
        .find(|t| !promised(&t.facts.connection_id))
    {
        return Step::Call(Call::Disconnect, token.id);
    }
    if let Some(token) = newest_first.next() {
        let again = token.progress.polls >= POLLS_BEFORE_ANOTHER_DISCONNECT;
        return Step::Call(
            if again {
                Call::Disconnect
            } else {
                Call::Introspect
            },
            token.id,
        );
    }
    let soonest = unproven.iter().filter_map(|t| t.progress.next_try).min();
    Step::Wait(soonest.unwrap_or(now))
}

/// Whether Finch has promised to end this `connection_id`, in the disconnect that is open.
fn is_acknowledged(connection: &Connection, id: &ConnectionId) -> bool {
    let same = |t: &&Token| t.state == TokenState::Fenced && t.facts.connection_id == *id;
    connection
        .tokens
        .iter()
        .filter(same)
        .any(|t| t.progress.acknowledged.is_some())
}

/// Writes down what an answer of Finch's proves. `jitter` is random, from 0 to 1.
pub fn record(
    connection: &Connection,
    token: TokenId,
    call: Call,
    answer: Result<(), &FinchApiError>,
    now: Timestamp,
    jitter: f64,
) -> Changes {
    let mut after = connection.clone();
    let mut events = Vec::new();
    let Some(index) = after.tokens.iter().position(|t| t.id == token) else {
        return to(connection);
    };
    let connection_id = after.tokens[index].facts.connection_id.clone();
    let acknowledged = is_acknowledged(connection, &connection_id);
    let before = after.tokens[index].progress.clone();
    let tried = Progress {
        last_try: Some(now),
        ..before
    };
    after.tokens[index].progress = match (call, answer) {
        (Call::Disconnect, Ok(())) => {
            events.push(Happening::Acknowledged { connection_id });
            Progress {
                acknowledged: Some(now),
                polls: 0,
                failures: 0,
                next_try: None,
                trouble: None,
                ..tried
            }
        }
        (Call::Introspect, Ok(())) => {
            let polls = tried.polls + 1;
            let next_try = Some(later(now, poll_again(polls)));
            Progress {
                polls,
                failures: 0,
                next_try,
                trouble: None,
                ..tried
            }
        }
        (_, Err(error)) if is_refusal(error, acknowledged) => {
            let request_id = error.answer().and_then(|a| a.request_id.clone());
            events.push(Happening::TokenRefused {
                connection_id,
                request_id: request_id.clone(),
            });
            let refused = Some(Refusal {
                at: now,
                request_id,
            });
            Progress {
                refused,
                failures: 0,
                next_try: None,
                trouble: None,
                ..tried
            }
        }
        (_, Err(error)) => {
            let failures = tried.failures + 1;
            let (trouble, next_try) = trouble(error, failures, now, jitter);
            Progress {
                failures,
                next_try: Some(next_try),
                trouble: Some(trouble),
                ..tried
            }
        }
    };
    let progress = Some(after.tokens[index].progress.clone());
    let mut changes = to(connection);
    changes.tokens.push(TokenChange {
        progress,
        ..TokenChange::to(token)
    });
    changes.agenda = Some(agenda(&after));
    changes.events = events
        .into_iter()
        .map(|what| Event {
            at: now,
            by: Actor::Finch,
            what,
        })
        .collect();
    changes
}

/// Whether an error proves that the token is dead. After Finch's promise, any 401 in its own shape
/// without another known meaning does: its documents promise no more than "Unauthorized".
fn is_refusal(error: &FinchApiError, acknowledged: bool) -> bool {
    matches!(error, FinchApiError::TokenInvalid(_))
        || (acknowledged && matches!(error, FinchApiError::Unauthorized(_)))
}

/// Writes down that a token's secret cannot be unsealed: the others go on, and this one waits for a
/// person. Tried again daily, and whenever a person asks.
pub fn unreadable(connection: &Connection, token: TokenId, now: Timestamp) -> Changes {
    let mut changes = to(connection);
    let mut after = connection.clone();
    let Some(found) = after.tokens.iter_mut().find(|t| t.id == token) else {
        return changes;
    };
    let failure = Failure {
        kind: FailureKind::SecretUnreadable,
        status: None,
        name: None,
        finch_code: None,
        request_id: None,
    };
    let trouble = Trouble {
        failure,
        at: now,
        attention: true,
        this_token_only: true,
        ambiguous: false,
    };
    let next_try = Some(later(now, std::time::Duration::from_secs(24 * 3600)));
    found.progress = Progress {
        last_try: Some(now),
        next_try,
        trouble: Some(trouble),
        ..found.progress.clone()
    };
    let progress = Some(found.progress.clone());
    changes.tokens.push(TokenChange {
        progress,
        ..TokenChange::to(token)
    });
    changes.agenda = Some(agenda(&after));
    changes
}

/// Ends a disconnect of which every token is refused: evidence, wipe and record in one.
pub fn finish(connection: &Connection, disconnect: &Disconnect, now: Timestamp) -> Changes {
    let mut changes = to(connection);
    let mut after = connection.clone();
    for token in &mut after.tokens {
        let (TokenState::Fenced, Some(refusal)) = (&token.state, &token.progress.refused) else {
            continue;
        };
        let evidence = Evidence::Refused {
            request_id: refusal.request_id.clone(),
        };
        token.state = TokenState::Revoked {
            evidence,
            at: refusal.at,
        };
        changes
            .tokens
            .push(TokenChange::state(token.id, token.state.clone()));
    }
    after.disconnects.retain(|d| d.id != disconnect.id);
    changes
        .disconnects
        .push(DisconnectChange::End(Some(disconnect.id), now));
    changes.agenda = Some(agenda(&after));
    changes.events.push(Event {
        at: now,
        by: disconnect.intent.by.clone(),
        what: Happening::Disconnected,
    });
    changes
}

fn to(connection: &Connection) -> Changes {
    Changes::to(Target::Existing(connection.key, connection.revision))
}
