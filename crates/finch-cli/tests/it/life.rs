//! A connection's whole life through the command line.

use serde_json::json;

use crate::support::Place;
use finch_emulator::Login;

const CONNECT: &str = "connect --customer acme --name Acme --products company";

/// What stands behind a label.
fn value<'a>(out: &'a str, label: &str) -> &'a str {
    out.lines().find_map(|line| line.trim().strip_prefix(label)).expect(label).trim()
}

#[test]
fn from_connect_to_disconnect() {
    let place = Place::new();
    place.cli("connections").code(5).says("there is no store").says("FINCH_STORE");
    let ran = place.cli(CONNECT).code(0).shows("/authorize?session=").shows("&state=");
    let ran = ran.shows("finch exchange --state");
    let exchange = ["exchange", "--state", value(&ran.out, "state")];
    place.cli("connections").code(0).shows("no connections yet");

    let code = place.code("acme");
    let done = place.run_with(&exchange, &format!("{code}\n")).code(0).shows("gusto");
    let id = value(&done.out, "connection_id");
    // The same again is the same result, and no second token.
    place.run_with(&exchange, &code).code(0).shows(id);
    assert_eq!(place.finch.state().tokens.len(), 1);

    place.cli("connections").code(0).shows(id).shows("connected").shows("acme");
    assert!(!place.token(id, "acme").is_empty());
    let shown = finch!(place, "show {id}").code(0).shows("active").shows("a token was stored");
    shown.shows("(customer acme)");

    finch!(place, "disconnect {id} --dry-run").code(0).shows("1 token").shows("Nothing was done");
    finch!(place, "disconnect {id}").code(2).says("--yes").says("--dry-run");
    assert!(!place.finch.state().tokens[0].revoked);
    finch!(place, "disconnect {id} --yes").code(0).shows("Finch has refused 1 token");
    assert!(place.finch.state().tokens[0].revoked);
    let calls = place.calls("POST /disconnect");
    finch!(place, "disconnect {id} --yes").code(0).shows("had been disconnected before");
    assert_eq!(place.calls("POST /disconnect"), calls);

    let shown = finch!(place, "show {id}").code(0).shows("Finch refused it (request ");
    shown.shows("operator olga");
    let token = finch!(place, "token {id} --customer acme --reveal").code(7);
    token.says("has been disconnected").says("finch connect");
    let listed = place.cli("connections").code(0).shows("1 connection that has ended is hidden");
    assert!(!listed.out.contains(id), "{}", listed.out);
    place.cli("connections --all").code(0).shows("disconnected").shows(id);
    place.cli("reconcile").code(0).shows("No disconnect is open");
}

#[test]
fn the_same_for_a_program() {
    let place = Place::new();
    let id = place.connected("acme");
    let listed = place.cli("connections --json").code(0).json();
    let connection = &listed["connections"][0];
    assert_eq!(connection["connection_ids"], json!([id]));
    assert_eq!(connection["state"], "connected");
    assert_eq!(connection["attention"], json!([]));
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
    assert_eq!(place.cli("reconcile --json").code(0).json()["left_open"], false);
}

#[test]
fn a_token_is_printed_on_purpose_only() {
    let place = Place::new();
    let id = place.connected("acme");
    let token = place.token(&id, "acme");
    let ran = finch!(place, "token {id} --customer acme").code(2).says("--reveal").says(&id);
    assert_eq!(ran.says("company").out, "");
    for line in [
        "connections".to_owned(),
        "connections --json".to_owned(),
        format!("show {id}"),
        format!("show {id} --json"),
        format!("disconnect {id} --dry-run --json"),
        format!("token {id} --customer acme --json"),
        "reconcile --json".to_owned(),
    ] {
        // That the token is not in it is checked for every run.
        place.cli(&line);
    }
    let other = finch!(place, "token {id} --customer acme --reveal --products ssn").code(7);
    other.says("no token of the connection covers all of these products").says("company");
    // Nor does a token in the place of an id come back in an error.
    finch!(place, "show {token}").code(3);
    finch!(place, "disconnect {token} --yes --json").code(3);
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
    for bad in ["http://app.example.com/", "https://u:p@app.example.com/", "nowhere"] {
        let ran = finch!(place, "{CONNECT} --redirect-uri {bad}").code(2);
        ran.says("the redirect URI cannot be used");
    }
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
    other.cli(CONNECT).code(0).shows(&format!("renews        connection {id}"));
    let code = place.code("acme");
    let state = begun["state"].as_str().expect("a state");
    other.run_with(&["exchange", "--state", state], &code).code(0).shows(&id);

    // On purpose, without name or products.
    let begun = finch!(place, "connect --customer acme --reauthenticate {id} --json");
    assert_eq!(begun.code(0).json()["reauthenticates"], id);
    let foreign = finch!(place, "connect --customer other --reauthenticate {id}").code(3);
    foreign.says("there is no such connection");
}
