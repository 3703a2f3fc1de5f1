//! When to try again, and what a person should look at.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Agenda, Backoff, Connection, FailureKind, FinchApiError, Token, TokenState, Trouble,
    decide::{attention::matter, is_left_over},
};

/// The shortest wait: no error is answered with a loop.
const SHORTEST: Duration = Duration::from_millis(100);
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Due at once, whatever the time.
const AT_ONCE: Timestamp = Timestamp::UNIX_EPOCH;

/// When to ask again for an employer that Finch leaves unnamed.
pub(super) fn ask_for_name_again(now: Timestamp) -> Timestamp {
    later(now, Backoff::RETRY.longest)
}

/// `now` and so much later, or as late as time goes.
pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// What an error means for the next try: the table of `design` semantics 4, step 3.
pub(super) fn trouble(
    error: &FinchApiError,
    failures: u32,
    now: Timestamp,
    jitter: f64,
) -> (Trouble, Timestamp) {
    use FailureKind as K;
    let (failure, longest) = (error.failure(), Backoff::RETRY.longest);
    let wait = match failure.kind {
        K::PaymentRequired => longest,
        K::Rejected | K::InvalidGrant | K::ConnectionAlreadyExists => DAY,
        _ => Backoff::RETRY.wait(failures, jitter),
    };
    // Finch's own word wins where time mends it; elsewhere it cannot shorten the wait.
    let wait = match (failure.kind, error.retry_after()) {
        (K::TryLater, Some(asked)) => asked.clamp(SHORTEST, longest),
        (_, Some(asked)) => asked.min(longest).max(wait),
        (_, None) => wait,
    };
    (Trouble { failure, at: now }, later(now, wait))
}

/// The token to ask Finch about for the employer of a connection that has none yet: its newest one.
pub fn nameless_token(connection: &Connection) -> Option<&Token> {
    let active = connection.tokens.iter().rev().find(|t| t.state == TokenState::Active);
    active.filter(|_| connection.company.is_none())
}

/// What one connection needs next: work for its open disconnect, its tokens in doubt, its unknown
/// employer, or what is left over; a question; and whether a person should look at it.
pub fn agenda(connection: &Connection) -> Agenda {
    let waits = |t: &Token| t.progress.next_try.unwrap_or(AT_ONCE);
    let open = connection.open_disconnect().is_some();
    let question = connection.question.map(|asked| asked.next_try.unwrap_or(AT_ONCE));
    let attention = connection.lacks_fenced_tokens()
        || connection.tokens.iter().any(|t| matter(t, open, false).is_some());
    if open {
        // An open disconnect without an unproven token is ready to finish.
        let due = connection.unproven().map(waits).min();
        return Agenda { due: due.or(Some(AT_ONCE)), question, attention };
    }
    let in_doubt = connection.tokens.iter().filter(|t| t.state == TokenState::Unverified);
    let due = in_doubt.map(waits).min();
    let nameless = nameless_token(connection).map(waits);
    let left_over = is_left_over(connection).then_some(AT_ONCE);
    let due = due.into_iter().chain(nameless).chain(left_over).min();
    Agenda { due, question, attention }
}

/// Whether there is something to do at once for a connection that was as `before` and is as `after` now. Not
/// for a token that was tried and waits: for what came of it.
pub fn has_new_work(before: &Connection, after: &Connection) -> bool {
    let states =
        |c: &Connection| c.tokens.iter().map(|t| (t.id, t.state.clone())).collect::<Vec<_>>();
    after.open_disconnect().is_some()
        || is_left_over(after)
        || (agenda(after).due.is_some() && states(before) != states(after))
}
