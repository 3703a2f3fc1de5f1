//! The files beside the store and around it: a log without its store, a second name, another file in its place.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    path::Path,
    process::Command,
};

use finch_core::{Commit, ConnectionFilter, StoreError, TokenStore as _};
use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreProblem as P, examine, restore};
use finch_testkit::{application, store_token};

use crate::support::{Home, by_id, errors, is_usable, private, token};

/// Every way to a store at this place is refused, and names the log that was left; nothing changes.
fn refused_beside(home: &Home, suffix: &str, may_hold_tokens: bool) {
    let content = || (home.names(), fs::read(home.beside(suffix)).unwrap());
    let before = content();
    for error in errors(home) {
        let log = home.beside(suffix);
        let left = P::LogWithoutStore { log, may_hold_tokens };
        assert_eq!((&error.path, error.problem), (&home.path, left), "{suffix}");
    }
    assert!(content() == before, "{suffix}: the folder has changed");
}

#[tokio::test]
async fn no_store_is_made_beside_a_log() {
    let home = Home::killed_in_use().await;
    let away = home.beside(".away");
    fs::rename(&home.path, &away).unwrap();
    refused_beside(&home, "-wal", true);
    let backup = Home::killed_in_use().await;
    let refused = restore(&backup.path, &home.options(), |_, _| {}).unwrap_err();
    assert_eq!((refused.path, refused.problem), (home.beside("-wal"), P::Exists));
    private(&home.path, b"");
    refused_beside(&home, "-wal", true);
    // Both together again.
    fs::rename(&away, &home.path).unwrap();
    assert_eq!(by_id(&home.open(), "a").await.tokens.len(), 1);
}

/// SQLite takes a file of one byte for an empty one, and deletes the log beside it.
#[tokio::test]
async fn a_file_too_short_for_a_database_empties_no_log() {
    let home = Home::killed_in_use().await;
    let whole = fs::read(&home.path).unwrap();
    for length in [1, 2, 100, 511] {
        private(&home.path, &whole[..length]);
        refused_beside(&home, "-wal", true);
        private(&home.path, &vec![0; length]);
        refused_beside(&home, "-wal", true);
    }
    private(&home.path, &whole);
    assert_eq!(by_id(&home.open(), "a").await.tokens.len(), 1);
}

