//! A connection's whole life through the command line.

use finch_emulator::Login;
use serde_json::json;

use crate::support::{CONNECT, Place};

/// What stands behind a label.
fn value<'a>(out: &'a str, label: &str) -> &'a str {
    out.lines().find_map(|line| line.trim().strip_prefix(label)).expect(label).trim()
}

#[test]
fn from_connect_to_disconnect() {
    let place = Place::new();
    place.each(&[("connections", 5, &["there is no store", "FINCH_STORE"])]);
    let ran = place.cli(CONNECT).code(0).shows("/authorize?session=").shows("finch exchange");
    let exchange = ["exchange", "--state", value(&ran.out, "state")];
    let code = place.code("acme");
    let done = place.run_with(&exchange, &format!("{code}\n")).code(0).shows("gusto");
    let id = value(&done.out, "connection id");
    // The same again is the same result, and no second token.
    place.run_with(&exchange, &code).code(0).shows(id);
    assert_eq!(place.finch.state().tokens.len(), 1);
    assert!(!place.token(id, "acme").is_empty());
    place.each(&[
        ("connections", 0, &[id, "connected", "1/1 active", "acme"]),
        (&format!("show {id}"), 0, &["state active", "token added", "(customer acme)"]),
        (&format!("disconnect {id} --dry-run"), 0, &["tokens 1", "Nothing was done"]),
        (&format!("disconnect {id}"), 2, &["--yes", "--dry-run"]),
    ]);
    assert!(!place.finch.state().tokens[0].revoked);
    finch!(place, "disconnect {id} --yes").code(0).shows("Finch has refused every token");
    assert!(place.finch.state().tokens[0].revoked);
    let calls = place.calls("POST /disconnect");
    let again = &["has been disconnected", "finch connect"];
    place.each(&[
        (&format!("disconnect {id} --yes"), 0, &["had been disconnected before"]),
        (&format!("show {id}"), 0, &["revoked", "refused, request id", "operator olga"]),
        (&format!("token {id} --customer acme --reveal"), 7, again),
        ("connections", 0, &["1 ended and hidden"]),
        ("connections --all", 0, &["disconnected", id]),
        ("reconcile", 0, &["No disconnect is open"]),
        ("events", 0, &["connection", "handed out", "acknowledged, request id"]),
        ("events --since 2100-01-01", 0, &["Nothing is recorded here."]),
        ("events --since yesterday", 2, &["2026-11-22"]),
        ("events --connection nothing", 3, &["there is no such connection"]),
    ]);
    assert_eq!(place.calls("POST /disconnect"), calls);
}

#[test]
fn the_same_for_a_program() {
    let place = Place::new();
    let id = place.connected("acme");
    let listed = place.cli("connections --json").code(0).json();
    let connection = &listed["connections"][0];
    assert_eq!(
        (&connection["connection_ids"], &connection["state"]),
        (&json!([id]), &json!("connected"))
    );
    assert_eq!(listed["possible_orphans"], json!([]));
    let revealed = finch!(place, "token {id} --customer acme --reveal --json").code(0).json();
    assert_eq!(revealed["connection_id"], id);
    place.guard(revealed["access_token"].as_str().expect("a token"));
    let plan = finch!(place, "disconnect {id} --dry-run --json").code(0).json();
    assert_eq!((&plan["dry_run"], &plan["result"]), (&json!(true), &json!(null)));
    assert_eq!(plan["plan"]["verdict"], "disconnects");
    assert_eq!(plan["plan"]["customers"], json!(["acme"]));
    let done = finch!(place, "disconnect {id} --yes --json").code(0).json();
    assert_eq!(done["result"], json!({ "outcome": "disconnected", "tokens": 1 }));
    let shown = finch!(place, "show {id} --json --operator ada").code(0).json();
    assert_eq!(shown["state"], "disconnected");
    let token = &shown["tokens"][0];
    assert_eq!(
        (&token["state"], &token["evidence"]["kind"]),
        (&json!("revoked"), &json!("refused"))
    );
    assert!(token["evidence"]["request_id"].is_string(), "{shown}");
    assert_eq!(shown["history"][3]["event"], "disconnect_began");
    assert_eq!(shown["history"][3]["by"]["operator"], "olga");
    let events = finch!(place, "events --json --connection {id} --since 1h").code(0).json();
    assert_eq!(events["events"], shown["history"]);
    assert_eq!(place.cli("reconcile --json").code(0).json()["left_open"], false);
}

