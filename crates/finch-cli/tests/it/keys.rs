//! The store's keys, as an operator looks after them.

use std::fs;

use crate::support::Place;

fn guard_key(place: &Place, file: &str) {
    let key = fs::read_to_string(place.path(file)).expect("a key file");
    place.guard(key.trim());
}

#[test]
fn status_says_which_key_opens_the_store() {
    let place = Place::new();
    place.cli("keys status").code(5).says("there is no store");
    place.connected("acme");
    place.cli("keys status").code(0).shows("The store opens with this key");
    let status = place.cli("keys status --json").code(0).json();
    assert_eq!(status["data_keys"], serde_json::json!([1]));
    assert_eq!(status["left_to_reseal"], serde_json::Value::Null);
}

#[test]
fn a_rotation_is_online_and_recorded() {
    let place = Place::new();
    let id = place.connected("acme");
    let reveal = ["token", &id, "--customer", "acme", "--reveal"];
    let token = place.run(&reveal).code(0).out;
    place
        .cli("keys rotate --operator rita")
        .code(0)
        .shows("1 secret was sealed again with data key 2");
    assert_eq!(place.run(&reveal).code(0).out, token);
    let again = place.cli("keys rotate --json").code(0).json();
    assert_eq!((&again["epoch"], &again["resealed"]), (&3.into(), &1.into()));
    place.cli("verify").code(0).shows("1 secret opens");
    place.cli("events").code(0).shows("a rotation began").shows("(operator rita)");
}

#[test]
fn another_key_opens_the_store_and_the_old_one_no_longer() {
    let mut place = Place::new();
    let id = place.connected("acme");
    place.cli("keys rotate-kek").code(2).says("--to");
    place
        .cli("keys rotate-kek --to new.key")
        .code(0)
        .shows("From here on the store opens with another key only")
        .shows("FINCH_STORE_KEY_FILE=new.key");
    guard_key(&place, "new.key");
    let failure = place.cli("connections --json").code(5).failure();
    assert_eq!(failure["kind"], "store_key_replaced");
    let now = place.cli("keys status --json --store-key-file new.key").code(0).json();
    let day = finch_core::Timestamp::now().strftime("%Y-").to_string();
    place
        .cli("connections")
        .code(5)
        .says(&format!("was replaced on {day}"))
        .says(&format!("opens with key {},", now["key"].as_str().expect("a key")))
        .says("rotate-kek --to");
    place.cli("doctor").code(5).shows("the store opens with key").shows("rotate-kek");
    // A key that never opened it is named as before.
    place.cli("keys init --key-file third.key").code(0);
    place.cli("connections --store-key-file third.key").code(5).says("the store opens with key");
    place.set("FINCH_STORE_KEY_FILE", Some("new.key"));
    place.token(&id, "acme");
    place.cli("keys rotate-kek --to new.key").code(7).says("that key already");
    place.cli("verify").code(0).shows("Every record is what was written");
}

#[test]
fn verify_finds_what_was_changed() {
    let place = Place::new();
    let id = place.connected("acme");
    place.token(&id, "acme");
    let ran = place.cli("verify").code(0);
    assert_eq!(
        ran.out,
        "+ The database is whole\n+ Every record is what was written: 3 events\n+ 1 secret opens\n"
    );
    let db = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
    let triggers = "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'events'";
    let triggers: String = db.query_row(triggers, [], |row| row.get(0)).expect("triggers");
    db.execute_batch("DROP TRIGGER events_stay; DROP TRIGGER events_are_kept").expect("SQL");
    db.execute_batch("DELETE FROM events WHERE number = (SELECT max(number) FROM events)")
        .expect("SQL");
    db.execute_batch(&triggers).expect("SQL");
    place
        .cli("verify")
        .code(5)
        .shows("1 record is not what was written, of 2 events")
        .shows(&format!("of connection {id}"));
    db.execute_batch("UPDATE secrets SET sealed = x'0101'").expect("SQL");
    place.cli("verify").code(5).shows("unreadable").shows("0 secrets open");
    let found = place.cli("verify --json").code(5).json();
    let count = |what: &str| found[what].as_array().map(Vec::len);
    assert_eq!((count("unreadable"), count("broken_records")), (Some(1), Some(1)));
}
