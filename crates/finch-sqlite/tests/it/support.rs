//! A store in a folder of its own.

use std::path::{Path, PathBuf};

use finch_core::{
    Actor, Commit, Connection, ConnectionId, CustomerId, Draft, Evidence, Grant, Intent, SecretRow,
    Selector, Token, TokenState, TokenStore, decide,
};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{application, at, facts, grant, unchanged};
use tempfile::TempDir;

/// A folder with the path of a store.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("finch.db");
        Self { folder, path }
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions::new(&self.path, application()).create(true)
    }

    pub(crate) fn open(&self) -> SqliteTokenStore {
        SqliteTokenStore::open(self.options()).unwrap()
    }

    /// The file, by another program's eyes. Not while a store of this process is open on it, but
    /// through SQLite.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(&self.path).unwrap();
        db.execute_batch("PRAGMA synchronous = OFF").unwrap();
        db
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        beside(&self.path, suffix)
    }
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A token of Gusto's, alone in its connection.
pub(crate) fn token(name: &str) -> Grant {
    grant(&format!("secret-of-{name}"), facts(name, "gusto", name))
}

pub(crate) fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).unwrap()
}

pub(crate) async fn by_id(store: &dyn TokenStore, id: &str) -> Connection {
    let id = ConnectionId::new(id).unwrap();
    store.load(Selector::ConnectionId(&id), None).await.unwrap().unwrap()
}

/// Everything that ends a connection here: its tokens are revoked and wiped.
pub(crate) async fn end(store: &dyn TokenStore, id: &str) {
    let seen = by_id(store, id).await;
    let mut commit = unchanged(&seen);
    let wiped = |token: &Token| SecretRow { token: token.id, sealed: None };
    commit.secrets = seen.tokens.iter().map(wiped).collect();
    commit.tokens = seen.tokens.into_iter().map(revoked).collect();
    store.commit(commit).await.unwrap();
}

pub(crate) fn revoked(token: Token) -> Token {
    let evidence = Evidence::Refused { request_id: None };
    Token { state: TokenState::Revoked { evidence, at: at(9) }, ..token }
}

/// What a fence of this connection writes.
pub(crate) fn fence(seen: &Connection) -> Commit {
    let mut draft = Draft::of(seen.clone());
    decide::fence(&mut draft, Intent { by: Actor::Finch, reason: None, at: at(5) });
    draft.finish().expect("a commit")
}
