//! A store in a folder of its own.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use finch_core::{
    Actor, Application, Commit, Connection, ConnectionId, CustomerId, Draft, Evidence, Grant,
    Intent, SecretRow, Selector, Token, TokenState, TokenStore, decide,
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

    /// The options of another application.
    pub(crate) fn options_of(&self, application: Application) -> SqliteOptions {
        SqliteOptions::new(&self.path, application).create(true)
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

    /// Another path in the folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    /// The options for an existing store at another path.
    pub(crate) fn elsewhere(&self, name: &str) -> SqliteOptions {
        SqliteOptions::new(self.at(name), application())
    }

    /// The names in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = fs::read_dir(self.folder.path()).unwrap();
        let mut all: Vec<_> = all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
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
