//! Revoke, until every token is refused; then finish.
//!
//! Per `connection_id`, one `POST /disconnect` with its newest readable token; then every token of it
//! is proven with `GET /introspect`; `/disconnect` again only for a token that is still accepted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Backoff, Connection, ConnectionId, DisconnectId, Draft, Event, EventKind, Evidence,
    FailureKind, FinchApiError, OperatorName, Progress, Refusal, RequestId, Seq, Token, TokenId,
    TokenState, Trouble,
    decide::{
        contradicts,
        schedule::{DAY, later, trouble},
    },
};

/// So often Finch may accept a token after its promise (1, 2, 4 … 60 s) before it is asked to
/// disconnect once more.
const POLLS_BEFORE_ANOTHER_DISCONNECT: u32 = 7;

/// A call to Finch with one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What the open disconnect of this connection needs next. With `hurry`, a person has asked:
/// no token waits for its time but those that are named, which were tried since.
pub fn next_step(
    connection: &Connection,
    now: Timestamp,
    hurry: Option<&BTreeSet<TokenId>>,
) -> Step {
    let unproven: Vec<&Token> = connection.unproven().collect();
    if unproven.is_empty() {
        return match connection.lacks_fenced_tokens() {
            true => Step::Wait(later(now, DAY)),
            false => Step::Finish,
        };
    }
    // What is wrong at Finch as a whole keeps every token waiting.
    let of_all = |t: &&&Token| {
        let trouble = t.progress.trouble.as_ref();
        trouble.is_some_and(|trouble| !trouble.failure.kind.is_of_one_token())
    };
    let held = unproven
        .iter()
        .filter(of_all)
        .filter(|t| !is_ready(t, now, hurry))
        .filter_map(|t| t.progress.next_try)
        .max();
    if let Some(until) = held {
        return Step::Wait(until);
    }
    let ready = ready(connection, now, hurry);
    let promised = promised(connection);
    // To disconnect with a token of another provider or employer (R5) would end that connection too: it is only ever
    // asked about.
    let mut first = ready.iter().filter(|t| !contradicts(connection, &t.facts));
    if let Some(token) = first.find(|t| !promised.contains(&t.facts.connection_id)) {
        return Step::Call(Call::Disconnect, token.id);
    }
    if let Some(token) = ready.first() {
        let again = token.progress.polls >= POLLS_BEFORE_ANOTHER_DISCONNECT;
        let again = again && !contradicts(connection, &token.facts);
        return Step::Call(if again { Call::Disconnect } else { Call::Introspect }, token.id);
    }
    let soonest = unproven.iter().filter_map(|t| t.progress.next_try).min();
    Step::Wait(soonest.unwrap_or(now))
}

/// The unproven tokens that need not wait: the newest first; quarantined ones last.
fn ready<'a>(
    connection: &'a Connection,
    now: Timestamp,
    hurry: Option<&BTreeSet<TokenId>>,
) -> Vec<&'a Token> {
    let unproven = connection.unproven().rev();
    let (mut ready, last): (Vec<_>, Vec<_>) =
        unproven.filter(|t| is_ready(t, now, hurry)).partition(|t| t.customer.is_some());
    ready.extend(last);
    ready
}

fn is_ready(token: &Token, now: Timestamp, hurry: Option<&BTreeSet<TokenId>>) -> bool {
    token.progress.is_due(now) || hurry.is_some_and(|tried| !tried.contains(&token.id))
}

/// The `connection_id`s that Finch has promised to end, in the disconnect that is open.
fn promised(connection: &Connection) -> BTreeSet<&ConnectionId> {
    let acknowledged = |t: &&Token| t.progress.acknowledged.is_some();
    connection.fenced().filter(acknowledged).map(|t| &t.facts.connection_id).collect()
}

