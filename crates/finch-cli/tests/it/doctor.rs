//! `finch doctor`: each thing that can be wrong, found beside all the others, and nothing changed.

use std::{
    fs::{self, OpenOptions, Permissions},
    os::unix::fs::PermissionsExt,
};

use serde_json::Value;

use crate::support::{Place, SECRET};

/// What it found, by the name of the check; and it has changed nothing.
fn examined(place: &Place, code: i32) -> Value {
    let before = (fs::read(place.path("finch.db")).ok(), place.finch.state().tokens.len());
    let files = fs::read_dir(place.folder()).expect("a folder").count();
    let found = place.cli("doctor --json").code(code).json();
    let text = place.cli("doctor").code(code).out;
    assert!(!text.contains(SECRET), "{text}");
    assert_eq!(fs::read(place.path("finch.db")).ok(), before.0);
    assert_eq!(place.finch.state().tokens.len(), before.1);
    assert_eq!(fs::read_dir(place.folder()).expect("a folder").count(), files);
    assert_eq!(found["well"], code == 0);
    found
}

fn check<'a>(found: &'a Value, name: &str) -> &'a Value {
    let checks = found["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("{name}: {found}"))
}

/// The only check that is bad, by its name and kind; with a way out.
fn only_bad(found: &Value, name: &str, kind: &str) {
    let checks = found["checks"].as_array().expect("checks");
    let bad: Vec<_> = checks.iter().filter(|check| check["found"] == "bad").collect();
    assert_eq!(bad.len(), 1, "{found}");
    assert_eq!((&bad[0]["check"], &bad[0]["kind"]), (&name.into(), &kind.into()), "{found}");
    assert!(!bad[0]["help"].as_str().expect("a way out").is_empty());
}

#[test]
fn all_is_well() {
    let place = Place::new();
    place.connected("acme");
    let found = examined(&place, 0);
    assert!(found["checks"].as_array().expect("checks").iter().all(|c| c["found"] == "good"));
    place.cli("doctor").code(0).shows("All is well");
}

#[test]
fn every_trouble_is_found_beside_the_others() {
    let mut place = Place::new();
    place.connected("acme");
    let (path, key) = (place.path("finch.db"), place.path("finch.db.key"));

    place.set("FINCH_CLIENT_SECRET", Some("wrong"));
    let found = examined(&place, 6);
    only_bad(&found, "credentials", "finch_invalid_client");
    assert_eq!(check(&found, "Finch")["found"], "good");
    place.set("FINCH_CLIENT_SECRET", None);
    let found = examined(&place, 0);
    assert_eq!(check(&found, "client secret")["found"], "warning");
    place.set("FINCH_CLIENT_SECRET", Some(SECRET));

    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("a mode");
    let found = examined(&place, 5);
    only_bad(&found, "key", "key_exposed");
    assert_eq!(check(&found, "database")["found"], "good");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("a mode");

    fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("a mode");
    only_bad(&examined(&place, 5), "database", "store_exposed");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");

    place.cli("keys init --key-file other.key").code(0);
    place.set("FINCH_STORE_KEY_FILE", Some("other.key"));
    let found = examined(&place, 5);
    only_bad(&found, "opened", "store_wrong_key");
    assert_eq!(check(&found, "credentials")["found"], "good");
    place.set("FINCH_STORE_KEY_FILE", None);

    let url = place.finch.url().to_owned();
    place.set("FINCH_BASE_URL", Some("http://127.0.0.1:9"));
    let found = examined(&place, 5);
    assert_eq!(check(&found, "application")["kind"], "store_other_application");
    assert_eq!(check(&found, "Finch")["kind"], "finch_no_answer");
    place.set("FINCH_BASE_URL", Some("ftp://finch"));
    assert_eq!(check(&examined(&place, 2), "address")["found"], "bad");
    place.set("FINCH_BASE_URL", Some(&url)).set("FINCH_CLIENT_ID", None);
    let found = examined(&place, 2);
    only_bad(&found, "client id", "usage");
    assert_eq!(check(&found, "database")["found"], "good");
}

#[test]
fn a_damaged_store_is_found() {
    let place = Place::new();
    place.connected("acme");
    let path = place.path("finch.db");
    let whole = fs::read(&path).expect("a store");
    let file = OpenOptions::new().write(true).open(&path).expect("a file");
    file.set_len(whole.len() as u64 - 4096).expect("cut off");
    let found = examined(&place, 5);
    only_bad(&found, "database", "store_damaged");
    assert_eq!(check(&found, "credentials")["found"], "good");
    fs::remove_file(&path).expect("removed");
    only_bad(&examined(&place, 5), "database", "store_missing");
}

#[test]
fn a_rotation_that_cannot_end_is_a_warning() {
    let place = Place::new();
    place.connected("acme");
    let db = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
    db.execute_batch("UPDATE secrets SET sealed = randomblob(length(sealed))").expect("written");
    db.close().expect("closed");
    place.cli("keys rotate").code(4).shows("unreadable").shows("is still needed");
    let found = examined(&place, 0);
    let key = check(&found, "data key");
    assert_eq!(key["found"], "warning", "{key}");
    place.cli("keys status").code(4).shows("a rotation is under way").shows("left to reseal 1");
}
