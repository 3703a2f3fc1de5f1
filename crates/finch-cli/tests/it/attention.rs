//! What needs a person: listed with the way out, and closed on an operator's word.

use finch_emulator::Fault;

use crate::support::Place;

#[test]
fn a_running_bill_is_listed_until_it_is_paid() {
    let place = Place::new();
    let id = place.connected("acme");
    place.finch.push_fault(Fault::on("/disconnect").times(2).status(402));
    finch!(place, "disconnect {id} --yes").code(4);
    let ran = place.cli("attention").code(4).shows("A disconnect is stuck").shows(&id);
    assert!(ran.out.contains("invoices") && ran.out.contains("(402), request"), "{}", ran.out);
    let report = place.cli("attention --json").code(4).json();
    assert_eq!(report["attention"][0]["matter"], "disconnect_stuck");
    assert_eq!(report["attention"][0]["failure"]["kind"], "payment_required");
    assert!(report["attention"][0]["failure"]["request_id"].is_string());
    place.finch.clear_faults();
    place.cli("reconcile").code(0);
    place.cli("attention").code(0).shows("Nothing needs a person");
    let report = place.cli("attention --json").code(0).json();
    assert_eq!(report["attention"], serde_json::json!([]));
    assert_eq!(report["goes_on_by_itself"], 0);
}

#[test]
fn what_goes_on_by_itself_needs_no_person() {
    let place = Place::new();
    let id = place.connected("acme");
    place.finch.push_fault(Fault::on("/disconnect").times(99).rate_limit(Some(60)));
    finch!(place, "disconnect {id} --yes --timeout 1").code(4);
    place
        .cli("attention")
        .code(0)
        .shows("Nothing needs a person")
        .shows("1 connection has work left");
}

#[test]
fn an_operator_closes_a_disconnect_with_a_reason() {
    let place = Place::new();
    let id = place.connected("acme");
    finch!(place, "close {id} --reason why --yes").code(7).says("no disconnect");
    place.finch.push_fault(Fault::on("/disconnect").times(2).status(403));
    finch!(place, "disconnect {id} --yes").code(4);
    finch!(place, "close {id} --yes").code(2).says("--reason");
    place.run(&["close", &id, "--reason", " ", "--yes"]).code(2).says("reason is empty");
    finch!(place, "close {id} --reason why").code(2).says("no terminal to ask");
    place.cli("close other --reason why --yes").code(3).says("nothing of this name");
    let reason = ["--reason", "ticket 4711", "--operator", "ada"];
    let close = [&["close", &id, "--yes"][..], &reason].concat();
    place.run(&close).code(0).shows("on your word");
    place.cli("attention").code(0);
    finch!(place, "show {id}").code(0).shows("closed by ada: ticket 4711");
}

#[test]
fn a_lost_exchange_is_listed_and_closed() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    place.finch.push_fault(Fault::on("/auth/token").drop_before_effect());
    place.run_with(&["exchange", "--state", &state], &code).code(8);
    let report = place.cli("attention --json").code(4).json();
    let exchange = report["possible_orphans"][0]["exchange"].to_string();
    place.cli("attention").code(4).shows("stored nowhere").shows("finch close --exchange");
    let close = ["close", "--exchange", &exchange, "--reason", "none there", "--yes"];
    place.run(&close).code(0).shows("off the list");
    place.run(&close).code(3);
    place.cli("attention").code(0);
    place.cli("reconcile").code(0);
}
