//! What Finch says of every token, against the store.

use std::{fs, time::Duration};

use finch_emulator::Fault;
use serde_json::Value;

use crate::{
    import::some,
    support::{Place, Ran, other_company},
};

const AUDIT: &str = "audit --rate 1000";

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
    place.each(&[(AUDIT, 0, &["agree about every token", "asked 1"])]);
    assert!(place.finch.end_connection(&id));
    place.each(&[
        (AUDIT, 4, &["finding: dead in use", &id, "acme"]),
        ("connections", 0, &["connected"]),
    ]);
    let ran = finch!(place, "{AUDIT} --fix --json").code(0);
    assert_eq!(kinds(&ran), ["dead_in_use"]);
    let found = &ran.json()["findings"][0];
    assert!(found["fixed"] == true && found["request_id"].is_string(), "{found}");
    finch!(place, "show {id}").code(0).shows("evidence refused");

    let id = place.connected("beta");
    place.finch.push_fault(Fault::on("/disconnect").times(9).status(402));
    place.each(&[
        (&format!("disconnect {id} --yes"), 4, &[]),
        (AUDIT, 4, &["state fenced", "finch reconcile"]),
    ]);
    place.finch.clear_faults();
    finch!(place, "{AUDIT} --fix").code(0).shows("it has ended since");
    assert!(place.all_revoked());
}

#[test]
fn lost_exchanges_and_idle_connections_are_found() {
    let place = Place::new();
    place.connected("acme");
    let (state, finch_customer) = place.connect("beta");
    let code = place.code_of(other_company(), &finch_customer);
    place.finch.push_fault(Fault::on("/auth/token").drop_before_effect());
    place.run_with(&["exchange", "--state", &state], &code).code(8);
    let ran = finch!(place, "{AUDIT} --json --unused-days 0").code(4);
    assert_eq!(kinds(&ran), ["unused", "possible_orphan"]);
}

#[test]
fn a_signal_keeps_how_far_it_came() {
    let place = Place::new();
    imported(&place, 3);
    let before = place.calls("GET /introspect");
    place.finch.push_fault(Fault::on("/introspect").delay(Duration::from_millis(500)));
    let ran = place.signaled(&["audit", "--rate", "1000"], "", "GET /introspect", "TERM").code(4);
    ran.says("tokens asked about: 1").says("continues");
    let report = finch!(place, "{AUDIT} --json").code(0).json();
    assert_eq!((&report["resumed"], &report["asked"]), (&true.into(), &3.into()));
    assert_eq!(place.calls("GET /introspect"), before + 3, "nothing was asked twice");
}

#[test]
fn what_is_kept_is_gone_on_with_only_as_it_was_wanted() {
    let place = Place::new();
    imported(&place, 2);
    let stop = || {
        let asked = place.calls("GET /introspect");
        place.finch.push_fault(Fault::on("/introspect").times(9).status(402));
        let ran = place.cli(AUDIT).code(6).says("invoices").says("continues");
        assert!(ran.out.is_empty(), "{ran:?}");
        assert_eq!(place.calls("GET /introspect"), asked + 1, "at once");
        assert!(place.is_private("finch.db.audit"));
        place.finch.clear_faults();
        fs::read_to_string(place.path("finch.db.audit")).expect("kept")
    };
    let resumes =
        |more: &str| finch!(place, "{AUDIT} --json {more}").code(0).json()["resumed"] == true;
    for (more, expected) in [("", true), ("--restart", false), ("--fix", false)] {
        stop();
        assert_eq!(resumes(more), expected, "{more}");
        assert!(!place.path("finch.db.audit").exists());
    }
    let mut old: Value = serde_json::from_str(&stop()).expect("JSON");
    old["started_at"] = "2001-01-01T00:00:00Z".into();
    for spoiled in [&old.to_string(), "", "{"] {
        place.write("finch.db.audit", spoiled);
        assert!(!resumes(""), "{spoiled}");
    }
}