#[tokio::test]
async fn a_link_to_where_only_a_log_was_left_names_the_log() {
    let home = Home::killed_in_use().await;
    fs::remove_file(&home.path).unwrap();
    for target in [home.path.clone(), "finch.db".into()] {
        let link = home.folder.path().join("link.db");
        symlink(target, &link).unwrap();
        let options = SqliteOptions { create: true, ..home.elsewhere("link.db") };
        let error = SqliteTokenStore::open(options).expect_err("no store");
        let left = P::LogWithoutStore { log: home.beside("-wal"), may_hold_tokens: true };
        assert_eq!((&error.path, error.problem), (&home.path, left));
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn no_store_is_made_beside_any_other_rest_of_one() {
    let rests: [(&str, &[u8], bool); 5] = [
        ("-wal", b"", false),
        ("-journal", b"", false),
        ("-shm", &[0; 32768], false),
        ("-journal", b"a rollback journal", true),
        ("-wal", b"a log", true),
    ];
    for (suffix, content, holds) in rests {
        let home = Home::new();
        private(&home.beside(suffix), content);
        refused_beside(&home, suffix, holds);
        private(&home.path, b"");
        refused_beside(&home, suffix, holds);
        // What holds tokens is named before what does not.
        if suffix == "-wal" && holds {
            private(&home.beside("-shm"), b"");
            refused_beside(&home, suffix, holds);
        }
        for name in home.names() {
            fs::remove_file(home.folder.path().join(name)).unwrap();
        }
        home.open();
    }
}

/// What a process leaves that was killed while it made a store is cleared away, and not written to: under another
/// name it may be a store in use.
#[tokio::test]
async fn an_empty_file_becomes_a_store_and_a_half_made_one_is_no_store() {
    let home = Home::new();
    private(&home.path, b"");
    private(&home.at("other"), &[1; 5000]);
    fs::hard_link(home.at("other"), home.beside(".part")).unwrap();
    private(&home.beside(".part-journal"), &[2; 5000]);
    assert_eq!(home.existing().unwrap_err().problem, P::Missing);
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    assert_eq!(home.names(), ["finch.db", "finch.db-shm", "finch.db-wal", "other"]);
    assert_eq!(fs::metadata(&home.path).unwrap().mode() & 0o7777, 0o600);
    drop(store);
    assert_eq!(home.names(), ["finch.db", "other"]);
    assert_eq!(fs::read(home.at("other")).unwrap(), [1; 5000]);
    assert_eq!(by_id(&home.open(), "a").await.tokens.len(), 1);
}

#[tokio::test]
async fn a_journal_that_is_no_file_is_refused() {
    for suffix in ["-wal", "-shm", "-journal"] {
        let home = Home::killed_in_use().await;
        let away = home.folder.path().join("elsewhere");
        let _ = fs::remove_file(home.beside(suffix));
        fs::write(&away, "").unwrap();
        symlink(&away, home.beside(suffix)).unwrap();
        let error = SqliteTokenStore::open(home.options()).unwrap_err();
        assert_eq!((error.path, error.problem), (home.beside(suffix), P::NotAFile));
    }
}

#[tokio::test]
async fn a_store_with_a_second_name_is_refused() {
    let home = Home::killed_in_use().await;
    let other = home.folder.path().join("other.db");
    fs::hard_link(&home.path, &other).unwrap();
    for path in [&home.path, &other] {
        let options = SqliteOptions::new(path, application());
        for error in [SqliteTokenStore::open(options).unwrap_err(), examine(path).unwrap_err()] {
            assert_eq!(error.path.file_name(), path.file_name());
            assert_eq!(error.problem, P::SeveralNames { names: 2 });
        }
    }
    // A backup is only read.
    let restored = Home::new();
    restore(&home.path, &restored.options(), |_, _| {}).unwrap().finish().unwrap();
    fs::remove_file(&other).unwrap();
    assert_eq!(by_id(&home.open(), "a").await.tokens.len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_store_that_is_mounted_without_its_folder_is_refused() {
    let (home, container) = (Home::killed_in_use().await, Home::new());
    fs::write(&container.path, "").unwrap();
    let mut mount = Command::new("mount");
    mount.arg("--bind").args([&home.path, &container.path]);
    if !mount.output().is_ok_and(|ran| ran.status.success()) {
        println!("skipped: this user may not mount");
        return;
    }
    let error = SqliteTokenStore::open(container.options()).err();
    Command::new("umount").arg(&container.path).output().unwrap();
    assert_eq!(error.map(|error| error.problem), Some(P::MountedAlone));
}

/// SQLite itself would go on with files that were deleted, and say that all is well.
#[tokio::test]
async fn a_file_that_was_replaced_or_deleted_gives_no_token_and_takes_nothing_more() {
    let home = Home::new();
    let store = home.open();
    let id = store_token(&store, "acme", token("a")).await;
    let away = home.beside(".away");
    let take_away: [fn(&Path, &Path); 2] = [
        |path, away| fs::rename(path, away).unwrap(),
        // A copy that was put in its place.
        |path, away| {
            fs::rename(path, away).unwrap();
            private(path, &fs::read(away).unwrap());
        },
    ];
    for suffix in ["", "-wal", "-shm"] {
        let path = home.beside(suffix);
        for take_away in take_away {
            take_away(&path, &away);
            let backup = store.backup(&home.at("backup"), |_, _| {}).await.expect_err("a failure");
            let why = |error: StoreError| match error {
                StoreError::Backend(why) => why.to_string(),
                other => panic!("{other:?}"),
            };
            let failures = [
                is_usable(&store, "a").await.map(drop),
                store.sealed(id).await.map(drop),
                store.connections(&ConnectionFilter::All, None, 9).await.map(drop),
                store.commit(Commit::default()).await.map(drop),
            ];
            let failures = failures.map(|done| why(done.expect_err("a failure")));
            let source = std::error::Error::source(&backup).map(ToString::to_string);
            for says in failures.into_iter().chain(source) {
                assert!(says.contains("moved or deleted while it was open"), "{says}");
                assert!(says.contains(path.to_str().unwrap()), "{says}");
            }
            assert_eq!(backup.problem, P::System);
            // A file in its place, or what SQLite has made there, goes.
            let _ = fs::remove_file(&path);
            fs::rename(&away, &path).unwrap();
            store.commit(Commit::default()).await.unwrap();
            assert!(is_usable(&store, "a").await.unwrap());
            assert!(store.sealed(id).await.unwrap().is_some());
        }
    }
    fs::remove_file(&home.path).unwrap();
    assert!(is_usable(&store, "a").await.is_err());
    assert!(store.commit(Commit::default()).await.is_err());
}