#[test]
fn a_list_has_filters_and_hides_what_has_ended() {
    let place = Place::new();
    let ended = place.connected("acme");
    finch!(place, "disconnect {ended} --yes").code(0);
    let login = Login::new("User B", "Bamboo", "Company D", "Credentials Y");
    let used = place.connected_by("beta", login);
    let (ended, used) = (ended.as_str(), used.as_str());
    for (more, ids, hidden) in [
        ("", &[used][..], 1),
        ("--all", &[ended, used], 0),
        ("--state disconnected", &[ended], 0),
        ("--state connected --state disconnected", &[ended, used], 0),
        ("--state needs_reauth", &[], 0),
        ("--provider bamboo", &[used], 0),
        ("--provider gusto", &[], 1),
        ("--customer acme --all", &[ended], 0),
    ] {
        let listed = finch!(place, "connections --json {more}").code(0).json();
        let found = listed["connections"].as_array().expect("connections").iter();
        let found: Vec<_> = found.filter_map(|c| c["connection_ids"][0].as_str()).collect();
        assert_eq!((&*found, &listed["hidden"]), (ids, &json!(hidden)), "{more}");
    }
    place.each(&[
        ("connections --provider unknown", 0, &["no such connections"]),
        ("connections --state ended", 2, &["--state", "disconnected"]),
    ]);
}

#[test]
fn a_token_is_printed_on_purpose_only() {
    let place = Place::new();
    let id = place.connected("acme");
    let token = place.token(&id, "acme");
    let no_such = ["no token of the connection covers all of these products"];
    place.each(&[
        (&format!("token {id} --customer acme"), 2, &["--reveal", &id]),
        (&format!("token {id} --customer acme --json"), 2, &[]),
        (&format!("token {id} --customer acme --reveal --products ssn"), 7, &no_such),
        // That the token is not in it is checked for every run.
        ("connections --json", 0, &[]),
        (&format!("show {id} --json"), 0, &[]),
        (&format!("disconnect {id} --dry-run --json"), 0, &[]),
        ("reconcile --json", 0, &[]),
        // Nor does a token in the place of an id come back in an error.
        (&format!("show {token}"), 3, &[]),
        (&format!("disconnect {token} --yes --json"), 3, &[]),
    ]);
}

#[test]
fn a_redirect_flow_needs_its_uri_at_both_ends() {
    let place = Place::new();
    let uri = "https://app.example.com/callback";
    let begun = finch!(place, "{CONNECT} --redirect-uri {uri} --json").code(0).json();
    let login = Login::new("User A", "Gusto", "Company C", "X").redirect_uri(uri);
    let code = place.code_of(login, "acme");
    let state = begun["state"].as_str().expect("a state");
    place.run_with(&["exchange", "--state", state], &code).code(0);
    let bad = format!("{CONNECT} --redirect-uri http://app.example.com/");
    place.each(&[(&bad, 2, &["the redirect URI cannot be used"])]);
}

#[test]
fn a_customer_that_has_a_connection_renews_it() {
    let place = Place::new();
    let id = place.connected("acme");
    // Another store does not know of it, and Finch says so.
    let mut other = Place::new();
    other.set("FINCH_BASE_URL", Some(place.finch.url()));
    let begun = finch!(other, "{CONNECT} --json").code(0).json();
    assert_eq!(begun["reauthenticates"], id);
    other.cli(CONNECT).code(0).shows(&format!("renews connection {id}"));
    let code = place.code("acme");
    let state = begun["state"].as_str().expect("a state");
    other.run_with(&["exchange", "--state", state], &code).code(0).shows(&id);

    // On purpose, without name or products.
    let begun = finch!(place, "connect --customer acme --reauthenticate {id} --json");
    assert_eq!(begun.code(0).json()["reauthenticates"], id);
    finch!(place, "connect --customer other --reauthenticate {id}").code(3);
}

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let place = Place::new();
    let (state, finch_customer) = place.connect("acme");
    let hostile = "\u{1b}]0;owned\u{7}\u{202e}\nfake \u{e0041}line";
    let login = Login::new("User A", "Gusto", "Company C", "X").products([hostile, "company"]);
    let code = place.code_of(login, &finch_customer);
    let done = place.run_with(&["exchange", "--state", &state], &code).code(0);
    let json = place.cli("connections --json").code(0);
    let connection = &json.json()["connections"][0];
    assert_eq!(connection["tokens"][0]["products"][0], hostile, "JSON reads back as it was");
    let id = connection["connection_ids"][0].as_str().expect("an id");
    let [show, plan] = ["show {}", "disconnect {} --dry-run"].map(|line| {
        place.cli(&line.replace("{}", id)).code(0).shows("\\u{1b}]0;owned\\u{7}\\u{202e}\\u{a}fake")
    });
    for out in [done.out, json.out, show.out, plan.out] {
        assert!(!out.contains(['\u{7}', '\u{1b}', '\u{202e}']), "{out:?}");
        assert!(!out.lines().any(|line| line.starts_with("fake")), "{out}");
    }
}
