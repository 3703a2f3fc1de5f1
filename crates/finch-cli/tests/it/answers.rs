//! What Finch, or something in its place, may answer; and no answer at all.

use std::time::Duration;

use finch_emulator::Fault;

use crate::support::{CONNECT, Place};

#[test]
fn what_finch_answers_decides_the_code_the_kind_and_the_next_step() {
    let sessions = || Fault::on("/connect/sessions").times(9);
    let slow = sessions().delay(Duration::from_secs(8));
    let page = "<html><body>canary of a page</body></html>";
    let connect = &format!("{CONNECT} --timeout 2");
    let place = Place::new();
    for (fault, kind, texts) in [
        (sessions().garbage(), "finch_unreadable", &["cannot be read", "FINCH_BASE_URL"][..]),
        (sessions().status_with(404, page), "finch_rejected", &["404", "FINCH_BASE_URL"]),
        (sessions().status(403), "finch_rejected", &["403", "request id"]),
        (sessions().rate_limit(Some(120)), "finch_try_later", &["429", "wait 120 s"]),
        (sessions().status(402), "finch_payment_required", &["invoices"]),
        (slow, "finch_no_answer", &["no answer", "--timeout"]),
    ] {
        place.finch.push_fault(fault.clone());
        let failure = finch!(place, "{connect} --json").code(6).failure();
        assert_eq!(failure["kind"], kind, "{failure}");
        place.finch.reset();
        place.finch.push_fault(fault);
        texts.iter().fold(place.cli(connect).code(6), |ran, text| ran.says(text));
        place.finch.reset();
        place.cli(connect).code(0);
    }
}

#[test]
fn a_token_without_its_connection_is_saved_until_finch_names_it() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    let omits = |path| place.finch.push_fault(Fault::on(path).omit(["connection_id"]));
    omits("/auth/token");
    omits("/introspect");
    let ran = place.run_with(&["exchange", "--state", &state, "--json"], &code).code(8);
    let failure = ran.failure();
    assert_eq!(failure["kind"], "not_stored", "{failure}");
    let path = failure["rescue_file"].as_str().expect("a file");
    omits("/introspect");
    let import = format!("import {path}");
    place.each(&[
        (&import, 4, &["without saying which connection", "with its connection id"]),
        (&import, 0, &[]),
        ("connections", 0, &["connected"]),
    ]);
}
