//! What Finch says of every token, against the store.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use finch_emulator::{Fault, Login};

use crate::{
    import::some,
    support::{Place, Ran, signal, until},
};

fn audit(place: &Place, more: &[&str]) -> Ran {
    place.run(&[&["audit", "--rate", "1000"], more].concat())
}

/// So many connections of employers of their own.
fn imported(place: &Place, number: usize) {
    let rows = some(place, number).into_iter().enumerate();
    let list =
        rows.fold("token,customer\n".to_owned(), |list, (n, t)| format!("{list}{t},c-{n}\n"));
    place.run_with(&["import", "--rate", "1000"], &list).code(0);
}

fn kinds(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let found = report["findings"].as_array().expect("findings").iter();
    found
        .map(|finding| {
            assert!(!finding["what_to_do"].as_str().expect("a way out").is_empty());
            finding["drift"].as_str().expect("a kind").to_owned()
        })
        .collect()
}

#[test]
fn what_is_found_is_listed_and_fixed() {
    let place = Place::new();
    let id = place.connected("acme");
    audit(&place, &[]).code(0).shows("agree about every token").shows("asked 1");
    assert!(place.finch.end_connection(&id));
    audit(&place, &[]).code(4).shows("finding: dead in use").shows(&id).shows("acme");
    place.cli("connections").code(0).shows("connected");
    let ran = audit(&place, &["--fix", "--json"]).code(0);
    assert_eq!(kinds(&ran), ["dead_in_use"]);
    assert_eq!(ran.json()["findings"][0]["fixed"], true);
    assert!(ran.json()["findings"][0]["request_id"].is_string());
    finch!(place, "show {id}").code(0).shows("evidence refused");

    let id = place.connected("beta");
    place.finch.push_fault(Fault::on("/disconnect").times(9).status(402));
    finch!(place, "disconnect {id} --yes").code(4);
    audit(&place, &[]).code(4).shows("state fenced").shows("finch reconcile");
    place.finch.clear_faults();
    audit(&place, &["--fix"]).code(0).shows("it has ended since");
    assert!(place.finch.state().tokens.iter().all(|token| token.revoked));
}

#[test]
fn lost_exchanges_and_idle_connections_are_found() {
    let place = Place::new();
    place.connected("acme");
    let (state, finch_customer) = place.connect("beta");
    let login = Login::new("User B", "Gusto", "Company D", "X");
    let code = place.code_of(login, &finch_customer);
    place.finch.push_fault(Fault::on("/auth/token").drop_before_effect());
    place.run_with(&["exchange", "--state", &state], &code).code(8);
    let ran = audit(&place, &["--json", "--unused-days", "0"]).code(4);
    assert_eq!(kinds(&ran), ["unused", "possible_orphan"]);
    assert!(kinds(&audit(&place, &["--json"]).code(4)).contains(&"possible_orphan".to_owned()));
}

#[test]
fn a_signal_keeps_how_far_it_came() {
    let place = Place::new();
    imported(&place, 3);
    let before = place.calls("GET /introspect");
    place.finch.push_fault(Fault::on("/introspect").delay(Duration::from_millis(500)));
    let arguments = ["audit", "--rate", "1000"];
    let child = place.spawn(&arguments, "");
    until(|| place.calls("GET /introspect") > before);
    signal(&child, "TERM");
    let ran = place.ran(&arguments, child.wait_with_output().expect("it ends")).code(4);
    ran.says("tokens asked about: 1").says("continues");
    let report = audit(&place, &["--json"]).code(0).json();
    assert_eq!((&report["resumed"], &report["asked"]), (&true.into(), &3.into()));
    assert_eq!(place.calls("GET /introspect"), before + 3, "nothing was asked twice");
}

#[test]
fn what_is_kept_is_gone_on_with_only_as_it_was_wanted() {
    let place = Place::new();
    imported(&place, 2);
    let kept = place.path("finch.db.audit");
    let stop = || {
        let asked = place.calls("GET /introspect");
        place.finch.push_fault(Fault::on("/introspect").times(9).status(402));
        let ran = audit(&place, &[]).code(6).says("invoices").says("continues");
        assert!(ran.out.is_empty(), "{ran:?}");
        assert_eq!(place.calls("GET /introspect"), asked + 1, "at once");
        assert_eq!(fs::metadata(&kept).expect("kept").permissions().mode() & 0o7777, 0o600);
        place.finch.clear_faults();
    };
    let resumed = |more: &[&str]| {
        stop();
        audit(&place, &[&["--json"], more].concat()).code(0).json()["resumed"].clone()
    };
    assert_eq!(resumed(&[]), true);
    assert!(!kept.exists());
    assert_eq!(resumed(&["--restart"]), false);
    assert_eq!(resumed(&["--fix"]), false);
    stop();
    let old = fs::read_to_string(&kept).expect("kept");
    let year = old.find("\"started_at\":\"").expect("a time") + "\"started_at\":\"".len();
    let old = format!("{}2001{}", &old[..year], &old[year + 4..]);
    for spoiled in [old.as_str(), "", "{"] {
        fs::write(&kept, spoiled).expect("written");
        assert_eq!(audit(&place, &["--json"]).code(0).json()["resumed"], false);
    }
}
