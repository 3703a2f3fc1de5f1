//! What is left open, what needs a person, and what an operator closes.

use std::time::Duration;

use finch_emulator::Fault;

use crate::support::{Place, first_line, signal, until};

#[test]
fn a_disconnect_without_proof_is_pending_until_it_is_reconciled() {
    let place = Place::new();
    let id = place.connected("acme");
    place.token(&id, "acme");
    place.finch.push_fault(Fault::on("/disconnect").times(4).status(402));
    let done = finch!(place, "disconnect {id} --yes --json").code(4).json()["result"].clone();
    assert_eq!((&done["outcome"], &done["attention"]), (&"pending".into(), &true.into()));
    assert_eq!(done["trouble"]["kind"], "payment_required");
    // Unusable from now on, whatever Finch thinks.
    let unpaid = "payment required, status 402, request id";
    place.each(&[
        (&format!("token {id} --customer acme --reveal"), 7, &["being disconnected"]),
        ("connections", 0, &["disconnecting", "finch reconcile"]),
        (&format!("show {id}"), 0, &["fenced", unpaid]),
        (&format!("disconnect {id} --dry-run"), 0, &["that would continue"]),
        ("attention", 4, &["disconnect stuck", &id, unpaid, "pay Finch's invoices", "finch close"]),
        ("reconcile", 4, &["left open", unpaid]),
    ]);
    let needs = place.cli("attention --json").code(4).json()["attention"][0].clone();
    assert_eq!(needs["matter"], "disconnect_stuck");
    let report = place.cli("reconcile --json").code(4).json();
    for open in [&needs, &report["pending"][0]] {
        assert_eq!(open["connection_id"], *id, "{open}");
    }
    assert_eq!(report["left_open"], true);
    place.finch.clear_faults();
    place.each(&[
        ("reconcile", 0, &["disconnected 1"]),
        ("attention", 0, &["Nothing needs a person"]),
        (&format!("show {id}"), 0, &["revoked", "evidence refused"]),
    ]);
    assert!(place.all_revoked());
}

#[test]
fn what_goes_on_by_itself_needs_no_person() {
    let place = Place::new();
    let id = place.connected("acme");
    place.finch.push_fault(Fault::on("/disconnect").times(99).rate_limit(Some(60)));
    finch!(place, "disconnect {id} --yes --timeout 1").code(4);
    place.each(&[("attention", 0, &["Nothing needs a person", "goes on by itself 1"])]);
}

#[test]
fn an_operator_closes_a_disconnect_with_a_reason() {
    let place = Place::new();
    let id = place.connected("acme");
    finch!(place, "close {id} --reason why --yes").code(7).says("no disconnect");
    place.finch.push_fault(Fault::on("/disconnect").times(2).status(403));
    finch!(place, "disconnect {id} --yes").code(4);
    place.each(&[
        (&format!("close {id} --yes"), 2, &["--reason"]),
        (&format!("close {id} --reason why"), 2, &["no terminal to ask"]),
        ("close other --reason why --yes", 3, &["there is no such connection"]),
        (&format!("close {id} --reason 4711 --operator ada --yes"), 0, &["on your word"]),
        ("attention", 0, &[]),
        (&format!("show {id}"), 0, &["closed by operator", "operator ada, reason 4711"]),
    ]);
    place.run(&["close", &id, "--reason", " ", "--yes"]).code(2).says("the reason is empty");
}

#[test]
fn a_lost_exchange_is_listed_until_it_is_settled() {
    for closes in [false, true] {
        let place = Place::new();
        let (state, code) = place.attempt("acme");
        place.finch.push_fault(Fault::on("/auth/token").status(502).after_effect());
        let arguments = ["exchange", "--state", &state, "--json"];
        for _ in 0..2 {
            let failure = place.run_with(&arguments, &code).code(8).failure();
            assert_eq!(failure["kind"], "answer_lost", "{failure}");
        }
        assert_eq!(place.calls("POST /auth/token"), 1, "a code goes out once");
        let listed = &["stored nowhere", "--customer 'acme'", "finch close --exchange"][..];
        place.each(&[
            ("attention", 4, listed),
            ("reconcile", 4, listed),
            ("connections", 0, listed),
        ]);
        let report = place.cli("attention --json").code(4).json();
        let orphan = &report["possible_orphans"][0];
        assert_eq!(orphan["customer"], "acme");
        if closes {
            let close = format!("close --exchange {} --reason none --yes", orphan["exchange"]);
            place.each(&[(&close, 0, &["on your word"]), (&close, 3, &[])]);
        } else {
            // The customer connects again, and one disconnect ends both.
            let id = place.connected("acme");
            finch!(place, "disconnect {id} --yes").code(0);
            assert!(place.all_revoked());
        }
        place.each(&[("attention", 0, &[]), ("reconcile", 0, &[])]);
    }
}

#[test]
fn a_state_works_once_and_only_if_it_was_begun() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    let exchange = |state: &str, code: &str| place.run_with(&["exchange", "--state", state], code);
    for (state, code, ends, says) in [
        ("made-up", &*code, 3, "no attempt to connect has this state"),
        (&state, "\n", 2, "the code is empty"),
        (&state, "", 2, "the code is empty"),
    ] {
        exchange(state, code).code(ends).says(says);
    }
    let two_lines = ["exchange", "--state", &state, "--code", "two\nlines"];
    place.run(&two_lines).code(2).says("has a line break");
    place.each(&[
        ("exchange", 2, &["the state is missing", "FINCH_STATE"]),
        (&format!("exchange --state {state} --code-file missing"), 2, &["could not be read"]),
    ]);
    assert_eq!(place.finch.state().tokens.len(), 0, "nothing was sent");
    exchange(&state, &code).code(0);
    let used = place.run_with(&["exchange", "--state", &state, "--json"], &place.code("acme"));
    assert_eq!(used.code(7).failure()["kind"], "state_used");
    assert_eq!(place.calls("POST /auth/token"), 1);
    // A code that Finch does not know; asked again, it is the same answer, and Finch is not.
    let (state, _) = place.connect("acme");
    let wrong = exchange(&state, "made-up-code").code(6).says("issued no token");
    wrong.says("finch connect").says("request id");
    exchange(&state, "made-up-code").code(6).says("earlier");
    assert_eq!(place.calls("POST /auth/token"), 2);
}

#[test]
fn the_second_signal_does_not_wait() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    place.finch.push_fault(Fault::on("/auth/token").delay(Duration::from_secs(30)));
    let mut child = place.spawn(&["exchange", "--state", &state], &code);
    until(|| place.calls("POST /auth/token") > 0);
    signal(&child, "INT");
    let said = first_line(child.stderr.as_mut());
    assert!(said.contains("once more stops at once"), "{said}");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}
