//! Settings and secrets: where they may come from, what stands around them, and what binds a store.

use std::fs;

use crate::support::{Place, SECRET};

const CONNECT: &str = "connect --customer acme --name A --products company";

#[test]
fn secrets_come_from_files_and_standard_input() {
    let mut place = Place::new();
    let key = fs::read_to_string(place.path("finch.db.key")).expect("a key");
    fs::rename(place.path("finch.db.key"), place.path("moved.key")).expect("moved");
    fs::write(place.path("secret"), format!("{}\n", SECRET)).expect("written");
    // An empty variable is one that is not set.
    place.set("FINCH_CLIENT_SECRET", Some("")).set("FINCH_STORE_KEY", Some(key.trim()));
    place.cli(CONNECT).code(2).says("the client secret is missing").says("FINCH_CLIENT_SECRET");
    let begun = finch!(place, "{CONNECT} --client-secret-file secret --json").code(0).json();
    let state = begun["state"].as_str().expect("a state").to_owned();
    place.guard(&state);
    let code = place.code("acme");

    // One line each: client secret, key, state, code.
    place.set("FINCH_STORE_KEY", None);
    let input = format!("{}\n{}{state}\n{code}\n", SECRET, key);
    let all =
        ["exchange", "--client-secret-file", "-", "--store-key-file", "-", "--state-file", "-"];
    let id = place.run_with(&[&all[..], &["--json"]].concat(), &input).code(0).json();
    let id = id["connection_id"].as_str().expect("an id");

    // What sends no client secret needs none.
    place.set("FINCH_STORE_KEY_FILE", Some("moved.key"));
    place.each(&[("connections", 0, &[]), (&format!("show {id}"), 0, &[]), ("reconcile", 0, &[])]);
    place.set("FINCH_CLIENT_SECRET_FILE", Some("secret"));
    place.set("FINCH_STATE", Some(&state)).set("FINCH_CODE", Some(&code));
    place.cli("exchange").code(0);
    place.set("FINCH_STORE_KEY", Some(key.trim()));
    place.cli("connections").code(2).says("FINCH_STORE_KEY").says("cannot be used with");
    place.set("FINCH_STORE_KEY", None).set("FINCH_CLIENT_SECRET_FILE", Some("nowhere"));
    place.cli(CONNECT).code(2).says("could not be read");
}

#[test]
fn what_stands_around_a_setting_is_named_and_nothing_is_sent() {
    for (name, around, option, says) in [
        ("FINCH_CLIENT_ID", "\"{}\"", "--client-id", "has a quotation mark"),
        ("FINCH_CLIENT_SECRET", " {}", "FINCH_CLIENT_SECRET", "has white space"),
        ("FINCH_BASE_URL", "{}\r", "--base-url", "has a line break"),
        ("FINCH_STORE", "{}\u{7}", "--store", "has a control character"),
        ("FINCH_PROXY", "\u{feff}{}", "--proxy", "has an invisible character"),
        ("FINCH_STORE_KEY", "'{}'", "FINCH_STORE_KEY", "has a quotation mark"),
        ("FINCH_STORE_KEY_FILE", "'{}'", "--store-key-file", "has a quotation mark"),
    ] {
        let mut place = Place::new();
        place.guard("canary-value");
        place.set(name, Some(&around.replace("{}", "http://canary-value@127.0.0.1")));
        place.cli(CONNECT).code(2).says(option).says(says);
        assert!(place.finch.state().calls.values().all(|calls| *calls == 0), "nothing was sent");
        assert!(!place.path("finch.db").exists());
    }
    let mut place = Place::new();
    place.guard("canary-value");
    fs::write(place.path("secret"), "\"canary-value\"\n").expect("written");
    place.set("FINCH_CLIENT_SECRET", None);
    let with_file = finch!(place, "{CONNECT} --client-secret-file secret").code(2);
    with_file.says("the client secret has a quotation mark");
}

/// A first call that Finch refuses leaves a store that the right settings still can use.
#[test]
fn an_empty_store_is_bound_again_and_a_used_one_is_not() {
    let mut place = Place::new();
    let id = place.finch.client_id().to_owned();
    for (client, code, says) in [("mistyped", 6, ""), (&id, 0, ""), ("mistyped", 5, "belongs to")] {
        place.set("FINCH_CLIENT_ID", Some(client));
        place.cli(CONNECT).code(code);
        place.each(&[("connections", if says.is_empty() { 0 } else { 5 }, &[says])]);
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_named() {
    let mut place = Place::new();
    place.guard("canary");
    place.set("FINCH_PROXY", Some("http://user:canary@127.0.0.1:1"));
    place.cli(CONNECT).code(6).says("no connection").says("FINCH_PROXY").says("nothing was sent");
    // Passed over, it would let the call go to Finch directly.
    place.set("FINCH_PROXY", Some("env"));
    place.set("HTTP_PROXY", Some("socks5://user:canary@127.0.0.1:1080"));
    place.cli(CONNECT).code(2).says("HTTP_PROXY names cannot be used").says("http:// or https://");
    assert_eq!(place.calls("POST /connect/sessions"), 0);
}