/// `/disconnect` is about to be sent with this token: writes the sending mark, which is the number of its commit.
/// Calls whose answer is [lost](lost_calls) come first. Returns false, and marks nothing, if the disconnect no longer
/// waits for this token (an operator closed it, for example). The call must not go out then: it could end a newer
/// connection.
#[must_use]
pub fn send(draft: &mut Draft, token: TokenId) -> bool {
    let waits = draft.connection().unproven().any(|t| t.id == token);
    if let Some(token) = draft.token_mut(token).filter(|_| waits) {
        token.progress.sending = Some(Seq::OF_COMMIT);
    }
    waits
}

/// Turns the sending marks that are there into calls that may take effect from `now` on. Returns whether there were
/// any. The holder of the connection's lease calls this before its own call: every mark is a crash's, or that of an
/// instance which has lost the lease.
pub fn lost_calls(draft: &mut Draft, now: Timestamp) -> bool {
    let marked = draft.now.tokens.iter_mut().filter(|token| token.progress.sending.is_some());
    marked.map(|token| token.progress.lose_call(now)).count() > 0
}

/// Writes down what an answer of Finch's to a call with a token proves; an answer of success comes with
/// its request id. `mark`: the [sending mark](send) of this call, if it had one. `jitter` is random, from 0 to 1.
pub fn record(
    draft: &mut Draft,
    token: TokenId,
    call: Call,
    mark: Option<Seq>,
    answer: Result<Option<RequestId>, &FinchApiError>,
    now: Timestamp,
    jitter: f64,
) {
    let unanswered = call == Call::Disconnect && answer.as_ref().is_err_and(|e| e.is_ambiguous());
    if let Some(token) = draft.token_mut(token) {
        token.progress.sending.take_if(|sending| Some(*sending) == mark);
        if unanswered {
            token.progress.ambiguous_at = Some(now);
        }
    }
    let connection = draft.connection();
    let Some(tried) = connection.unproven().find(|t| t.id == token) else {
        return;
    };
    let connection_id = &tried.facts.connection_id;
    let before = tried.progress.clone();
    let (kind, progress) = match (call, answer) {
        (Call::Disconnect, Ok(request_id)) => (
            EventKind::Acknowledged { request_id },
            Progress { acknowledged: Some(now), ..before.reset() },
        ),
        (Call::Introspect, Ok(request_id)) => {
            (EventKind::StillAccepted { request_id }, still_accepted(connection, tried, now))
        }
        (_, Err(error)) if is_refusal(error, || promised(connection).contains(connection_id)) => {
            let request_id = error.request_id();
            let refused = Some(Refusal { at: now, request_id: request_id.clone() });
            (
                EventKind::TokenRefused { request_id },
                Progress { refused, failures: 0, next_try: None, trouble: None, ..before },
            )
        }
        (_, Err(error)) => {
            let failures = before.failures + 1;
            let (trouble, next_try) = trouble(error, failures, now, jitter);
            let (next_try, trouble) = (Some(next_try), Some(trouble));
            (
                EventKind::NothingProven { call, failure: error.failure() },
                Progress { failures, next_try, trouble, ..before },
            )
        }
    };
    draft.remember(Event::of_token(connection, tried, Actor::Finch, kind, now));
    if let Some(token) = draft.token_mut(token) {
        token.progress = progress;
    }
}

/// Finch accepts a token that it had promised to end: a person should know. Asked again soon, and where
/// the token must not be used to disconnect, in the end daily.
fn still_accepted(connection: &Connection, token: &Token, now: Timestamp) -> Progress {
    let polls = token.progress.polls + 1;
    let in_vain = contradicts(connection, &token.facts) && polls >= POLLS_BEFORE_ANOTHER_DISCONNECT;
    let next_try = Some(later(now, if in_vain { DAY } else { Backoff::POLL.wait(polls, 1.0) }));
    let trouble = Some(Trouble { failure: FailureKind::StillAccepted.into(), at: now });
    Progress { polls, failures: 0, next_try, trouble, ..token.progress.clone() }
}

/// Whether an error proves that the token is dead. After Finch's promise, any 401 in its own shape
/// without another known meaning does: its documents promise no more than "Unauthorized".
fn is_refusal(error: &FinchApiError, promised: impl FnOnce() -> bool) -> bool {
    match error.failure_kind() {
        FailureKind::TokenInvalid => true,
        FailureKind::Unauthorized => promised(),
        _ => false,
    }
}

