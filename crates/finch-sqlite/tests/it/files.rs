//! The files beside the store and around it: a log without its store, a second name, another owner, a
//! container's volume.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use finch_core::{
    Actionable as _, Commit, ConnectionFilter, StoreError, TokenQuery, TokenStore as _,
};
use finch_sqlite::{
    BackupError, OpenStoreError as E, RestoreError, SqliteOptions, SqliteTokenStore, examine,
    restore,
};
use finch_testkit::{application, store_token};

use crate::support::{Home, beside, by_id, customer, private, token};

/// What a host leaves that was killed with committed rows in its log.
async fn killed() -> Home {
    let running = Home::new();
    let store = running.open();
    store_token(&store, "acme", token("a")).await;
    let home = Home::new();
    for suffix in ["", "-wal"] {
        private(&home.beside(suffix), &fs::read(running.beside(suffix)).unwrap());
    }
    home
}

/// Every way to a store at this place is refused, and names the log that was left; nothing changes.
fn refused_beside(home: &Home, suffix: &str, holds: bool) {
    let content = || (home.names(), fs::read(home.beside(suffix)).unwrap());
    let before = content();
    let refused = [
        SqliteTokenStore::open(home.options()).err(),
        SqliteTokenStore::open(home.options().create(false)).err(),
        examine(&home.path).err(),
    ];
    for error in refused.map(|error| error.expect("a refusal")) {
        let E::LogWithoutStore { path, log, may_hold_tokens } = &error else {
            panic!("{suffix}: {error:?}")
        };
        assert_eq!((path, log), (&home.path, &home.beside(suffix)));
        assert_eq!(*may_hold_tokens, holds, "{suffix}");
        let says = if holds { "the only copy of live tokens" } else { "holds no tokens" };
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.next_step().contains("put the store's file back"), "{error}");
    }
    assert!(content() == before, "{suffix}: the folder has changed");
}

#[tokio::test]
async fn no_store_is_made_beside_a_log() {
    let home = killed().await;
    let away = beside(&home.path, ".away");
    fs::rename(&home.path, &away).unwrap();
    refused_beside(&home, "-wal", true);
    let backup = killed().await;
    let refused = restore(&backup.path, &home.options(), |_, _| {}).unwrap_err();
    let RestoreError::Place(E::Exists { path }) = &refused else { panic!("{refused:?}") };
    assert_eq!(*path, home.beside("-wal"));
    private(&home.path, b"");
    refused_beside(&home, "-wal", true);
    let backup = SqliteTokenStore::open(backup.options()).unwrap();
    let refused = backup.backup(&home.path, |_, _| {}).await.unwrap_err();
    assert!(matches!(refused, BackupError::Place(E::Exists { .. })), "{refused:?}");
    // Both together again.
    fs::rename(&away, &home.path).unwrap();
    assert_eq!(by_id(&home.open(), "a").await.tokens.len(), 1);
}

