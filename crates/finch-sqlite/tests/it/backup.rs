//! Backups, and stores restored from them.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use finch_core::{EventQuery, InstanceId, StoreError, TokenQuery, TokenStore as _};
use finch_sqlite::{
    BackupError, OpenStoreError, RestoreError, Restored, SqliteOptions, SqliteTokenStore, examine,
    restore,
};
use finch_testkit::{at, claimed, fingerprint, new_attempt, store_token};

use crate::support::{Home, by_id, customer, end, fence, private, token};

impl Home {
    /// Restores the backup `b`.
    fn restored(&self) -> Result<Restored, RestoreError> {
        restore(&self.at("b"), &self.elsewhere("new.db"), |_, _| {})?.finish()
    }
}

async fn back_up(store: &SqliteTokenStore, to: &Path) {
    store.backup(to, |_, _| {}).await.unwrap();
}

/// The store at `path`, with the first page of a table overwritten that neither needs.
fn damaged(whole: &[u8], path: &Path, table: &str) -> Vec<u8> {
    let db = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let page: u32 = db.query_row(sql, [table], |row| row.get(0)).unwrap();
    let mut damaged = whole.to_vec();
    damaged[(page as usize - 1) * 4096..][..4096].fill(0x5a);
    damaged
}

#[tokio::test]
async fn a_backup_is_one_private_file_and_a_store() {
    let home = Home::new();
    let store = home.open();
    for name in ["a", "b"] {
        store_token(&store, "acme", token(name)).await;
    }
    let done = store.backup(&home.at("b"), |done, all| assert!(done <= all)).await.unwrap();
    assert_eq!((done.connections, done.tokens), (2, 2));
    let found = fs::metadata(home.at("b")).unwrap();
    assert_eq!(found.permissions().mode() & 0o7777, 0o600);
    assert_eq!(found.len(), done.bytes);
    for suffix in ["-wal", "-shm", "-journal", ".part"] {
        assert!(!home.at(&format!("b{suffix}")).exists(), "{suffix}");
    }
    let text = fs::read(home.at("b")).unwrap();
    assert_eq!(text[18..20], [1, 1], "no journal is needed to read it");
    let again = SqliteTokenStore::open(home.elsewhere("b")).unwrap();
    let (acme, id) = (customer("acme"), "b".parse().unwrap());
    assert!(again.usable_token(&acme, &id, &TokenQuery::default()).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    fs::write(home.at("b"), "another file").unwrap();
    let refused = store.backup(&home.at("b"), |_, _| {}).await.expect_err("it exists");
    assert!(matches!(refused, BackupError::Place(OpenStoreError::Exists { .. })), "{refused:?}");
    assert_eq!(fs::read(home.at("b")).unwrap(), b"another file");
    fs::remove_file(home.at("b")).unwrap();
    back_up(&store, &home.at("b")).await;
    let before = fs::read(home.at("b")).unwrap();
    let refused = restore(&home.at("b"), &home.options(), |_, _| {});
    assert!(matches!(refused, Err(RestoreError::Place(OpenStoreError::Exists { .. }))));
    // A journal that stayed behind would be played into the new store.
    fs::write(home.at("new.db-wal"), "left over").unwrap();
    let refused = home.restored().expect_err("a journal is there");
    assert!(
        matches!(&refused, RestoreError::Place(OpenStoreError::Exists { path }) if *path == home.at("new.db-wal")),
        "{refused:?}"
    );
    assert!(!home.at("new.db").exists());
    assert_eq!(fs::read(home.at("b")).unwrap(), before);
}

#[tokio::test]
async fn places_where_no_backup_can_be() {
    let home = Home::new();
    let store = home.open();
    let error = store.backup(&home.at("no/such/b"), |_, _| {}).await.expect_err("no folder");
    assert!(matches!(error, BackupError::Place(OpenStoreError::NoFolder { .. })), "{error:?}");
    let open = home.at("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    let error = store.backup(&open.join("b"), |_, _| {}).await.expect_err("open to others");
    assert!(matches!(error, BackupError::Place(OpenStoreError::FolderExposed { .. })), "{error:?}");
    assert_eq!(fs::read_dir(open).unwrap().count(), 0);
}

/// Each word of the other thread is in the backup with all that it stands on, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backup_is_of_one_moment_while_others_write() {
    let home = Home::new();
    let store = Arc::new(home.open());
    store_token(&*store, "acme", token("first")).await;
    let stop = Arc::new(AtomicBool::new(false));
    // Another handle is as good as another process.
    let (other, stopped) = (home.open(), stop.clone());
    let writes = tokio::spawn(async move {
        let mut n = 0;
        while !stopped.load(Ordering::SeqCst) || n < 20 {
            store_token(&other, "acme", token(&format!("t{n}"))).await;
            let state = fingerprint(&format!("more {n}"));
            other.open_attempt(new_attempt("acme"), &state).await.unwrap();
            n += 1;
        }
        n
    });
    for n in 0..8 {
        back_up(&store, &home.at(&format!("b{n}"))).await;
    }
    stop.store(true, Ordering::SeqCst);
    assert!(writes.await.unwrap() >= 20);
    let mut seen = Vec::new();
    for n in 0..8 {
        let name = format!("b{n}");
        let backup = SqliteTokenStore::open(home.elsewhere(&name)).unwrap();
        let verified = backup.verify(|_, _| {}).await.unwrap();
        assert!(verified.is_sound(), "{verified:?}");
        let all = EventQuery {
            customer: None,
            connection: None,
            since: None,
            after: None,
            limit: usize::MAX,
        };
        let events = backup.events(&all).await.unwrap().len();
        let db = rusqlite::Connection::open(home.at(&name)).unwrap();
        let tokens: u32 =
            db.query_row("SELECT count(*) FROM tokens", [], |row| row.get(0)).unwrap();
        assert_eq!(events, 2 * tokens as usize, "a connection and a token each");
        seen.push(tokens);
    }
    assert!(seen.is_sorted() && seen[0] < seen[7], "others wrote meanwhile: {seen:?}");
}

#[tokio::test]
async fn a_restored_store_is_the_backup_without_its_leases() {
    let home = Home::new();
    let store = home.open();
    for name in ["live", "ending", "ended"] {
        store_token(&store, "acme", token(name)).await;
    }
    store.commit(fence(&by_id(&store, "ending").await)).await.unwrap();
    end(&store, "ended").await;
    claimed(&store, "acme", "lost").await;
    let live = by_id(&store, "live").await;
    let me = InstanceId::from("me".to_owned());
    store.lease(live.key, &me, at(40)).await.unwrap();
    store.take_turn(std::time::Duration::from_secs(1), at(40)).await.unwrap();
    back_up(&store, &home.at("b")).await;
    let before = fs::read(home.at("b")).unwrap();

    let restored = home.restored().unwrap();
    assert_eq!((restored.connections, restored.open_disconnects), (3, 1));
    assert_eq!(restored.unfinished_exchanges, 1);
    assert_eq!(restored.taken, at(5), "the last thing that happened");
    assert_eq!(fs::read(home.at("b")).unwrap(), before, "the backup stays as it is");
    let new = SqliteTokenStore::open(home.elsewhere("new.db")).unwrap();
    for name in ["live", "ending", "ended"] {
        let (was, is) = (by_id(&store, name).await, by_id(&new, name).await);
        assert_eq!(was, is);
        let id = is.tokens[0].id;
        assert_eq!(new.sealed(id).await.unwrap(), store.sealed(id).await.unwrap(), "{name}");
    }
    let you = InstanceId::from("you".to_owned());
    let leased = new.lease(live.key, &you, at(41)).await.unwrap();
    assert!(matches!(leased, finch_core::Leased::Taken), "{leased:?}: no lease is held");
    let turn = new.take_turn(std::time::Duration::from_secs(1), at(40)).await.unwrap();
    assert_eq!(turn, at(40), "no turn was taken");
}

/// Until it is finished, nothing has the store's name; and what was written through it is in it then.
#[tokio::test]
async fn a_restore_has_its_name_once_it_is_finished() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    back_up(&store, &home.at("b")).await;
    drop(store);
    let begin = || restore(&home.at("b"), &home.elsewhere("new.db"), |_, _| {}).unwrap();
    let abandoned = begin();
    let again = restore(&home.at("b"), &home.elsewhere("new.db"), |_, _| {}).expect_err("one");
    assert!(matches!(again, RestoreError::Place(OpenStoreError::Busy { .. })), "{again:?}");
    store_token(&abandoned.store().unwrap(), "acme", token("gone")).await;
    drop(abandoned);
    assert_eq!(home.names(), ["b", "finch.db"]);

    let restoring = begin();
    let inside = restoring.store().unwrap();
    assert_eq!(by_id(&inside, "a").await.tokens.len(), 1);
    store_token(&inside, "acme", token("more")).await;
    assert!(!home.at("new.db").exists());
    drop(inside);
    let restored = restoring.finish().unwrap();
    assert_eq!((restored.taken, restored.connections), (at(2), 1), "of the backup");
    assert_eq!(home.names(), ["b", "finch.db", "new.db"]);
    let new = SqliteTokenStore::open(home.elsewhere("new.db")).unwrap();
    assert_eq!(by_id(&new, "more").await.tokens.len(), 1);
}

