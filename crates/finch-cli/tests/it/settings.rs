//! Settings and secrets: where they may come from, what stands around them, and what binds a store.

use std::fs;

use crate::support::{CONNECT, Place, SECRET};

#[test]
fn secrets_come_from_files_and_standard_input() {
    let mut place = Place::new();
    let key = fs::read_to_string(place.path("finch.db.key")).expect("a key");
    place.rename("finch.db.key", "moved.key");
    place.write("secret", format!("{SECRET}\n"));
    // An empty variable is one that is not set.
    place.set("FINCH_CLIENT_SECRET", Some(""));
    place.set("FINCH_STORE_KEY", Some(key.trim()));
    place.each(&[(CONNECT, 2, &["the client secret is missing", "FINCH_CLIENT_SECRET"])]);
    let begun = finch!(place, "{CONNECT} --client-secret-file secret --json").code(0).json();
    let state = begun["state"].as_str().expect("a state");
    place.guard(state);
    let code = place.code("acme");

    // One line each: client secret, key, state, code.
    place.set("FINCH_STORE_KEY", None);
    let input = format!("{SECRET}\n{key}{state}\n{code}\n");
    let all = "exchange --client-secret-file - --store-key-file - --state-file -";
    let done = place.run_with(&all.split(' ').collect::<Vec<_>>(), &input).code(0);
    done.shows("sealed in the store");

    // What sends no client secret needs none.
    place.set("FINCH_STORE_KEY_FILE", Some("moved.key"));
    place.each(&[("connections", 0, &["connected"]), ("reconcile", 0, &[])]);
    place.set("FINCH_CLIENT_SECRET_FILE", Some("secret"));
    place.set("FINCH_STATE", Some(state));
    place.set("FINCH_CODE", Some(&code));
    place.cli("exchange").code(0);
    place.set("FINCH_STORE_KEY", Some(key.trim()));
    place.each(&[("connections", 2, &["FINCH_STORE_KEY", "cannot be used with"])]);
    place.set("FINCH_STORE_KEY", None);
    place.set("FINCH_CLIENT_SECRET_FILE", Some("nowhere"));
    place.each(&[(CONNECT, 2, &["could not be read"])]);
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
        place.each(&[(CONNECT, 2, &[option, says])]);
        assert!(place.finch.state().calls.values().all(|calls| *calls == 0), "nothing was sent");
        assert!(!place.path("finch.db").exists());
    }
    let mut place = Place::new();
    place.guard("canary-value");
    place.write("secret", "\"canary-value\"\n");
    place.set("FINCH_CLIENT_SECRET", None);
    let connect = format!("{CONNECT} --client-secret-file secret");
    place.each(&[(&connect, 2, &["the client secret has a quotation mark"])]);
    for (name, option) in [("FINCH_STATE_FILE", "--state-file"), ("FINCH_CODE_FILE", "--code-file")]
    {
        let mut place = Place::new();
        place.guard("canary-value");
        place.set(name, Some("'canary-value'"));
        place.each(&[("exchange", 2, &[option, "has a quotation mark"])]);
    }
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
    place.each(&[(CONNECT, 6, &["no connection", "FINCH_PROXY", "nothing was sent"])]);
    // Passed over, it would let the call go to Finch directly.
    place.set("FINCH_PROXY", Some("env"));
    place.set("HTTP_PROXY", Some("socks5://user:canary@127.0.0.1:1080"));
    place.each(&[(CONNECT, 2, &["HTTP_PROXY names cannot be used", "http:// or https://"])]);
    assert_eq!(place.calls("POST /connect/sessions"), 0);
}
