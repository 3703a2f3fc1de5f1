//! States and codes that do not work, and what to do about each.

use std::time::Duration;

use crate::support::Place;

#[test]
fn a_state_works_once_and_only_if_it_was_begun() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    let exchange = |state: &str, code: &str| place.run_with(&["exchange", "--state", state], code);
    exchange("made-up", &code).code(3).says("no attempt to connect has this state");
    exchange(&state, "\n").code(2).says("the code is empty");
    exchange(&state, "").code(2).says("the code is empty");
    place.cli("exchange").code(2).says("the state is missing").says("FINCH_STATE");
    let two_lines = ["exchange", "--state", &state, "--code", "two\nlines"];
    place.run(&two_lines).code(2).says("has a line break");
    finch!(place, "exchange --state {state} --code-file missing").code(2).says("could not be read");
    assert_eq!(place.finch.state().tokens.len(), 0, "nothing was sent");
    exchange(&state, &code).code(0);
    let other = place.code("acme");
    let again = ["exchange", "--state", &state, "--json"];
    assert_eq!(place.run_with(&again, &other).code(7).failure()["kind"], "state_used");
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
