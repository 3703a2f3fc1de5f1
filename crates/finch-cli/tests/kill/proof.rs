//! The test of the test: a store that breaks a promise is found out.

use std::{collections::BTreeMap, fs, path::PathBuf};

use finch_testkit::Chance;
use rusqlite::Connection;

use crate::{
    action::{Action, Ready},
    app::App,
    case::note,
    end::LATER,
    promises::broken,
    run::Ran,
    secrets::leaks,
    stage::Stage,
    steps::{How, Kill},
};

/// A store's files.
fn copy(stage: &Stage) -> BTreeMap<PathBuf, Vec<u8>> {
    let files =
        stage.files().into_iter().filter(|path| path.to_str().unwrap().contains("finch.db"));
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Plays a command, lets `spoil` loose on the store, and says what is found.
fn found(action: Action, kill: &Kill, spoil: fn(&Stage, &BTreeMap<PathBuf, Vec<u8>>)) -> String {
    let mut chance = Chance::new(1);
    let stage = Stage::new(&mut chance, true);
    let ready: Ready = action.prepare(&stage, &mut chance);
    let before = copy(&stage);
    let ran: Ran = stage.kill(&ready.arguments, &ready.input, kill);
    note(&stage, action, &ready, &ran);
    stage.clock.pass(LATER);
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
fn a_broken_promise_is_found() {
    let killed = |step: &str, how| Kill::At(step.to_owned(), how);
    let fenced = killed("connect finch 1", How::Before);
    let answered = killed("receive finch 1", How::After);
    type Spoil = fn(&Stage, &BTreeMap<PathBuf, Vec<u8>>);
    let forget: Spoil = |stage, _| sql(stage, "DELETE FROM attempts");
    let wipe: Spoil = |stage, _| {
        let revoked = r#"{"state":"revoked","evidence":{"kind":"refused","request_id":null},"at":"2026-11-21T00:00:00Z"}"#;
        let revoke = format!("UPDATE tokens SET row = json_set(row, '$.state', json('{revoked}'))");
        sql(stage, &format!("{revoke} WHERE customer = 'acme'"));
    };
    let vanish: Spoil = |stage, _| {
        sql(stage, "PRAGMA foreign_keys = OFF; DELETE FROM tokens WHERE customer = 'acme'");
    };
    let print: Spoil = |stage, _| {
        let secret = stage.finch.client_secret().to_owned();
        fs::write(stage.path("finch.log"), format!("client_secret={secret}")).unwrap();
    };
    for (action, kill, spoil, says) in [
        (Action::First, &Kill::Never, put_back as Spoil, "was acknowledged, and is not stored"),
        (Action::Disconnect, &Kill::Never, put_back, "is handed out to acme after its fence"),
        (Action::First, &answered, forget, "1 tokens of acme are lost, and 0 are listed"),
        (Action::Disconnect, &fenced, wipe, "is wiped, and Finch accepts it"),
        (Action::Disconnect, &fenced, vanish, "the record of token"),
        (Action::First, &answered, print, "a secret stands in finch.log"),
    ] {
        let found = found(action, kill, spoil);
        assert!(found.contains(says), "{says}: {found}");
    }
}
