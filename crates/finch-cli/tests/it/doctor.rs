//! `finch doctor`: each thing that can be wrong, found beside all the others, and nothing changed.

use std::fs;

use serde_json::Value;

use crate::support::Place;

/// What it found; and it has changed nothing.
fn examined(place: &Place, code: i32) -> Value {
    let files = || fs::read_dir(place.folder()).expect("a folder").count();
    let state =
        || (fs::read(place.path("finch.db")).ok(), files(), place.finch.state().tokens.len());
    let before = state();
    let found = place.cli("doctor --json").code(code).json();
    place.cli("doctor").code(code);
    assert_eq!(state(), before);
    assert_eq!(found["well"], code == 0);
    found
}

/// The checks that found this, by name, each with the kind of its failure.
fn checks<'a>(found: &'a Value, what: &str) -> Vec<(&'a str, Option<&'a str>)> {
    let checks = found["checks"].as_array().expect("checks").iter();
    let such = checks.filter(|check| check["found"] == what).map(|check| {
        let way_out = check["help"].as_str().is_some_and(|help| !help.is_empty());
        assert_eq!(way_out, what == "bad", "{check}");
        (check["check"].as_str().expect("a name"), check["kind"].as_str())
    });
    such.collect()
}

#[test]
fn all_is_well() {
    let place = Place::new();
    place.connected("acme");
    let found = examined(&place, 0);
    assert_eq!(checks(&found, "good").len(), found["checks"].as_array().expect("checks").len());
    place.cli("doctor").code(0).shows("All is well");
}

#[test]
fn every_trouble_is_found_beside_the_others() {
    let mut place = Place::new();
    place.connected("acme");
    place.cli("keys init --key-file other.key").code(0);
    let store = fs::read(place.path("finch.db")).expect("a store");
    place.write("cut.db", &store[..store.len() - 4096]);
    for file in ["finch.db", "finch.db.key"] {
        fs::copy(place.path(file), place.path(&format!("open-{file}"))).expect("a copy");
        place.set_mode(&format!("open-{file}"), 0o640);
    }
    place.set("FINCH_STORE_KEY_FILE", Some("finch.db.key"));
    for (name, value, code, bad, good) in [
        ("FINCH_CLIENT_SECRET", "wrong", 6, ("credentials", "finch_invalid_client"), "Finch"),
        ("FINCH_STORE_KEY_FILE", "open-finch.db.key", 5, ("key", "key_exposed"), "database"),
        ("FINCH_STORE_KEY_FILE", "other.key", 5, ("opened", "store_wrong_key"), "credentials"),
        ("FINCH_STORE", "open-finch.db", 5, ("database", "store_exposed"), "credentials"),
        ("FINCH_STORE", "cut.db", 5, ("database", "store_damaged"), "credentials"),
        ("FINCH_STORE", "none.db", 5, ("database", "store_missing"), "credentials"),
        ("FINCH_BASE_URL", "ftp://finch", 2, ("address", "base_url"), "database"),
        ("FINCH_CLIENT_ID", "", 2, ("client id", "usage"), "database"),
    ] {
        let before = place.set(name, Some(value));
        let found = examined(&place, code);
        assert_eq!(checks(&found, "bad"), [(bad.0, Some(bad.1))], "{name}: {found}");
        assert!(checks(&found, "good").contains(&(good, None)), "{name}: {found}");
        place.set(name, before.as_deref());
    }
    place.set("FINCH_CLIENT_SECRET", None);
    assert_eq!(checks(&examined(&place, 0), "warning"), [("client secret", None)]);
    place.set("FINCH_BASE_URL", Some("http://127.0.0.1:9"));
    let bad =
        [("application", Some("store_other_application")), ("Finch", Some("finch_no_answer"))];
    assert_eq!(checks(&examined(&place, 5), "bad"), bad);
}

#[test]
fn a_rotation_that_cannot_end_is_a_warning() {
    let place = Place::new();
    place.connected("acme");
    let db = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
    db.execute_batch("UPDATE secrets SET sealed = randomblob(length(sealed))").expect("written");
    db.close().expect("closed");
    place.cli("keys rotate").code(4).shows("unreadable").shows("is still needed");
    assert_eq!(checks(&examined(&place, 0), "warning"), [("data key", None)]);
    place.cli("keys status").code(4).shows("a rotation is under way").shows("left to reseal 1");
}
