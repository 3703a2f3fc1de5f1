//! States and codes that do not work, and what to do about each.

use std::time::Duration;

use crate::support::Place;

fn no_exchange(place: &Place) {
    assert!(place.calls("POST /auth/token") == 0, "nothing was sent");
}

#[test]
fn an_unknown_state_sends_nothing() {
    let place = Place::new();
    place.connect("acme");
    let code = place.code("acme");
    place
        .run_with(&["exchange", "--state", "made-up"], &code)
        .code(3)
        .says("no attempt to connect has this state");
    let failure =
        place.run_with(&["exchange", "--state", "made-up", "--json"], &code).code(3).failure();
    assert_eq!(failure["kind"], "unknown_state");
    no_exchange(&place);
}

#[test]
fn a_state_works_with_one_code() {
    let place = Place::new();
    let (state, finch_customer) = place.connect("acme");
    let code = place.code(&finch_customer);
    place.run_with(&["exchange", "--state", &state], &code).code(0);
    let other = place.code(&finch_customer);
    let failure =
        place.run_with(&["exchange", "--state", &state, "--json"], &other).code(7).failure();
    assert_eq!(failure["kind"], "state_used");
    assert_eq!(place.calls("POST /auth/token"), 1);
}

#[test]
fn a_wrong_or_used_or_expired_code_issues_nothing() {
    let place = Place::new();
    let (state, finch_customer) = place.connect("acme");
    let used = place.code(&finch_customer);
    place.run_with(&["exchange", "--state", &state], &used).code(0);
    let expired = place.code(&finch_customer);
    place.finch.advance(Duration::from_secs(601));
    for code in [used.as_str(), &expired, "made-up-code"] {
        place.guard(code);
        let (state, _) = place.connect("acme");
        let ran = place
            .run_with(&["exchange", "--state", &state], code)
            .code(6)
            .says("issued no token")
            .says("finch connect");
        assert!(ran.err.contains("request id"), "{}", ran.err);
        // Asked again, it is the same answer, and Finch is not.
        let calls = place.calls("POST /auth/token");
        place.run_with(&["exchange", "--state", &state], code).code(6).says("earlier");
        assert_eq!(place.calls("POST /auth/token"), calls);
    }
    assert_eq!(place.finch.state().tokens.len(), 1);
}

#[test]
fn a_missing_state_or_code_is_said_before_anything_is_sent() {
    let place = Place::new();
    let (state, _) = place.connect("acme");
    place.cli("exchange").code(2).says("the state is missing").says("FINCH_STATE");
    place.run_with(&["exchange", "--state", &state], "\n").code(2).says("the code is empty");
    place.run_with(&["exchange", "--state", &state], "").code(2).says("the code is empty");
    place
        .run(&["exchange", "--state", &state, "--code", "two\nlines"])
        .code(2)
        .says("has a line break");
    finch!(place, "exchange --state {state} --code-file missing").code(2).says("could not be read");
    no_exchange(&place);
}
