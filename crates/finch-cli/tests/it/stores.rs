//! Stores and keys that cannot be used, and what is done about each. Nothing is sent, and nothing
//! is changed. What makes a store unusable is tested with finch-sqlite and finch-seal.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use finch_emulator::Fault;
use serde_json::Value;

use crate::support::{Place, until};

const CONNECT: &str = "connect --customer acme --name A --products company";

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
    place.cli(CONNECT).code(5).says("there is no key file").says("finch.db.key").says("keys init");
    place.cli("connections").code(5).says("there is no store").says("key file");
    assert_eq!(fs::read_dir(place.folder()).expect("a folder").count(), 0, "nothing was made");

    let (place, _) = connected();
    fs::remove_file(place.path("finch.db.key")).expect("removed");
    refused(&place, "key_missing", &["there is no key", "that opens it", "--store-key-file"]);
}

#[test]
fn a_key_that_does_not_open_it() {
    let (mut place, id) = connected();
    let mode = |file, mode| {
        fs::set_permissions(place.path(file), Permissions::from_mode(mode)).expect("a mode");
    };
    mode("finch.db.key", 0o644);
    refused(&place, "key_exposed", &["open to others (mode 0644)", "chmod 600"]);
    mode("finch.db.key", 0o600);
    mode("finch.db", 0o640);
    refused(&place, "store_exposed", &["open to others (mode 0640)", "chmod 600"]);
    mode("finch.db", 0o600);

    place.cli("keys init --key-file other.key").code(0).shows("other.key");
    place.set("FINCH_STORE_KEY_FILE", Some("other.key"));
    refused(&place, "store_wrong_key", &["the store opens with key", "give that key's file"]);
    place.set("FINCH_STORE_KEY_FILE", None);
    finch!(place, "show {id}").code(0);

    // What is no key is not repeated.
    let canary = "canary-of-a-key-0123456789";
    place.guard(canary);
    place.set("FINCH_STORE_KEY", Some(canary));
    refused(&place, "key_malformed", &["is not a key", "26 characters", "64 hex digits"]);
    place.set("FINCH_STORE_KEY", None);
    fs::write(place.path("finch.db.key"), canary).expect("written");
    refused(&place, "key_malformed", &["holds no key"]);
}

#[test]
fn a_store_is_of_one_application_at_one_address() {
    let (mut place, _) = connected();
    let (url, id) = (place.finch.url().to_owned(), place.finch.client_id().to_owned());
    place.set("FINCH_CLIENT_ID", Some("another-application"));
    refused(&place, "store_other_application", &["another-application", &id, "FINCH_CLIENT_ID"]);
    place.set("FINCH_CLIENT_ID", Some(&id)).set("FINCH_BASE_URL", Some("http://127.0.0.1:9"));
    refused(&place, "store_other_application", &["http://127.0.0.1:9", &url, "FINCH_BASE_URL"]);
}

#[test]
fn places_where_no_store_can_be() {
    let mut place = Place::new();
    fs::create_dir(place.path("folder")).expect("a folder");
    fs::write(place.path("letter"), "This is a letter. ".repeat(100)).expect("written");
    fs::set_permissions(place.path("letter"), Permissions::from_mode(0o600)).expect("a mode");
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
    let ran = place.ran(&arguments, child.wait_with_output().expect("it ends")).code(8);
    let failure = ran.failure();
    assert_eq!(failure["kind"], "not_stored");
    let path = failure["rescue_file"].as_str().expect("a file");
    assert!(failure["message"].as_str().expect("a message").contains(path));
    assert_eq!(fs::metadata(path).expect("a file").permissions().mode() & 0o7777, 0o600);
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
    let used = finch!(place, "token {id} --customer acme --reveal").code(0);
    assert_eq!(used.out.trim(), saved["access_token"]);
    finch!(place, "disconnect {id} --yes").code(0);
    assert!(place.finch.state().tokens.iter().all(|token| token.revoked));
}

/// Where nothing can be written beside the store, the file is where temporary files are.
#[test]
fn a_token_whose_store_is_gone_is_saved_elsewhere() {
    let mut place = Place::new();
    let (folder, temporary) = (place.path("data"), place.path("temporary"));
    for folder in [&folder, &temporary] {
        fs::create_dir(folder).expect("a folder");
        fs::set_permissions(folder, Permissions::from_mode(0o700)).expect("a mode");
    }
    fs::rename(place.path("finch.db.key"), folder.join("finch.db.key")).expect("a key");
    place.set("FINCH_STORE", folder.join("finch.db").to_str());
    place.set("TMPDIR", temporary.to_str());
    let (failure, _) = rescued(&place, || {
        fs::rename(&folder, place.path("away")).expect("moved away");
    });
    let path = failure["rescue_file"].as_str().expect("a file");
    assert!(path.starts_with(temporary.to_str().expect("a path")), "{path}");
}

/// As a host leaves it that was killed: the newest token only in the log. And the store's file is moved
/// away, or cut to nothing.
#[test]
fn a_log_without_its_store_is_kept_and_named() {
    let (place, id) = connected();
    let (path, wal) = (place.path("finch.db"), place.path("finch.db-wal"));
    let host = rusqlite::Connection::open(&path).expect("a database");
    let sql = "PRAGMA journal_mode = WAL; UPDATE store SET seq = seq + 1";
    host.execute_batch(sql).expect("written");
    let (store, log) = (fs::read(&path).expect("a store"), fs::read(&wal).expect("a log"));
    assert!(!log.is_empty());
    drop(host);
    let private = |path: &Path, content: &[u8]| {
        fs::write(path, content).expect("written");
        fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a mode");
    };
    private(&wal, &log);
    let texts =
        ["no store", "finch.db-wal", "the only copy of live tokens", "put the store's file"];
    for empty in [false, true] {
        fs::remove_file(&path).expect("moved away");
        if empty {
            private(&path, b"");
        }
        refused(&place, "store_log_left", &texts);
        place.each(&[("doctor", 5, &texts)]);
        fs::rename(place.path("finch.db.key"), place.path("away.key")).expect("a key file");
        for line in ["keys init", "connections", CONNECT] {
            place.cli(line).code(5).says("no store").says("finch.db-wal");
        }
        fs::rename(place.path("away.key"), place.path("finch.db.key")).expect("a key file");
        private(&place.path("backup"), &store);
        place.each(&[("restore backup", 7, &["and keep it"])]);
        assert_eq!(fs::read(&wal).expect("a log"), log);
        private(&path, &store);
    }
    finch!(place, "show {id}").code(0);
}
