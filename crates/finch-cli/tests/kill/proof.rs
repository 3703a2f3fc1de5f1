//! The test of the test: a store that breaks a promise is found out.

use std::{collections::BTreeMap, fs, path::PathBuf};

use rusqlite::Connection;

use finch_testkit::Chance;

use crate::{
    action::{Action, Ready},
    app::App,
    case::{Case, Weather, note},
    end::LATER,
    kill::{How, Kill},
    promises::broken,
    run::Ran,
    secrets::leaks,
    stage::Stage,
};

/// A store's files.
fn copy(stage: &Stage) -> BTreeMap<PathBuf, Vec<u8>> {
    let files =
        stage.files().into_iter().filter(|path| path.to_str().unwrap().contains("finch.db"));
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Plays a command, lets `spoil` loose on the store, and says what is found.
fn found(
    action: Action,
    kill: &Kill,
    spoil: impl FnOnce(&Stage, &BTreeMap<PathBuf, Vec<u8>>),
) -> String {
    let mut chance = Chance::new(1);
    let stage = Stage::new(&mut chance, true);
    let ready: Ready = action.prepare(&stage, &mut chance);
    let before = copy(&stage);
    let ran: Ran = stage.kill(&ready.arguments, &ready.input, kill);
    note(&stage, action, &ready, &ran);
    stage.pass(LATER);
    if *kill != Kill::Never {
        let app = App::open(&stage);
        assert_eq!(broken(&stage, &app).1, [""; 0]);
    }
    spoil(&stage, &before);
    let mut found = leaks(&stage);
    found.extend(broken(&stage, &App::open(&stage)).1);
    found.join("\n")
}

fn put_back(_: &Stage, before: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, content) in before {
        fs::write(path, content).unwrap();
    }
}

fn sql(stage: &Stage, text: &str) {
    Connection::open(stage.path("finch.db")).unwrap().execute_batch(text).unwrap();
}

#[test]
fn a_lost_commit_of_an_exchange_is_found() {
    let found = found(Action::First, &Kill::Never, put_back);
    assert!(found.contains("was acknowledged, and is not stored"), "{found}");
}

#[test]
fn a_lost_fence_is_found() {
    let found = found(Action::Disconnect, &Kill::Never, put_back);
    assert!(found.contains("is handed out to acme after its fence"), "{found}");
    assert!(found.contains("is handed out to acme, and Finch refuses it"), "{found}");
}

#[test]
fn an_attempt_that_is_forgotten_is_found() {
    let kill = Kill::At("receive finch 1".to_owned(), How::After);
    let found = found(Action::First, &kill, |stage, _| sql(stage, "DELETE FROM attempts"));
    assert!(found.contains("1 tokens of acme are lost, and 0 are listed"), "{found}");
}

#[test]
fn a_secret_that_is_wiped_too_early_is_found() {
    let kill = Kill::At("connect finch 1".to_owned(), How::Before);
    let revoked = r#"{"state":"revoked","evidence":{"kind":"refused","request_id":null},"at":"2026-11-21T00:00:00Z"}"#;
    let wipe = format!(
        "UPDATE tokens SET state = 'revoked', revoked = '{revoked}' WHERE customer = 'acme'"
    );
    let found = found(Action::Disconnect, &kill, |stage, _| sql(stage, &wipe));
    assert!(found.contains("is wiped, and Finch accepts it"), "{found}");
}

#[test]
fn a_record_that_vanishes_is_found() {
    let kill = Kill::At("connect finch 1".to_owned(), How::Before);
    let vanish = "PRAGMA foreign_keys = OFF; DELETE FROM tokens WHERE customer = 'acme'";
    let found = found(Action::Disconnect, &kill, |stage, _| sql(stage, vanish));
    assert!(found.contains("the record of token"), "{found}");
}

#[test]
fn a_secret_in_the_clear_is_found() {
    let kill = Kill::At("receive finch 1".to_owned(), How::After);
    let found = found(Action::First, &kill, |stage, _| {
        let secret = stage.finch.client_secret().to_owned();
        fs::write(stage.path("finch.log"), format!("client_secret={secret}")).unwrap();
    });
    assert_eq!(found, "a secret stands in finch.log");
}

/// A kill leaves the system's cache as it is, so that this layer cannot tell whether anything was ever
/// synced. The power-loss layer can.
#[test]
fn a_kill_says_nothing_about_syncs() {
    for step in ["sync wal 1", "sync wal 2", "sync wal 3", "write wal 9", "receive finch 1"] {
        let kill = Kill::At(step.to_owned(), How::After);
        let case = Case { action: Action::Second, kill, weather: Weather::Unsynced, seed: 1 };
        let played = case.play().unwrap();
        assert!(played.ran.killed(), "{step}");
        assert_eq!(played.broken, [""; 0], "{case}");
    }
}

/// A case is found again by the line that a failure prints.
#[test]
fn a_case_is_its_name() {
    let name = "second | half write wal 9 | faults | 42";
    assert_eq!(name.parse::<Case>().unwrap().to_string(), name);
    for nonsense in
        ["", "second | never | calm", "third | never | calm | 1", "first | never | hail | 1"]
    {
        nonsense.parse::<Case>().unwrap_err();
    }
}
