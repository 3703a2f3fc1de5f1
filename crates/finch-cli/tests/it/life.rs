//! A connection's whole life through the command line.

use serde_json::json;

use crate::support::Place;
use finch_emulator::Login;

#[test]
fn from_connect_to_disconnect() {
    let place = Place::new();
    place.run(&["connections"]).code(5).says("there is no store").says("finch connect");

    let ran = place
        .run(&[
            "connect",
            "--customer",
            "acme",
            "--name",
            "Acme Inc.",
            "--products",
            "company,directory",
        ])
        .code(0)
        .shows("/authorize?session=")
        .shows("&state=")
        .shows("finch exchange --state");
    let state =
        ran.out.lines().find_map(|line| line.trim().strip_prefix("state")).expect("a state").trim();
    place.run(&["connections"]).code(0).shows("no connections yet");

    let code = place.code("acme");
    let done = place
        .run_with(&["exchange", "--state", state], &format!("{code}\n"))
        .code(0)
        .shows("gusto");
    let id = done
        .out
        .lines()
        .find_map(|line| line.trim().strip_prefix("connection_id"))
        .expect("an id")
        .trim();

    // The same again is the same result, and no second token.
    place.run_with(&["exchange", "--state", state], &code).code(0).shows(id);
    assert_eq!(place.finch.state().tokens.len(), 1);

    place.run(&["connections"]).code(0).shows(id).shows("connected").shows("acme");
    let token = place.token(id, "acme");
    assert!(!token.is_empty());
    place
        .run(&["show", id])
        .code(0)
        .shows("active")
        .shows("a token was stored")
        .shows("(customer acme)");

    place.run(&["disconnect", id, "--dry-run"]).code(0).shows("1 token").shows("Nothing was done");
    assert!(!place.finch.state().tokens[0].revoked);
    place.run(&["disconnect", id]).code(2).says("--yes").says("--dry-run");
    assert!(!place.finch.state().tokens[0].revoked);

    place.run(&["disconnect", id, "--yes"]).code(0).shows("Finch has refused 1 token");
    assert!(place.finch.state().tokens[0].revoked);
    let calls = place.calls("POST /disconnect");
    place.run(&["disconnect", id, "--yes"]).code(0).shows("had been disconnected before");
    assert_eq!(place.calls("POST /disconnect"), calls);

    place.run(&["show", id]).code(0).shows("Finch refused it (request ").shows("operator olga");
    place
        .run(&["token", id, "--customer", "acme", "--reveal"])
        .code(7)
        .says("has been disconnected")
        .says("finch connect");
    let listed = place.run(&["connections"]).code(0).shows("1 connection that has ended is hidden");
    assert!(!listed.out.contains(id), "{}", listed.out);
    place.run(&["connections", "--all"]).code(0).shows("disconnected").shows(id);
    place.run(&["reconcile"]).code(0).shows("No disconnect is open");
}

#[test]
fn the_same_for_a_program() {
    let place = Place::new();
    let id = place.connected("acme");
    let listed = place.run(&["connections", "--json"]).code(0).json();
    let connection = &listed["connections"][0];
    assert_eq!(connection["connection_ids"], json!([id]));
    assert_eq!(connection["state"], "connected");
    assert_eq!(connection["attention"], json!([]));
    assert_eq!(listed["possible_orphans"], json!([]));

    let revealed =
        place.run(&["token", &id, "--customer", "acme", "--reveal", "--json"]).code(0).json();
    assert_eq!(revealed["connection_id"], id);
    place.guard(revealed["access_token"].as_str().expect("a token"));

    let plan = place.run(&["disconnect", &id, "--dry-run", "--json"]).code(0).json();
    assert_eq!(plan["dry_run"], true);
    assert_eq!(plan["plan"]["verdict"], "disconnects");
    assert_eq!(plan["plan"]["customers"], json!(["acme"]));
    assert_eq!(plan["result"], json!(null));
    let done = place.run(&["disconnect", &id, "--yes", "--json"]).code(0).json();
    assert_eq!(done["result"], json!({ "outcome": "disconnected", "tokens": 1 }));

    let shown = place.run(&["show", &id, "--json", "--operator", "ada"]).code(0).json();
    assert_eq!(shown["state"], "disconnected");
    let token = &shown["tokens"][0];
    assert_eq!(
        (&token["state"], &token["evidence"]["kind"]),
        (&json!("revoked"), &json!("refused"))
    );
    assert!(token["evidence"]["request_id"].is_string(), "{shown}");
    assert_eq!(shown["history"][3]["event"], "disconnect_began");
    assert_eq!(shown["history"][3]["by"]["operator"], "olga");
    assert_eq!(place.run(&["reconcile", "--json"]).code(0).json()["left_open"], false);
}

