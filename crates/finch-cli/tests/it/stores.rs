//! Stores and keys that cannot be used, and what is done about each. Nothing is sent, and nothing
//! is changed. What makes a store unusable is tested with finch-sqlite and finch-seal.

use std::{fs, time::Duration};

use finch_emulator::Fault;
use serde_json::Value;

use crate::support::{CONNECT, Place, until};

/// A place with a store and one connection in it.
fn connected() -> (Place, String) {
    let place = Place::new();
    let id = place.connected("acme");
    (place, id)
}

/// Every command that opens the store fails alike, and leaves the file as it is.
fn refused(place: &Place, kind: &str, texts: &[&str]) {
    let before = fs::read(place.path("finch.db")).ok();
    let calls = place.finch.state().calls;
    for line in [CONNECT, "reconcile", "exchange --state s --code c"] {
        let failure = finch!(place, "{line} --json").code(5).failure();
        assert_eq!(failure["kind"], kind, "{line}: {failure}");
        place.each(&[(line, 5, texts)]);
    }
    assert_eq!(fs::read(place.path("finch.db")).ok(), before);
    assert_eq!(place.finch.state().calls, calls, "nothing was sent");
}

#[test]
fn no_key_is_no_store() {
    let place = Place::without_key();
    place.each(&[
        (CONNECT, 5, &["there is no key file", "finch.db.key", "keys init"]),
        ("connections", 5, &["there is no store", "key file"]),
    ]);
    assert_eq!(fs::read_dir(place.folder()).expect("a folder").count(), 0, "nothing was made");

    let (place, _) = connected();
    fs::remove_file(place.path("finch.db.key")).expect("removed");
    refused(&place, "key_missing", &["there is no key", "that opens it", "--store-key-file"]);
}

#[test]
fn a_store_opens_with_its_own_key_for_its_own_application() {
    let (mut place, id) = connected();
    let canary = "canary-of-a-key-0123456789";
    place.guard(canary);
    place.write("no.key", canary);
    place.cli("keys init --key-file other.key").code(0).shows("other.key");
    fs::copy(place.path("finch.db"), place.path("open.db")).expect("a copy");
    place.set_mode("open.db", 0o644);
    place.set("FINCH_STORE_KEY_FILE", Some("finch.db.key"));
    let (url, client) = (place.finch.url().to_owned(), place.finch.client_id().to_owned());
    for (name, value, kind, texts) in [
        ("FINCH_STORE", "open.db", "store_exposed", ["(mode 0644)", "chmod 600"]),
        ("FINCH_STORE_KEY_FILE", "other.key", "store_wrong_key", ["opens with key", "key's file"]),
        ("FINCH_STORE_KEY_FILE", "no.key", "key_malformed", ["holds no key", "64 hex digits"]),
        ("FINCH_CLIENT_ID", "another", "store_other_application", [&client, "FINCH_CLIENT_ID"]),
        (
            "FINCH_BASE_URL",
            "http://127.0.0.1:9",
            "store_other_application",
            [&url, "FINCH_BASE_URL"],
        ),
    ] {
        let before = place.set(name, Some(value));
        refused(&place, kind, &texts);
        place.set(name, before.as_deref());
    }
    place.set_mode("finch.db.key", 0o644);
    refused(&place, "key_exposed", &["open to others (mode 0644)", "chmod 600"]);
    place.set_mode("finch.db.key", 0o600);
    finch!(place, "show {id}").code(0);
    // What is no key is not repeated.
    place.set("FINCH_STORE_KEY_FILE", None);
    place.set("FINCH_STORE_KEY", Some(canary));
    refused(&place, "key_malformed", &["is not a key", "26 characters", "64 hex digits"]);
}

#[test]
fn places_where_no_store_can_be() {
    let mut place = Place::new();
    fs::create_dir(place.path("folder")).expect("a folder");
    place.write("letter", "This is a letter. ".repeat(100));
    let connect = format!("{CONNECT} --store-key-file finch.db.key --store");
    place.each(&[
        (&format!("{connect} no/such/folder/finch.db"), 5, &["there is no such folder", "mkdir"]),
        (&format!("{connect} folder"), 5, &["is not a file", "FINCH_STORE"]),
        (&format!("{connect} letter"), 5, &["is not a store of Finch connections", "FINCH_STORE"]),
    ]);
    place.set("FINCH_STORE", None);
    place.each(&[(CONNECT, 2, &["no store path", "FINCH_STORE"])]);
}