/// A store that is still open elsewhere gets no name: what is written to it would be lost.
#[tokio::test]
async fn a_restore_that_is_in_use_is_not_finished() {
    let home = Home::new();
    store_token(&home.open(), "acme", token("a")).await;
    back_up(&home.open(), &home.at("b")).await;
    let options = home.elsewhere("new.db").busy_timeout(std::time::Duration::from_millis(30));
    let restoring = restore(&home.at("b"), &options, |_, _| {}).unwrap();
    let _in_use = restoring.store().unwrap();
    let refused = restoring.finish().expect_err("in use");
    let busy = matches!(&refused, RestoreError::Place(OpenStoreError::Busy { .. }));
    assert!(busy, "{refused:?}");
    assert!(!home.at("new.db").exists());
}

/// As a kill leaves it: the lock is free, and half a file is there. Nothing opens it, and the next one clears
/// it away.
#[tokio::test]
async fn a_restore_that_was_killed_leaves_no_store() {
    let home = Home::new();
    store_token(&home.open(), "acme", token("a")).await;
    back_up(&home.open(), &home.at("b")).await;
    let whole = fs::read(home.at("b")).unwrap();
    fs::write(home.at("new.db.part"), &whole[..whole.len() / 2]).unwrap();
    fs::write(home.at("new.db.part-journal"), &whole).unwrap();
    let gone = SqliteTokenStore::open(home.elsewhere("new.db")).expect_err("no store");
    assert!(matches!(gone, OpenStoreError::Missing { .. }), "{gone:?}");
    home.restored().unwrap();
    assert_eq!(home.names(), ["b", "finch.db", "new.db"]);
}

