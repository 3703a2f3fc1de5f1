//! What is left open, and continues.

use std::{
    thread,
    time::{Duration, Instant},
};

use finch_emulator::Fault;

use crate::support::{Place, signal};

#[test]
fn a_disconnect_without_proof_is_pending_until_it_is_reconciled() {
    let place = Place::new();
    let id = place.connected("acme");
    place.token(&id, "acme");
    place.finch.push_fault(Fault::on("/disconnect").times(2).status(402));
    let done = finch!(place, "disconnect {id} --yes --json").code(4).json();
    assert_eq!(done["result"]["outcome"], "pending");
    assert_eq!(done["result"]["attention"], true);
    assert_eq!(done["result"]["trouble"]["kind"], "payment_required");

    // Unusable from now on, whatever Finch thinks.
    finch!(place, "token {id} --customer acme --reveal").code(7).says("being disconnected");
    place
        .cli("connections")
        .code(0)
        .shows("disconnecting")
        .shows("finch reconcile")
        .shows("invoices");
    finch!(place, "show {id}").code(0).shows("fenced").shows("invoices").shows(", request");
    finch!(place, "disconnect {id} --dry-run").code(0).shows("that would continue");

    let report = place.cli("reconcile --json").code(4).json();
    assert_eq!(report["pending"][0]["connection_id"], id);
    place.finch.push_fault(Fault::on("/disconnect").status(402));
    place.cli("reconcile").code(4).shows("continues").shows("invoices");

    place.cli("reconcile").code(0).shows("1 disconnect is proven");
    assert!(place.finch.state().tokens[0].revoked);
    finch!(place, "show {id}").code(0).shows("revoked: Finch refused it");
}

#[test]
fn the_second_signal_does_not() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    place.finch.push_fault(Fault::on("/auth/token").delay(Duration::from_secs(30)));
    let mut child = place.spawn(&["exchange", "--state", &state], &code);
    let began = Instant::now();
    while place.calls("POST /auth/token") == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "the exchange never began");
        thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "INT");
    let mut said = String::new();
    let err = child.stderr.as_mut().expect("standard error");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(err), &mut said).expect("a line");
    assert!(said.contains("once more stops at once"), "{said}");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}
