//! Attempts: which exchange is a possible orphan.

use finch_core::{ABANDONED_AFTER, Attempt, AttemptId, Claim, Exchange, Seq, TokenState};
use finch_testkit::at;

use crate::{connection, token};

fn begun(began_at: i64) -> Attempt {
    let exchange = Exchange { began: Seq(2), began_at: at(began_at), end: None };
    let purpose = finch_testkit::new_attempt("acme");
    Attempt { id: AttemptId(Seq(1)), purpose, exchange: Some(exchange) }
}

/// A start that lies far ahead was written by a clock that ran ahead: the exchange is listed at once, not when
/// that time has come.
#[test]
fn an_exchange_that_began_long_ago_or_far_ahead_is_a_possible_orphan() {
    let long = i64::try_from(ABANDONED_AFTER.as_secs()).expect("minutes");
    for (began_at, is_listed) in
        [(0, false), (-long + 1, false), (-long, true), (long - 1, false), (long, true)]
    {
        let attempt = begun(began_at);
        assert_eq!(attempt.is_possible_orphan(at(0)), is_listed, "{began_at}");
        let runs = attempt.claim(true, at(0)) == Claim::InProgress;
        assert_eq!(runs, !is_listed, "{began_at}");
    }
}

/// Finch may renew a connection of which nothing is stored: an exchange that is not stored has made it. That a renewal
/// brings a stored token once more says nothing of the kind, and nor does a token of an earlier exchange, which may
/// have made the connection, whichever of the two was stored first.
#[test]
fn only_a_new_token_shows_that_a_lost_exchange_took_effect() {
    let active = |began, id| token("acme", "k", began, id, TokenState::Active);
    for (began, other, shows) in [
        (30, None, true),
        (10, None, false),
        (30, Some(active(20, 25)), false),
        (30, Some(active(20, 35)), false),
        (30, Some(active(33, 35)), true),
    ] {
        let mut renewal = begun(0);
        renewal.exchange.iter_mut().for_each(|e| e.began = Seq(30));
        renewal.purpose.reauthenticates = "k".parse().ok();
        let (what, new) = (format!("{began}, {other:?}"), active(began, 31));
        let stored = connection([new.clone()].into_iter().chain(other).collect(), vec![]);
        assert_eq!(renewal.has_renewed_unknown(&stored, &new), shows, "{what}");
    }
}
