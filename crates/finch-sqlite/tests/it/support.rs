//! A store in a folder of its own.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use finch_core::{
    Actionable as _, Actor, Commit, Connection, ConnectionId, Draft, EventQuery, Evidence, Grant,
    Intent, SecretRow, Selector, StoreError, Token, TokenQuery, TokenState, TokenStore, decide,
};
use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreFileError, StoreProblem, examine};
use finch_testkit::{application, at, facts, grant, store_token, unchanged};
use tempfile::TempDir;

/// All events that a test makes.
pub(crate) const EVERYTHING: EventQuery<'_> =
    EventQuery { customer: None, connection: None, since: None, after: None, limit: 9999 };

/// A folder with the path of a store.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::of(tempfile::tempdir().unwrap())
    }

    /// In memory, where the machine has such a place: for thousands of stores.
    pub(crate) fn fast() -> Self {
        let mut builder = tempfile::Builder::new();
        builder.permissions(Permissions::from_mode(0o700));
        Self::of(builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir()).unwrap())
    }

    pub(crate) fn of(folder: TempDir) -> Self {
        let path = folder.path().canonicalize().unwrap().join("finch.db");
        Self { folder, path }
    }

    /// A store with one token, closed.
    pub(crate) async fn used() -> Self {
        let home = Self::new();
        store_token(&home.open(), "acme", token("a")).await;
        home
    }

    /// A copy of this store as a process leaves it that is killed now.
    pub(crate) fn killed(&self) -> Self {
        let home = Self::new();
        for suffix in ["", "-wal"] {
            private(&home.beside(suffix), &fs::read(self.beside(suffix)).unwrap());
        }
        home
    }

    /// What a host leaves that was killed with committed rows in its log.
    pub(crate) async fn killed_in_use() -> Self {
        let running = Self::new();
        let store = running.open();
        store_token(&store, "acme", token("a")).await;
        running.killed()
    }

    /// The options that make a store where there is none.
    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions::create(&self.path, application())
    }

    /// The options for an existing store at another path.
    pub(crate) fn elsewhere(&self, name: &str) -> SqliteOptions {
        SqliteOptions::new(self.at(name), application())
    }

    pub(crate) fn open(&self) -> SqliteTokenStore {
        SqliteTokenStore::open(self.options()).unwrap()
    }

    /// Opens an existing store.
    pub(crate) fn existing(&self) -> Result<SqliteTokenStore, StoreFileError> {
        SqliteTokenStore::open(self.elsewhere("finch.db"))
    }

    /// The file, by another program's eyes. Not while a store of this process is open on it, but
    /// through SQLite.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(&self.path).unwrap();
        db.execute_batch("PRAGMA synchronous = OFF").unwrap();
        db
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.at(&format!("finch.db{suffix}"))
    }

    /// Another path in the folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    /// The names in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = fs::read_dir(self.folder.path()).unwrap();
        let mut all: Vec<_> = all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }
}

/// Opens it, expects to be refused, and that nothing has changed in the folder.
#[track_caller]
pub(crate) fn refused(home: &Home, options: SqliteOptions) -> StoreProblem {
    let snapshot = || {
        home.names().into_iter().map(|name| {
            let found = fs::metadata(home.at(&name)).map(|found| found.mode());
            (found.ok(), fs::read(home.at(&name)).ok(), name)
        })
    };
    let before: Vec<_> = snapshot().collect();
    let error = SqliteTokenStore::open(options).expect_err("a refusal");
    assert!(snapshot().eq(before), "{error}: the folder has changed");
    assert!(!error.next_step().is_empty());
    error.problem
}

/// Opening the store, opening it if it exists, and examining it.
pub(crate) fn errors(home: &Home) -> [StoreFileError; 3] {
    let opened = SqliteTokenStore::open(home.options()).map(drop);
    [opened, home.existing().map(drop), examine(&home.path).map(drop)]
        .map(|refused| refused.expect_err("a refusal"))
}

/// Writes a file that only its owner may read.
pub(crate) fn private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    mode(path, 0o600);
}

pub(crate) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A token of Gusto's, alone in its connection.
pub(crate) fn token(name: &str) -> Grant {
    grant(&format!("secret-of-{name}"), facts(name, "gusto", name))
}

/// Whether acme has a usable token under this `connection_id`.
pub(crate) async fn is_usable(store: &SqliteTokenStore, id: &str) -> Result<bool, StoreError> {
    let (acme, id) = ("acme".parse().unwrap(), id.parse().unwrap());
    Ok(store.usable_token(&acme, &id, &TokenQuery::default()).await?.is_some())
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