/// Runs an exchange, and does this to its store from Finch's answer on: the failure, and its rescue file.
fn rescued(place: &Place, spoil: impl FnOnce()) -> (Value, Value) {
    let (state, code) = place.attempt("acme");
    place.finch.push_fault(Fault::on("/auth/token").delay(Duration::from_secs(1)));
    let arguments = ["exchange", "--state", &state, "--json"];
    let child = place.spawn(&arguments, &code);
    until(|| place.calls("POST /auth/token") > 0);
    spoil();
    let ran = place.end(&arguments, child).code(8);
    let failure = ran.failure();
    assert_eq!(failure["kind"], "not_stored");
    let path = failure["rescue_file"].as_str().expect("a file");
    assert!(failure["message"].as_str().expect("a message").contains(path));
    assert!(place.is_private(path));
    let saved: Value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
    let token = saved["access_token"].as_str().expect("a token");
    assert!(!ran.err.contains(token) && !ran.out.contains(token));
    let at_finch = &place.finch.state().tokens[0];
    assert_eq!(saved["issued"]["connection_id"], at_finch.connection_id.as_str());
    assert!(!at_finch.revoked);
    (failure, saved)
}

#[test]
fn a_token_that_the_store_does_not_take_is_saved() {
    let place = Place::new();
    place.cli(CONNECT).code(0);
    let db = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
    let (failure, saved) =
        rescued(&place, || db.execute_batch("BEGIN EXCLUSIVE").expect("the lock"));
    let path = failure["rescue_file"].as_str().expect("a file");
    assert!(path.starts_with(place.path("finch.db.rescue-").to_str().expect("a path")), "{path}");

    // The way out that it names.
    let help = failure["help"].as_str().expect("a way out");
    assert!(help.contains(&format!("finch import {path};")), "{help}");
    db.execute_batch("ROLLBACK").expect("unlocked");
    place.run(&["import", path]).code(0);
    let id = saved["connection_id"].as_str().expect("an id");
    assert_eq!(place.token(id, "acme"), saved["access_token"]);
    finch!(place, "disconnect {id} --yes").code(0);
    assert!(place.all_revoked());
}

/// Where nothing can be written beside the store, the file is where temporary files are.
#[test]
fn a_token_whose_store_is_gone_is_saved_elsewhere() {
    let mut place = Place::new();
    for folder in ["data", "temporary"] {
        fs::create_dir(place.path(folder)).expect("a folder");
        place.set_mode(folder, 0o700);
    }
    place.rename("finch.db.key", "data/finch.db.key");
    place.set("FINCH_STORE", Some("data/finch.db"));
    let temporary = place.path("temporary");
    place.set("TMPDIR", temporary.to_str());
    let (failure, _) = rescued(&place, || place.rename("data", "away"));
    let path = failure["rescue_file"].as_str().expect("a file");
    assert!(path.starts_with(temporary.to_str().expect("a path")), "{path}");
}

/// As a host leaves it that was killed: the newest token only in the log. And the store's file is moved
/// away, or cut to nothing.
#[test]
fn a_log_without_its_store_is_kept_and_named() {
    let (place, id) = connected();
    let read = |name| fs::read(place.path(name)).expect("a file");
    let host = rusqlite::Connection::open(place.path("finch.db")).expect("a database");
    let sql = "PRAGMA journal_mode = WAL; UPDATE store SET seq = seq + 1";
    host.execute_batch(sql).expect("written");
    let (store, log) = (read("finch.db"), read("finch.db-wal"));
    assert!(!log.is_empty());
    drop(host);
    place.write("finch.db-wal", &log);
    place.write("backup", &store);
    let texts =
        ["no store", "finch.db-wal", "the only copy of live tokens", "put the store's file"];
    for empty in [false, true] {
        fs::remove_file(place.path("finch.db")).expect("moved away");
        if empty {
            place.write("finch.db", "");
        }
        refused(&place, "store_log_left", &texts);
        place.each(&[("doctor", 5, &texts), ("restore backup", 7, &["and keep it"])]);
        place.rename("finch.db.key", "away.key");
        for line in ["keys init", "connections", CONNECT] {
            place.cli(line).code(5).says("no store").says("finch.db-wal");
        }
        place.rename("away.key", "finch.db.key");
        assert_eq!(read("finch.db-wal"), log);
        place.write("finch.db", &store);
    }
    finch!(place, "show {id}").code(0);
}
