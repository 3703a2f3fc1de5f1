//! Settings with something around them, and what binds a store.

use std::fs;

use crate::support::Place;

const CONNECT: &str = "connect --customer acme --name A --products company";

#[test]
fn what_stands_around_a_setting_is_named_and_nothing_is_sent() {
    for (name, around, says) in [
        ("FINCH_CLIENT_ID", "\"{}\"", "has a quotation mark at the beginning or end"),
        ("FINCH_CLIENT_SECRET", " {}", "has white space at the beginning or end"),
        ("FINCH_BASE_URL", "{}\r", "has a line break"),
        ("FINCH_STORE", "{}\u{7}", "has a control character"),
        ("FINCH_PROXY", "\u{feff}{}", "has an invisible character"),
    ] {
        let mut place = Place::new();
        place.guard("canary-value");
        place.set(name, Some(&around.replace("{}", "http://canary-value@127.0.0.1")));
        place.cli(CONNECT).code(2).says(name).says(says).says("its value alone");
        let failure = finch!(place, "{CONNECT} --json").code(2).failure();
        assert_eq!(failure["kind"], "usage", "{name}");
        assert!(place.finch.state().calls.values().all(|calls| *calls == 0), "nothing was sent");
        assert!(!place.path("finch.db").exists());
    }
}

#[test]
fn what_stands_around_an_option_or_a_secrets_file_is_named() {
    let mut place = Place::new();
    let key = fs::read_to_string(place.path("finch.db.key")).expect("a key");
    for (option, value) in [
        ("--client-id", "'id'"),
        ("--base-url", "\"https://api.tryfinch.com\""),
        ("--store", "\"finch.db\""),
        ("--store-key-file", "'finch.db.key'"),
        ("--proxy", "'http://127.0.0.1:1'"),
    ] {
        finch!(place, "{CONNECT} {option} {value}").code(2).says(option);
    }
    place.guard("canary-value");
    fs::write(place.path("secret"), "\"canary-value\"\n").expect("written");
    place.set("FINCH_CLIENT_SECRET", None);
    let with_file = finch!(place, "{CONNECT} --client-secret-file secret").code(2);
    with_file.says("the client secret has a quotation mark");
    place.set("FINCH_CLIENT_SECRET", Some("s"));
    place.set("FINCH_STORE_KEY", Some(&format!("'{}'", key.trim())));
    place.cli(CONNECT).code(2).says("FINCH_STORE_KEY has a quotation mark");
    place.set("FINCH_STORE_KEY", None);
    fs::write(place.path("finch.db.key"), format!("\"{}\"\n", key.trim())).expect("written");
    place.cli(CONNECT).code(5).says("quotation marks around it");
    let emulator = "emulator --webhook-url http://127.0.0.1:1/ --webhook-secret 'abc'";
    place.cli(emulator).code(2).says("--webhook-secret has a quotation mark");
}

/// A first call that Finch refuses leaves a store that the right settings still can use.
#[test]
fn an_empty_store_is_bound_again_and_a_used_one_is_not() {
    let mut place = Place::new();
    let id = place.finch.client_id().to_owned();
    place.set("FINCH_CLIENT_ID", Some("mistyped"));
    place.cli(CONNECT).code(6);
    assert!(place.path("finch.db").exists());
    place.set("FINCH_CLIENT_ID", Some(&id));
    place.cli("doctor").code(0).shows("which the store is bound to");
    place.cli(CONNECT).code(0);
    place.set("FINCH_CLIENT_ID", Some("mistyped"));
    place.cli(CONNECT).code(5).says("belongs to");
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
    assert!(place.calls("POST /connect/sessions") == 0);
}
