//! The store's keys, as an operator looks after them.

use std::fs;

use crate::support::{CONNECT, Place};

#[test]
fn a_key_is_made_once() {
    let place = Place::without_key();
    let made = place.cli("keys init --json").code(0).json();
    assert_eq!(made["key_file"], place.path("finch.db.key").to_str().expect("a path"));
    assert!(place.is_private("finch.db.key"));
    let key = fs::read(place.path("finch.db.key")).expect("a key");
    assert_eq!(place.cli("keys init --json").code(7).failure()["kind"], "key_exists");
    place.cli(CONNECT).code(0);
    place.rename("finch.db.key", "away.key");
    place.each(&[
        ("keys init", 7, &["no new key can open it", "put its own key back"]),
        ("keys init --key-file no/such/folder.key", 5, &["could not be written"]),
    ]);
    assert_eq!(fs::read(place.path("away.key")).expect("a key"), key);
}

#[test]
fn a_rotation_is_online_and_recorded() {
    let place = Place::new();
    place.cli("keys status").code(5).says("there is no store");
    let id = place.connected("acme");
    let reveal = format!("token {id} --customer acme --reveal");
    let token = place.cli(&reveal).code(0).out;
    place.each(&[
        ("keys status", 0, &["data keys 1"]),
        ("keys rotate --operator rita", 0, &["Data key 2 seals every secret"]),
        ("keys status", 0, &["data keys 2"]),
    ]);
    let again = place.cli("keys rotate --json").code(0).json();
    assert_eq!((&again["epoch"], &again["resealed"]), (&3.into(), &1.into()));
    assert_eq!(place.cli(&reveal).code(0).out, token);
    place.each(&[
        ("verify", 0, &["every secret opens"]),
        ("events", 0, &["rotation began, epoch 2 (operator rita)"]),
    ]);
}

#[test]
fn another_key_opens_the_store_and_the_old_one_no_longer() {
    let mut place = Place::new();
    let id = place.connected("acme");
    place.each(&[
        ("keys rotate-kek", 2, &["--to"]),
        ("keys rotate-kek --to new.key", 0, &["FINCH_STORE_KEY_FILE=new.key"]),
        ("keys init --key-file third.key", 0, &[]),
    ]);
    place.guard(fs::read_to_string(place.path("new.key")).expect("a key file").trim());
    let failure = place.cli("connections --json").code(5).failure();
    assert_eq!(failure["kind"], "store_key_replaced");
    let now = place.cli("keys status --json --store-key-file new.key").code(0).json();
    let opens = format!("opens with key {},", now["key"].as_str().expect("a key"));
    place.each(&[
        ("connections", 5, &["was replaced on 20", &opens, "rotate-kek --to"]),
        ("doctor", 5, &["the store opens with key", "rotate-kek"]),
        // A key that never opened it is named as before.
        ("connections --store-key-file third.key", 5, &["the store opens with key"]),
    ]);
    place.set("FINCH_STORE_KEY_FILE", Some("new.key"));
    place.token(&id, "acme");
    place.each(&[
        ("keys rotate-kek --to new.key", 7, &["that key already"]),
        ("verify", 0, &["every record is what was written"]),
    ]);
}

#[test]
fn verify_finds_what_was_changed() {
    let place = Place::new();
    let id = place.connected("acme");
    place.token(&id, "acme");
    place.cli("verify").code(0).shows("The database is whole").shows("secrets 1 events 3");
    let db = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
    let sql = |text: &str| db.execute_batch(text).expect("SQL");
    let triggers = "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'events'";
    let triggers: String = db.query_row(triggers, [], |row| row.get(0)).expect("triggers");
    sql("DROP TRIGGER events_stay; DROP TRIGGER events_are_kept");
    sql("DELETE FROM events WHERE number = (SELECT max(number) FROM events)");
    sql(&triggers);
    place.cli("verify").code(5).shows("not what was written").shows(&id);
    sql("UPDATE secrets SET sealed = x'0101'");
    let found = place.cli("verify --json").code(5).json();
    let count = |what: &str| found[what].as_array().map(Vec::len);
    assert_eq!((count("unreadable"), count("broken_records")), (Some(1), Some(1)));
}
