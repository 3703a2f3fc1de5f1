//! A restore that is killed, and the states as SQL writes them.

use std::{fs, path::PathBuf};

use finch_core::{
    Evidence, OperatorName, Query, Token, TokenStore as _,
    testing::{application, at, facts, grant, store_token, unchanged},
};
use finch_seal::Kek;

use super::*;
use crate::SqliteTokenStore;

struct Here {
    folder: tempfile::TempDir,
    key: Arc<Kek>,
}

impl Here {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: Arc::new(Kek::generate().unwrap()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn options(&self, name: &str) -> SqliteOptions {
        SqliteOptions::new(self.path(name), application(), self.key.clone())
    }

    fn names(&self) -> Vec<String> {
        let all = fs::read_dir(self.folder.path()).unwrap();
        let mut all: Vec<_> =
            all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }
}

fn by() -> Actor {
    Actor::Operator(OperatorName::new("a test").unwrap())
}

/// Between the last byte and the name: nothing but a file that nobody opens; and the next one succeeds.
#[tokio::test]
async fn a_restore_that_is_killed_leaves_no_store() {
    let here = Here::new();
    let store = SqliteTokenStore::open(here.options("was.db").create(true)).unwrap();
    store_token(&store, "acme", grant("s", facts("a", "gusto", "a"))).await;
    let backup = here.path("backup");
    store.backup(&backup, |_, _| {}).await.unwrap();
    drop(store);
    let (unnamed, _) = prepare(&backup, &here.options("new.db"), by(), at(9), |_, _| {}).unwrap();
    assert_eq!(here.names(), ["backup", "new.db.part", "was.db"]);
    // As a kill leaves it: the lock is free, the file is there.
    let dead = fs::read(&unnamed.path).unwrap();
    drop(unnamed);
    fs::write(here.path("new.db.part"), &dead[..dead.len() / 2]).unwrap();
    fs::write(here.path("new.db.part-journal"), &dead).unwrap();
    let gone = SqliteTokenStore::open(here.options("new.db")).expect_err("no store");
    assert!(matches!(gone, OpenStoreError::Missing { .. }), "{gone:?}");
    let restored = restore(&backup, &here.options("new.db"), by(), at(9), |_, _| {}).unwrap();
    assert_eq!(here.names(), ["backup", "new.db", "was.db"]);
    assert_eq!(restored.in_doubt, 1);
}

#[tokio::test]
async fn the_rows_say_what_the_rule_says() {
    let revoked =
        TokenState::Revoked { evidence: Evidence::Refused { request_id: None }, at: at(3) };
    let states = [
        TokenState::Active,
        TokenState::Unverified,
        TokenState::Fenced,
        TokenState::Retired,
        TokenState::Superseded,
        TokenState::Quarantined,
        revoked,
    ];
    let here = Here::new();
    let store = SqliteTokenStore::open(here.options("was.db").create(true)).unwrap();
    for state in &states {
        let id = store_token(
            &store,
            "acme",
            grant(state.name(), facts(state.name(), "gusto", state.name())),
        )
        .await;
        let by_id = finch_core::Selector::TokenId(id);
        let seen = store.load(by_id, None).await.unwrap().unwrap();
        let mut commit = unchanged(&seen);
        let row = seen.token(id).unwrap().clone();
        commit.tokens.push(Token { state: state.clone(), ..row });
        commit.connection.agenda = finch_core::Agenda::default();
        store.commit(commit).await.unwrap();
    }
    let backup = here.path("backup");
    store.backup(&backup, |_, _| {}).await.unwrap();
    restore(&backup, &here.options("new.db"), by(), at(9), |_, _| {}).unwrap();
    let restored = SqliteTokenStore::open(here.options("new.db")).unwrap();
    let all = Query { customer: None, connection: None, after: None, limit: 100 };
    let found = restored.connections(&all).await.unwrap();
    let found: Vec<_> = found.iter().map(|c| c.tokens[0].state.clone()).collect();
    assert_eq!(found, states.map(TokenState::after_restore));
    let due = restored.work(Some(finch_core::Due::at(at(0))), None, 100).await.unwrap();
    assert_eq!(due.len(), 1, "the one in doubt is due at once");
}