/// SQLite takes a file of one byte for an empty one, and deletes the log beside it.
#[tokio::test]
async fn a_file_too_short_for_a_database_empties_no_log() {
    let home = killed().await;
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
    let home = killed().await;
    fs::remove_file(&home.path).unwrap();
    for target in [home.path.clone(), "finch.db".into()] {
        let link = home.folder.path().join("link.db");
        symlink(target, &link).unwrap();
        let options = home.elsewhere("link.db").create(true);
        let error = SqliteTokenStore::open(options).expect_err("no store");
        let E::LogWithoutStore { path, log, .. } = &error else { panic!("{error:?}") };
        assert_eq!((path, log), (&home.path, &home.beside("-wal")));
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

#[tokio::test]
async fn an_empty_file_becomes_a_store_and_a_half_made_one_is_no_store() {
    let home = Home::new();
    private(&home.path, b"");
    // As a process leaves it that was killed while it made the store.
    private(&beside(&home.path, ".part"), &[1; 5000]);
    private(&beside(&home.path, ".part-journal"), &[2; 5000]);
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    assert_eq!(home.names(), ["finch.db", "finch.db-shm", "finch.db-wal"]);
    assert_eq!(fs::metadata(&home.path).unwrap().mode() & 0o7777, 0o600);
    drop(store);
    assert_eq!(home.names(), ["finch.db"]);
    assert_eq!(by_id(&home.open(), "a").await.tokens.len(), 1);
}

#[tokio::test]
async fn a_journal_that_is_no_file_is_refused() {
    for suffix in ["-wal", "-shm", "-journal"] {
        let home = killed().await;
        let away = home.folder.path().join("elsewhere");
        let _ = fs::remove_file(home.beside(suffix));
        fs::write(&away, "").unwrap();
        symlink(&away, home.beside(suffix)).unwrap();
        let error = SqliteTokenStore::open(home.options()).unwrap_err();
        assert!(
            matches!(&error, E::NotAFile { path } if *path == home.beside(suffix)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_store_with_a_second_name_is_refused() {
    let home = killed().await;
    let other = home.folder.path().join("other.db");
    fs::hard_link(&home.path, &other).unwrap();
    for path in [&home.path, &other] {
        let options = SqliteOptions::new(path, application());
        for error in [SqliteTokenStore::open(options).unwrap_err(), examine(path).unwrap_err()] {
            assert!(
                matches!(&error, E::SeveralNames { path: of, names: 2 } if of.file_name() == path.file_name()),
                "{error:?}"
            );
            assert!(error.next_step().contains("-samefile"), "{error}");
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
    let (home, container) = (killed().await, Home::new());
    fs::write(&container.path, "").unwrap();
    let mut mount = Command::new("mount");
    mount.arg("--bind").args([&home.path, &container.path]);
    if !mount.output().is_ok_and(|ran| ran.status.success()) {
        println!("skipped: this user may not mount");
        return;
    }
    let error = SqliteTokenStore::open(container.options()).err();
    Command::new("umount").arg(&container.path).output().unwrap();
    assert!(matches!(&error, Some(E::MountedAlone { .. })), "{error:?}");
}

/// It takes root to give files away.
#[tokio::test]
async fn files_and_folders_of_another_user_are_refused() {
    let home = killed().await;
    if fs::metadata(&home.path).unwrap().uid() != 0 {
        println!("skipped: only root can give a file to another user");
        return;
    }
    let folder = home.folder.path().canonicalize().unwrap();
    for path in [&home.path, &home.beside("-wal"), &folder] {
        chown(path, Some(UNPRIVILEGED), None).unwrap();
        let opened = SqliteTokenStore::open(home.options()).unwrap_err();
        for error in [opened, examine(&home.path).unwrap_err()] {
            assert!(
                matches!(&error, E::OtherOwner { path: of, owner: UNPRIVILEGED, user: 0 } if of == path),
                "{error:?}"
            );
        }
        chown(path, Some(0), None).unwrap();
    }
    let store = home.open();
    let elsewhere = Home::new();
    chown(elsewhere.folder.path(), Some(UNPRIVILEGED), None).unwrap();
    let refused = store.backup(&elsewhere.path, |_, _| {}).await.unwrap_err();
    assert!(
        matches!(&refused, BackupError::Place(E::OtherOwner { owner: UNPRIVILEGED, .. })),
        "{refused:?}"
    );
    let refused = SqliteTokenStore::open(elsewhere.options()).unwrap_err();
    assert!(matches!(refused, E::OtherOwner { .. }), "{refused:?}");
    assert!(elsewhere.names().is_empty());
}

const UNPRIVILEGED: u32 = 65534;
const GROUP: u32 = 54321;
const HERE: &str = "FINCH_TEST_VOLUME";

/// A volume as Kubernetes mounts it with `fsGroup`: root's, writable for a group of the process; and when
/// it is mounted again, that group has got the right to read and write each file.
#[tokio::test]
async fn a_volume_of_the_processs_group_holds_a_store() {
    let options = |path: PathBuf| SqliteOptions::new(path, application()).create(true);
    if let Some(path) = std::env::var_os(HERE) {
        let store = SqliteTokenStore::open(options(path.into())).unwrap();
        store.commit(Commit::default()).await.unwrap();
        return;
    }
    let home = Home::new();
    let folder = home.folder.path();
    if fs::metadata(folder).unwrap().uid() != 0 {
        println!("skipped: only root can give a folder to a group");
        return;
    }
    let run = || {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "files::a_volume_of_the_processs_group_holds_a_store"]);
        child.env(HERE, &home.path);
        std::os::unix::process::CommandExt::uid(&mut child, UNPRIVILEGED);
        std::os::unix::process::CommandExt::gid(&mut child, GROUP);
        child.output()
    };
    chown(folder, Some(0), Some(GROUP)).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o2775)).unwrap();
    for mounted_again in [false, true] {
        if mounted_again {
            fs::set_permissions(&home.path, Permissions::from_mode(0o660)).unwrap();
        }
        match run() {
            Ok(ran) => {
                assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
            }
            Err(error) => return println!("skipped: another user may not run this test: {error}"),
        }
        let made = fs::metadata(&home.path).unwrap();
        assert_eq!((made.uid(), made.gid()), (UNPRIVILEGED, GROUP));
    }
    // The group is not this process's.
    let refused = SqliteTokenStore::open(options(home.path.clone())).unwrap_err();
    assert!(matches!(refused, E::FolderExposed { .. }), "{refused:?}");
}

/// SQLite itself would go on with files that were deleted, and say that all is well.
#[tokio::test]
async fn a_file_that_was_replaced_or_deleted_gives_no_token_and_takes_nothing_more() {
    let home = Home::new();
    let store = home.open();
    let id = store_token(&store, "acme", token("a")).await;
    let (acme, a) = (customer("acme"), "a".parse().unwrap());
    let away = beside(&home.path, ".away");
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
            let backup = store.backup(&home.folder.path().join("backup"), |_, _| {}).await;
            let failures = [
                store.usable_token(&acme, &a, &TokenQuery::default()).await.map(drop),
                store.sealed(id).await.map(drop),
                store.connections(&ConnectionFilter::All, None, 9).await.map(drop),
                store.commit(Commit::default()).await.map(drop),
                match backup {
                    Err(BackupError::Store(error)) => Err(error),
                    other => panic!("{other:?}"),
                },
            ];
            for error in failures.map(|done| done.expect_err("a failure")) {
                let StoreError::Backend(why) = &error else { panic!("{error:?}") };
                let says = why.to_string();
                assert!(says.contains("moved or deleted while it was open"), "{says}");
                assert!(says.contains(path.to_str().unwrap()), "{says}");
            }
            // A file in its place, or what SQLite has made there, goes.
            let _ = fs::remove_file(&path);
            fs::rename(&away, &path).unwrap();
            store.commit(Commit::default()).await.unwrap();
            assert!(store.usable_token(&acme, &a, &TokenQuery::default()).await.unwrap().is_some());
            assert!(store.sealed(id).await.unwrap().is_some());
        }
    }
    fs::remove_file(&home.path).unwrap();
    assert!(store.usable_token(&acme, &a, &TokenQuery::default()).await.is_err());
    assert!(store.commit(Commit::default()).await.is_err());
}
