//! What Finch, or something in its place, may answer; and no answer at all.

use std::time::Duration;

use finch_emulator::Fault;

use crate::support::Place;

const CONNECT: [&str; 9] =
    ["connect", "--customer", "acme", "--name", "A", "--products", "company", "--timeout", "2"];

/// What a fault of the session call leads to.
fn session(fault: Fault, kind: &str, texts: &[&str]) {
    let place = Place::new();
    place.finch.push_fault(fault.clone());
    let failure = place.run(&[&CONNECT[..], &["--json"]].concat()).code(6).failure();
    assert_eq!(failure["kind"], kind, "{failure}");
    assert!(!failure["help"].as_str().unwrap_or_default().is_empty());
    place.finch.reset();
    place.finch.push_fault(fault);
    let ran = place.run(&CONNECT).code(6);
    texts.iter().fold(ran, |ran, text| ran.says(text));
    place.finch.reset();
    place.run(&CONNECT).code(0);
}

fn sessions() -> Fault {
    Fault::on("/connect/sessions").times(9)
}

const PAGE: &str = "<html><body>canary of a page</body></html>";

#[test]
fn what_finch_answers_decides_the_code_the_kind_and_the_next_step() {
    let slow = sessions().delay(Duration::from_secs(8));
    for (fault, kind, texts) in [
        (sessions().garbage(), "finch_unreadable", &["cannot be read", "FINCH_BASE_URL"][..]),
        (sessions().omit(["connect_url"]), "finch_unreadable", &["connect_url"]),
        (sessions().status_with(404, PAGE), "finch_rejected", &["404", "FINCH_BASE_URL"]),
        (sessions().status(403), "finch_rejected", &["403", "request id"]),
        (sessions().rate_limit(Some(120)), "finch_try_later", &["429", "wait 120 s"]),
        (sessions().status(402), "finch_payment_required", &["invoices"]),
        (sessions().status(503), "finch_try_later", &["503"]),
        (slow, "finch_no_answer", &["no answer", "--timeout"]),
        (sessions().drop_before_effect(), "finch_no_answer", &["no answer"]),
    ] {
        session(fault, kind, texts);
    }
}

fn auth() -> Fault {
    Fault::on("/auth/token")
}

#[test]
fn a_lost_answer_is_listed_until_it_is_settled() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    place.finch.push_fault(auth().status(502).after_effect());
    let arguments = ["exchange", "--state", &state, "--json"];
    for _ in 0..2 {
        let failure = place.run_with(&arguments, &code).code(8).failure();
        assert_eq!(failure["kind"], "answer_lost", "{failure}");
    }
    assert_eq!(place.calls("POST /auth/token"), 1, "a code goes out once");
    place.cli("reconcile").code(4).shows("may exist at Finch").shows("--customer 'acme'");
    place.cli("connections").code(0).shows("may exist at Finch");
    let report = place.cli("reconcile --json").code(4).json();
    assert_eq!(report["possible_orphans"][0]["customer"], "acme");
    assert_eq!(report["left_open"], true);
    // The customer connects again, and one disconnect ends both.
    let id = place.connected("acme");
    place.cli("reconcile").code(0);
    finch!(place, "disconnect {id} --yes").code(0);
    assert!(place.finch.state().tokens.iter().all(|token| token.revoked));
}

#[test]
fn a_token_without_its_connection_is_saved_until_finch_names_it() {
    let place = Place::new();
    let (state, code) = place.attempt("acme");
    place.finch.push_fault(auth().omit(["connection_id"]));
    place.finch.push_fault(Fault::on("/introspect").omit(["connection_id"]));
    let ran = place.run_with(&["exchange", "--state", &state, "--json"], &code).code(8);
    let failure = ran.failure();
    assert_eq!(failure["kind"], "not_stored", "{failure}");
    let path = failure["rescue_file"].as_str().expect("a file");
    let help = failure["help"].as_str().expect("a way out");
    assert!(help.contains(&format!("finch import {path};")), "{help}");
    place.finch.push_fault(Fault::on("/introspect").omit(["connection_id"]));
    let line = place.run(&["import", path, "--json"]).code(4).json()["failed_lines"][0].clone();
    let text = |name: &str| line[name].as_str().expect("a text").to_owned();
    assert!(text("why").contains("without saying which connection"), "{line}");
    assert!(text("what_to_do").contains("with its connection id"), "{line}");
    place.run(&["import", path]).code(0);
    let id = place.finch.state().tokens[0].connection_id.clone();
    finch!(place, "disconnect {id} --yes").code(0);
    assert!(place.finch.state().tokens.iter().all(|token| token.revoked));
}
