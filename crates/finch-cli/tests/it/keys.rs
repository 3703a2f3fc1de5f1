//! The store's keys, as an operator looks after them.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::Place;

#[test]
fn a_key_is_made_once() {
    let place = Place::without_key();
    let made = place.cli("keys init --json").code(0).json();
    let path = place.path("finch.db.key");
    assert_eq!(made["key_file"], path.to_str().expect("a path"));
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o7777, 0o600);
    let key = fs::read(&path).expect("a key");
    assert_eq!(place.cli("keys init --json").code(7).failure()["kind"], "key_exists");
    place.cli("connect --customer acme --name A --products company").code(0);
    fs::rename(&path, place.path("away.key")).expect("a key file");
    place.cli("keys init").code(7).says("no new key can open it").says("put its own key back");
    assert_eq!(fs::read(place.path("away.key")).expect("a key"), key);
    place.cli("keys init --key-file no/such/folder.key").code(5).says("could not be written");
}

#[test]
fn a_rotation_is_online_and_recorded() {
    let place = Place::new();
    place.cli("keys status").code(5).says("there is no store");
    let id = place.connected("acme");
    let status = || place.cli("keys status --json").code(0).json();
    assert_eq!(status()["data_keys"], serde_json::json!([1]));
    let reveal = ["token", &id, "--customer", "acme", "--reveal"];
    let token = place.run(&reveal).code(0).out;
    place.cli("keys rotate --operator rita").code(0).shows("Data key 2 seals every secret");
    assert_eq!(place.run(&reveal).code(0).out, token);
    let again = place.cli("keys rotate --json").code(0).json();
    assert_eq!((&again["epoch"], &again["resealed"]), (&3.into(), &1.into()));
    assert_eq!(status()["data_keys"], serde_json::json!([3]));
    place.each(&[
        ("verify", 0, &["every secret opens"]),
        ("events", 0, &["rotation began, epoch 2 (operator rita)"]),
    ]);
}

#[test]
fn another_key_opens_the_store_and_the_old_one_no_longer() {
    let mut place = Place::new();
    let id = place.connected("acme");
    place.cli("keys rotate-kek").code(2).says("--to");
    place.cli("keys rotate-kek --to new.key").code(0).shows("FINCH_STORE_KEY_FILE=new.key");
    place.guard(fs::read_to_string(place.path("new.key")).expect("a key file").trim());
    let failure = place.cli("connections --json").code(5).failure();
    assert_eq!(failure["kind"], "store_key_replaced");
    let now = place.cli("keys status --json --store-key-file new.key").code(0).json();
    let opens = format!("opens with key {},", now["key"].as_str().expect("a key"));
    place.each(&[
        ("connections", 5, &["was replaced on 20", &opens, "rotate-kek --to"]),
        ("doctor", 5, &["the store opens with key", "rotate-kek"]),
    ]);
    // A key that never opened it is named as before.
    place.cli("keys init --key-file third.key").code(0);
    place.cli("connections --store-key-file third.key").code(5).says("the store opens with key");
    place.set("FINCH_STORE_KEY_FILE", Some("new.key"));
    place.token(&id, "acme");
    place.cli("keys rotate-kek --to new.key").code(7).says("that key already");
    place.cli("verify").code(0).shows("every record is what was written");
}

#[test]
fn verify_finds_what_was_changed() {
    let place = Place::new();
    let id = place.connected("acme");
    place.token(&id, "acme");
    place.cli("verify").code(0).shows("The database is whole").shows("secrets 1 events 3");
    let db = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
    let triggers = "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'events'";
    let triggers: String = db.query_row(triggers, [], |row| row.get(0)).expect("triggers");
    db.execute_batch("DROP TRIGGER events_stay; DROP TRIGGER events_are_kept").expect("SQL");
    db.execute_batch("DELETE FROM events WHERE number = (SELECT max(number) FROM events)")
        .expect("SQL");
    db.execute_batch(&triggers).expect("SQL");
    place.cli("verify").code(5).shows("not what was written").shows(&id);
    db.execute_batch("UPDATE secrets SET sealed = x'0101'").expect("SQL");
    let found = place.cli("verify --json").code(5).json();
    let count = |what: &str| found[what].as_array().map(Vec::len);
    assert_eq!((count("unreadable"), count("broken_records")), (Some(1), Some(1)));
}