/// A snapshot of the whole folder while no process used it: database and journal.
#[tokio::test]
async fn a_snapshot_with_its_journal_can_be_restored() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    for suffix in ["", "-wal"] {
        private(&home.at(&format!("b{suffix}")), &fs::read(home.beside(suffix)).unwrap());
    }
    assert!(fs::metadata(home.at("b-wal")).unwrap().len() > 0);
    assert_eq!(home.restored().unwrap().connections, 1);
    assert!(home.at("b-wal").exists(), "the snapshot stays as it is");
    let new = SqliteTokenStore::open(home.elsewhere("new.db")).unwrap();
    assert_eq!(by_id(&new, "a").await, by_id(&store, "a").await);
}

#[tokio::test]
async fn what_is_no_backup_of_this_store_is_refused() {
    type E = OpenStoreError;
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    back_up(&store, &home.at("good")).await;
    let good = fs::read(home.at("good")).unwrap();
    let put = |content: &[u8]| private(&home.at("b"), content);
    let refused = |options: &SqliteOptions| {
        let before = fs::read(home.at("b")).ok();
        let error = restore(&home.at("b"), options, |_, _| {}).expect_err("refused");
        assert_eq!(fs::read(home.at("b")).ok(), before, "{error}");
        for name in ["new.db", "new.db.part", "new.db-wal", "new.db.part-wal", "b-wal", "b-shm"] {
            assert!(!home.at(name).exists(), "{name}: {error}");
        }
        match error {
            RestoreError::Backup(why) => why,
            other => panic!("{other:?}"),
        }
    };
    let options = home.elsewhere("new.db");
    assert!(matches!(refused(&options), E::Missing { .. }));
    put(b"a letter to my mother");
    assert!(matches!(refused(&options), E::NotAStore { .. }));
    put(b"");
    assert!(matches!(refused(&options), E::Missing { .. }));
    for length in (0..good.len()).step_by(4096).skip(1).chain([good.len() - 1, 4095, 600]) {
        put(&good[..length]);
        assert!(matches!(refused(&options), E::Corrupt { .. }), "{length} of {}", good.len());
    }
    put(&damaged(&good, &home.at("good"), "secrets"));
    assert!(matches!(refused(&options), E::Corrupt { .. }));
    put(&good);
    let db = rusqlite::Connection::open(home.at("b")).unwrap();
    db.execute_batch("UPDATE store SET client_id = 'another'").unwrap();
    drop(db);
    assert!(matches!(refused(&options), E::OtherApplication { .. }));
    put(&good);
    home.restored().unwrap();
}

/// Of a damaged store there is no backup: it would be relied on.
#[tokio::test]
async fn a_damaged_store_is_not_backed_up() {
    let home = Home::new();
    for n in 0..40 {
        store_token(&home.open(), "acme", token(&format!("t{n}"))).await;
    }
    let whole = fs::read(&home.path).unwrap();
    fs::write(&home.path, damaged(&whole, &home.path, "secrets")).unwrap();
    let store = home.open();
    let refused = store.backup(&home.at("b"), |_, _| {}).await.expect_err("it is damaged");
    assert!(matches!(refused, BackupError::Store(StoreError::Corrupt(_))), "{refused:?}");
    assert!(!home.at("b").exists() && !home.at("b.part").exists());
}

/// While others use it, too; and not a byte is written.
#[tokio::test]
async fn examining_a_store_changes_nothing() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    let used = examine(&home.path).unwrap();
    assert!(used.is_sound);
    assert_eq!((used.is_empty, used.keyring, used.id), (false, None, store.binding().store));
    drop(store);
    let before = fs::read(&home.path).unwrap();
    let found = examine(&home.path).unwrap();
    let names = fs::read_dir(home.folder.path()).unwrap().count();
    assert_eq!((names, fs::read(&home.path).unwrap() == before), (1, true));
    assert_eq!(found.application, finch_testkit::application());
    fs::set_permissions(&home.path, Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(examine(&home.path), Err(OpenStoreError::Exposed { .. })));
    assert!(matches!(examine(&home.at("no")), Err(OpenStoreError::Missing { .. })));
}