#[test]
fn a_token_is_printed_on_purpose_only() {
    let place = Place::new();
    let id = place.connected("acme");
    let token = place.token(&id, "acme");
    let ran = place
        .run(&["token", &id, "--customer", "acme"])
        .code(2)
        .says("--reveal")
        .says(&id)
        .says("company");
    assert_eq!(ran.out, "");
    for arguments in [
        &["connections"][..],
        &["connections", "--json"],
        &["show", &id],
        &["show", &id, "--json"],
        &["disconnect", &id, "--dry-run", "--json"],
        &["token", &id, "--customer", "acme", "--json"],
        &["reconcile", "--json"],
    ] {
        // That the token is not in it is checked for every run.
        place.run(arguments);
    }
    place
        .run(&["token", &id, "--customer", "acme", "--reveal", "--products", "ssn"])
        .code(7)
        .says("no token of the connection covers all of these products")
        .says("company");
    // Nor does a token in the place of an id come back in an error.
    place.run(&["show", &token]).code(3);
    place.run(&["disconnect", &token, "--yes", "--json"]).code(3);
}

#[test]
fn a_redirect_flow_needs_its_uri_at_both_ends() {
    let place = Place::new();
    let uri = "https://app.example.com/callback";
    let begun = place
        .run(&[
            "connect",
            "--customer",
            "acme",
            "--name",
            "A",
            "--products",
            "company",
            "--redirect-uri",
            uri,
            "--json",
        ])
        .code(0)
        .json();
    let login = Login::new("User A", "Gusto", "Company C", "X").redirect_uri(uri);
    let code = place.code_of(login, "acme");
    place
        .run_with(&["exchange", "--state", begun["state"].as_str().expect("a state")], &code)
        .code(0);

    for bad in ["http://app.example.com/", "https://u:p@app.example.com/", "nowhere"] {
        place
            .run(&[
                "connect",
                "--customer",
                "a",
                "--name",
                "A",
                "--products",
                "company",
                "--redirect-uri",
                bad,
            ])
            .code(2)
            .says("the redirect URI cannot be used");
    }
}

#[test]
fn a_customer_that_has_a_connection_renews_it() {
    let place = Place::new();
    let id = place.connected("acme");
    // Another store does not know of it, and Finch says so.
    let mut other = Place::new();
    other.set("FINCH_BASE_URL", Some(place.finch.url()));
    let begun = other
        .run(&[
            "connect",
            "--customer",
            "acme",
            "--name",
            "Acme",
            "--products",
            "company",
            "--json",
        ])
        .code(0)
        .json();
    assert_eq!(begun["reauthenticates"], id);
    other
        .run(&["connect", "--customer", "acme", "--name", "Acme", "--products", "company"])
        .code(0)
        .shows(&format!("renews        connection {id}"));
    let code = place.code("acme");
    let state = begun["state"].as_str().expect("a state");
    other.run_with(&["exchange", "--state", state], &code).code(0).shows(&id);

    // On purpose, without name or products.
    let begun = place
        .run(&["connect", "--customer", "acme", "--reauthenticate", &id, "--json"])
        .code(0)
        .json();
    assert_eq!(begun["reauthenticates"], id);
    place
        .run(&["connect", "--customer", "other", "--reauthenticate", &id])
        .code(3)
        .says("there is no such connection");
}
