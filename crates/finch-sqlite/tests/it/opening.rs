//! What is refused, with which error, and that a file which is refused stays as it was.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    time::Duration,
};

use finch_core::{Application, ClientId, Commit, Origin, StoreError, TokenStore as _};
use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreProblem as P};
use finch_testkit::{application, store_token};

use crate::support::{Home, by_id, private, refused, token};

#[test]
fn sqlite_is_recent_enough() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[tokio::test]
async fn a_new_store_is_private_and_opens_again() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(fs::metadata(home.beside(suffix)).unwrap().mode() & 0o7777, 0o600, "{suffix}");
    }
    drop(store);
    let again = home.existing().unwrap();
    assert_eq!(again.binding().application, application());
    assert_eq!(by_id(&again, "a").await.tokens.len(), 1);
}

#[test]
fn nothing_is_made_where_no_store_can_be() {
    let home = Home::new();
    let existing = || home.elsewhere("finch.db");
    assert_eq!(refused(&home, existing()), P::Missing);
    private(&home.path, b"");
    assert_eq!(refused(&home, existing()), P::Missing);
    for path in ["finch.db/no/such/finch.db", "missing/finch.db"] {
        let options = SqliteOptions { create: true, ..home.elsewhere(path) };
        assert_eq!(refused(&home, options), P::NoFolder, "{path}");
    }
    fs::remove_file(&home.path).unwrap();
    fs::create_dir(&home.path).unwrap();
    assert_eq!(refused(&home, home.options()), P::NotAFile);
    fs::remove_dir(&home.path).unwrap();
    symlink("/nonexistent/finch.db", &home.path).unwrap();
    assert_eq!(refused(&home, home.options()), P::NotAFile);
}

#[tokio::test]
async fn what_is_no_store_of_this_release_is_refused() {
    let home = Home::new();
    for length in [1, 5, 20, 100, 511, 600, 5000, 8192] {
        private(&home.path, &b"plain text ".repeat(1000)[..length]);
        assert_eq!(refused(&home, home.options()), P::NotAStore, "{length}");
    }
    for journal in ["DELETE", "WAL"] {
        private(&home.path, b"");
        for sql in ["CREATE TABLE notes (x)", "PRAGMA application_id = 7"] {
            let sql = format!("PRAGMA journal_mode = {journal}; {sql}");
            home.sql().execute_batch(&sql).unwrap();
            assert_eq!(refused(&home, home.options()), P::NotAStore, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_store_of_another_version_is_refused() {
    let home = Home::used().await;
    for found in [99, 2, 0] {
        home.sql().execute_batch(&format!("PRAGMA user_version = {found}")).unwrap();
        assert_eq!(refused(&home, home.options()), P::OtherVersion { found, known: 1 });
    }
}

fn options_of(home: &Home, client_id: &str, origin: &str) -> SqliteOptions {
    let client_id = ClientId::new(client_id).unwrap();
    SqliteOptions::create(
        &home.path,
        Application { client_id, origin: Origin::new(origin).unwrap() },
    )
}

#[tokio::test]
async fn a_store_of_another_application_is_refused_and_names_both() {
    let home = Home::used().await;
    let Application { client_id, origin } = application();
    let (client_id, bound) = (client_id.as_str(), application());
    for options in [
        options_of(&home, "other", origin.as_str()),
        options_of(&home, client_id, "https://api.tryfinch.com"),
    ] {
        let asked = options.application.clone();
        let problem = refused(&home, options);
        let text = problem.to_string();
        assert!(text.contains(&bound.to_string()) && text.contains(&asked.to_string()), "{text}");
        assert_eq!(problem, P::OtherApplication { bound: bound.clone(), asked });
    }
    // Another name of this machine is no other application.
    for address in ["http://localhost:1", "http://[::1]:1/x/"] {
        let store = SqliteTokenStore::open(options_of(&home, client_id, address)).unwrap();
        assert_eq!(by_id(&store, "a").await.tokens.len(), 1);
        store.commit(Commit::default()).await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_store_is_bound_again() {
    let home = Home::new();
    drop(home.open());
    let options = options_of(&home, "other", application().origin.as_str());
    // A process that has it open from before writes nothing for the application of before.
    let stale = home.open();
    let store = SqliteTokenStore::open(options.clone()).unwrap();
    assert_eq!(store.binding().application, options.application);
    let written =
        format!("{:?}", stale.commit(Commit::default()).await.expect_err("another application"));
    assert!(written.contains("bound to another application"), "{written}");
    drop((stale, store));
    assert_eq!(finch_sqlite::examine(&home.path).unwrap().binding.application, options.application);
    store_token(&home.open(), "acme", token("b")).await;
    assert!(matches!(refused(&home, options), P::OtherApplication { .. }));
}

/// What a crash leaves in the log stays there, too, while the store is refused.
#[tokio::test]
async fn a_log_is_not_touched_by_a_refusal() {
    let home = Home::used().await;
    let store = home.open();
    store_token(&store, "acme", token("b")).await;
    let crashed = home.killed();
    let content = || [fs::read(&crashed.path).unwrap(), fs::read(crashed.beside("-wal")).unwrap()];
    let before = content();
    assert!(!before[1].is_empty(), "there is a log");
    let options = options_of(&crashed, "other", application().origin.as_str());
    let error = SqliteTokenStore::open(options).expect_err("another application");
    assert!(matches!(error.problem, P::OtherApplication { .. }));
    assert!(before == content());
    assert_eq!(by_id(&crashed.open(), "b").await.tokens.len(), 1);
}

#[tokio::test]
async fn a_locked_store_is_busy() {
    let home = Home::used().await;
    let options = SqliteOptions { busy_timeout: Duration::from_millis(30), ..home.options() };
    let store = SqliteTokenStore::open(options.clone()).unwrap();
    let other = home.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(Commit::default()).await.expect_err("locked");
    assert!(matches!(error, StoreError::Busy), "{error:?}");
    other.execute_batch("COMMIT").unwrap();
    store.commit(Commit::default()).await.unwrap();
    drop(store);
    let exclusive =
        "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; UPDATE store SET seq = seq; COMMIT";
    other.execute_batch(exclusive).unwrap();
    assert_eq!(SqliteTokenStore::open(options).expect_err("locked").problem, P::Busy);
    drop(other);
    assert!(home.existing().is_ok());
}

/// Of several that make the same store at once, one does, and all open it.
#[test]
fn many_may_make_the_same_store() {
    let home = Home::new();
    std::thread::scope(|scope| {
        let open = || SqliteTokenStore::open(home.options()).map(drop);
        let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        for one in all {
            one.join().unwrap().unwrap();
        }
    });
}