/// Writes down that a token's secret cannot be unsealed: the others go on, and this one waits for a
/// person. Tried again daily, and whenever a person asks.
pub fn unreadable(draft: &mut Draft, token: TokenId, now: Timestamp) {
    let is_awaited = draft.connection().unproven().any(|t| t.id == token);
    let kept = |t: &&mut Token| is_awaited || !t.state.is_revoked();
    if let Some(token) = draft.token_mut(token).filter(kept) {
        token.progress.trouble =
            Some(Trouble { failure: FailureKind::SecretUnreadable.into(), at: now });
        token.progress.next_try = Some(later(now, DAY));
    }
}

/// The secret of a token is not sealed as [refused](crate::SealedAs::Refused), though its row says that Finch has
/// refused it: the row was edited. Finch is asked again.
pub fn disprove(draft: &mut Draft, token: TokenId) {
    if let Some(token) = draft.token_mut(token) {
        token.progress.refused = None;
        token.progress.next_try = None;
    }
}

/// Ends a disconnect of which every token is refused: evidence, wipe and record in one. One that has ended
/// stays as it is.
pub fn finish(draft: &mut Draft, disconnect: DisconnectId, now: Timestamp) {
    end(draft, disconnect, None, now);
}

/// Ends a disconnect whose end Finch has not proven: an operator vouches for what is unproven, by name
/// and with a reason, and pays if it is wrong. One that has ended stays as it is.
pub fn close(
    draft: &mut Draft,
    disconnect: DisconnectId,
    operator: &OperatorName,
    reason: &str,
    now: Timestamp,
) {
    let (operator, reason) = (operator.clone(), reason.to_owned());
    let by = Actor::Operator(operator.clone());
    let kind = EventKind::ClosedByOperator { reason: reason.clone() };
    if draft.connection().open_disconnect().is_some_and(|open| open.id == disconnect) {
        draft.remember(Event::of_connection(draft.connection(), by, kind, now));
    }
    let vouched = Evidence::ClosedByOperator { operator, reason };
    end(draft, disconnect, Some(vouched), now);
}

fn end(draft: &mut Draft, disconnect: DisconnectId, vouched: Option<Evidence>, now: Timestamp) {
    let connection = draft.connection();
    let Some(intent) =
        connection.open_disconnect().filter(|open| open.id == disconnect).map(|d| &d.intent)
    else {
        return;
    };
    let kind = EventKind::Disconnected;
    let fenced: Vec<_> = connection.fenced().map(|t| t.id).collect();
    draft.remember(Event::of_connection(connection, intent.by.clone(), kind, now));
    for token in draft.now.tokens.iter_mut().filter(|t| fenced.contains(&t.id)) {
        let proven = token
            .progress
            .refused
            .clone()
            .map(|refusal| (Evidence::Refused { request_id: refusal.request_id }, refusal.at));
        if token.progress.sending.is_some() || (vouched.is_some() && proven.is_none()) {
            // A call may be on its way, and take effect later.
            token.progress.lose_call(now);
        }
        if let Some((evidence, at)) = proven.or(vouched.clone().map(|evidence| (evidence, now))) {
            token.state = TokenState::Revoked { evidence, at };
        }
    }
    draft.end(disconnect, now);
}

/// Whether an open disconnect can go on by itself no more: no secret that it needs can be unsealed.
pub fn lacks_a_readable_token(connection: &Connection) -> bool {
    let unreadable = |t: &Token| {
        t.progress
            .trouble
            .as_ref()
            .is_some_and(|trouble| trouble.failure.kind == FailureKind::SecretUnreadable)
    };
    let mut unproven = connection.unproven().peekable();
    let has_one = unproven.peek().is_some() || connection.lacks_fenced_tokens();
    connection.open_disconnect().is_some() && has_one && unproven.all(unreadable)
}
