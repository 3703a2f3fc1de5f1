//! The store's keys, as an operator looks after them.

use std::fs;

use crate::support::Place;

fn guard_key(place: &Place, file: &str) {
    let key = fs::read_to_string(place.path(file)).expect("a key file");
    place.guard(key.trim());
}

#[test]
fn status_says_which_key_and_how_far_it_is_used_up() {
    let place = Place::new();
    place.run(&["keys", "status"]).code(5).says("there is no store");
    let id = place.connected("acme");
    place.run(&["keys", "status"]).code(0).shows("1 secret").shows("data key 1: 64 of 2147483647");
    let status = place.run(&["keys", "status", "--json"]).code(0).json();
    assert_eq!(status["data_keys"][0]["epoch"], 1);
    assert_eq!(status["left_to_reseal"], serde_json::Value::Null);
    place.run(&["disconnect", &id, "--yes"]).code(0);
    assert_eq!(place.run(&["keys", "status", "--json"]).code(0).json()["secrets"], 0);
}

#[test]
fn a_rotation_is_online_and_recorded() {
    let place = Place::new();
    let id = place.connected("acme");
    let reveal = ["token", &id, "--customer", "acme", "--reveal"];
    let token = place.run(&reveal).code(0).out;
    place
        .run(&["keys", "rotate", "--operator", "rita"])
        .code(0)
        .shows("1 secret was sealed anew with data key 2");
    assert_eq!(place.run(&reveal).code(0).out, token);
    let again = place.run(&["keys", "rotate", "--json"]).code(0).json();
    assert_eq!((&again["epoch"], &again["resealed"]), (&3.into(), &1.into()));
    place.run(&["keys", "verify"]).code(0).shows("1 secret opens");
    place.run(&["events"]).code(0).shows("a rotation began").shows("(operator rita)");
}

#[test]
fn another_key_opens_the_store_and_the_old_one_no_longer() {
    let mut place = Place::new();
    let id = place.connected("acme");
    place.run(&["keys", "rotate-kek"]).code(2).says("--to");
    place
        .run(&["keys", "rotate-kek", "--to", "new.key"])
        .code(0)
        .shows("From here on the store opens with another key only")
        .shows("FINCH_STORE_KEY_FILE=new.key");
    guard_key(&place, "new.key");
    let failure = place.run(&["connections", "--json"]).code(5).failure();
    assert_eq!(failure["kind"], "store_key_replaced");
    let now =
        place.run(&["keys", "status", "--json", "--store-key-file", "new.key"]).code(0).json();
    let day = finch_core::Timestamp::now().strftime("%Y-").to_string();
    place
        .run(&["connections"])
        .code(5)
        .says(&format!("it was replaced on {day}"))
        .says(&format!("opens with key {} now", now["key"].as_str().expect("a key")))
        .says("rotate-kek --to");
    place.run(&["doctor"]).code(5).shows("it was replaced on");
    // A key that never opened it is named as before.
    place.run(&["keys", "init", "--key-file", "third.key"]).code(0);
    place.run(&["connections", "--store-key-file", "third.key"]).code(5).says("is sealed with key");
    place.set("FINCH_STORE_KEY_FILE", Some("new.key"));
    place.token(&id, "acme");
    place.run(&["keys", "rotate-kek", "--to", "new.key"]).code(7).says("that key already");
    place.run(&["verify"]).code(0).shows("The record is what was written");
}

#[test]
fn verify_finds_what_was_changed() {
    let place = Place::new();
    let id = place.connected("acme");
    place.token(&id, "acme");
    let ran = place.run(&["verify"]).code(0);
    assert_eq!(
        ran.out,
        "+ The database is whole\n+ The record is what was written: 3 events\n+ 1 secret opens\n"
    );
    let sql = |sql: &str| {
        let db = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
        db.execute_batch(sql).expect("SQL");
    };
    sql("DROP TRIGGER events_stay; DROP TRIGGER events_are_kept; DELETE FROM events WHERE id = 3");
    place.run(&["verify"]).code(5).shows("The record lacks its newest events");
    sql("DELETE FROM events WHERE id = 1");
    place.run(&["verify"]).code(5).shows("event 2 is not what was written");
    sql("UPDATE secrets SET sealed = x'0101' ");
    place.run(&["verify"]).code(5).shows("unreadable").shows("0 secrets open");
    let found = place.run(&["keys", "verify", "--json"]).code(5).json();
    assert_eq!(found["unreadable"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["record"], serde_json::Value::Null);
}
