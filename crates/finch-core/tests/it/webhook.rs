//! What a webhook calls for.

use std::time::Duration;

use finch_core::{
    Actor, Answer, Awaits, FinchApiError, TokenId, TokenState, WebhookEvent,
    decide::{ask_again, awaits, is_away, tokens_to_ask},
};
use finch_testkit::{at, webhook};

use crate::{connection, disconnect, token};

#[test]
fn what_does_well_or_not_calls_for_a_probe() {
    for status in [
        "connected",
        "disconnected",
        "reauth",
        "error_reauth",
        "error_permissions",
        "error_no_account_setup",
        "error_no_acount_setup",
        "error_new",
    ] {
        assert_eq!(awaits(&webhook("e", "k", status)), Awaits::Probe, "{status}");
    }
}

#[test]
fn anything_else_is_the_hosts() {
    for status in ["pending", "processing", "errors", "error", "", "Disconnected"] {
        assert_eq!(awaits(&webhook("e", "k", status)), Awaits::Host, "{status}");
    }
    let ended = webhook("e", "k", "disconnected");
    for event in [
        WebhookEvent { connection_id: None, ..ended.clone() },
        WebhookEvent { status: None, ..ended.clone() },
        WebhookEvent { event_type: "test".into(), ..ended.clone() },
        WebhookEvent { event_type: String::new(), ..ended.clone() },
        WebhookEvent { event_type: "account.updated.v2".into(), ..ended },
    ] {
        assert_eq!(awaits(&event), Awaits::Host, "{event:?}");
    }
}

#[test]
fn the_named_are_asked_first_and_then_all_in_use() {
    let tokens = vec![
        token("acme", "k1", 1, 2, TokenState::Active),
        token("beta", "k1", 3, 4, TokenState::Unverified),
        token("acme", "k1", 5, 6, TokenState::Retired),
        token("acme", "k2", 7, 8, TokenState::Active),
        token("acme", "k1", 9, 10, TokenState::Quarantined),
    ];
    let found = connection(tokens.clone(), vec![]);
    let asked = |id: &str| {
        let ids = tokens_to_ask(&found, &id.parse().expect("an id"));
        ids.into_iter().map(|TokenId(seq)| seq.0).collect::<Vec<_>>()
    };
    assert_eq!(asked("k1"), [4, 2, 8]);
    assert_eq!(asked("k2"), [8, 4, 2]);
    assert_eq!(asked("ended"), [8, 4, 2], "what ended it may have ended them");
    let open = connection(tokens, vec![disconnect(Actor::Finch, 11, None)]);
    assert!(tokens_to_ask(&open, &"k1".parse().expect("an id")).is_empty(), "it asks by itself");
}

#[test]
fn only_what_time_mends_is_asked_again() {
    let answer = |status: u16, name: &str| {
        let name = Some(name.to_owned());
        Answer { status, finch_shaped: true, name, ..Answer::default() }.into_error()
    };
    let again = |error: &FinchApiError| ask_again(error, 1, at(5), 1.0);
    for status in [408, 429, 500, 503] {
        assert_eq!(again(&answer(status, "later")), Some(Duration::from_secs(1)), "{status}");
    }
    let lost = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
    assert_eq!(again(&lost), Some(Duration::from_secs(1)));
    assert_eq!(ask_again(&lost, 20, at(5), 1.0), Some(Duration::from_secs(3600)));
    assert_eq!(again(&answer(402, "unpaid")), Some(Duration::from_secs(3600)));
    let patient =
        Answer { status: 429, retry_after: Some(Duration::from_secs(77)), ..Answer::default() };
    assert_eq!(again(&patient.into_error()), Some(Duration::from_secs(77)));
    for (status, name) in
        [(401, "something_new"), (401, "account_setup_required"), (403, "forbidden"), (404, "gone")]
    {
        assert_eq!(again(&answer(status, name)), None, "{status} {name}");
    }
}

#[test]
fn only_what_holds_for_all_connections_keeps_all_waiting() {
    let answer = |status| Answer { status, ..Answer::default() }.into_error();
    let lost = |sent| FinchApiError::NoAnswer { problem: "lost".into(), sent };
    for error in [answer(402), answer(429), lost(false)] {
        assert!(is_away(&error), "{error:?}");
    }
    for error in [answer(500), answer(503), answer(408), answer(401), answer(404), lost(true)] {
        assert!(!is_away(&error), "{error:?}");
    }
}
