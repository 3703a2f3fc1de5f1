//! Backups, and stores restored from them.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use finch_core::{InstanceId, TokenStore as _};
use finch_seal::access::AccessError;
use finch_sqlite::{
    Restored, SqliteOptions, SqliteTokenStore, StoreFileError, StoreProblem as P, examine, restore,
};
use finch_testkit::{at, claimed, fingerprint, new_attempt, store_token};

use crate::support::{EVERYTHING, Home, by_id, end, fence, is_usable, mode, private, token};

impl Home {
    /// Restores the backup `b`.
    fn restored(&self) -> Result<Restored, StoreFileError> {
        restore(&self.at("b"), &self.elsewhere("new.db"), |_, _| {})?.finish()
    }

    /// What is wrong with making a backup of a store here.
    async fn refused(&self, to: &str) -> P {
        self.open().backup(&self.at(to), |_, _| {}).await.expect_err("a refusal").problem
    }

    /// A used store, and a backup of it: `b`.
    async fn backed_up() -> Self {
        let home = Self::used().await;
        back_up(&home.open(), &home.at("b")).await;
        home
    }
}

async fn back_up(store: &SqliteTokenStore, to: &Path) {
    store.backup(to, |_, _| {}).await.unwrap();
}

/// The store at `path`, with the first page of a table overwritten that neither needs.
fn damaged(path: &Path) -> Vec<u8> {
    let db = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'secrets'";
    let page: u32 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(db);
    let mut damaged = fs::read(path).unwrap();
    damaged[(page as usize - 1) * 4096..][..4096].fill(0x5a);
    damaged
}

#[tokio::test]
async fn a_backup_is_one_private_file_and_a_store() {
    let home = Home::used().await;
    let store = home.open();
    store_token(&store, "acme", token("b")).await;
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
    assert!(is_usable(&again, "b").await.unwrap());
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let home = Home::used().await;
    let store = home.open();
    for suffix in ["", "-wal", "-journal", "-shm"] {
        let path = home.at(&format!("b{suffix}"));
        fs::write(&path, "another file").unwrap();
        let refused = store.backup(&home.at("b"), |_, _| {}).await.expect_err("it exists");
        assert_eq!((&refused.path, refused.problem), (&path, P::Exists));
        assert_eq!(fs::read(&path).unwrap(), b"another file");
        fs::remove_file(&path).unwrap();
    }
    back_up(&store, &home.at("b")).await;
    let before = fs::read(home.at("b")).unwrap();
    let refused = restore(&home.at("b"), &home.options(), |_, _| {}).expect_err("it exists");
    assert_eq!(refused.problem, P::Exists);
    // A file that comes while the store is made.
    let restoring = restore(&home.at("b"), &home.elsewhere("new.db"), |_, _| {}).unwrap();
    fs::write(home.at("new.db"), "another file").unwrap();
    assert_eq!(restoring.finish().expect_err("it exists").problem, P::Exists);
    assert_eq!(fs::read(home.at("new.db")).unwrap(), b"another file");
    assert_eq!(fs::read(home.at("b")).unwrap(), before);
}

#[tokio::test]
async fn places_where_no_backup_can_be() {
    let home = Home::new();
    assert_eq!(home.refused("no/such/b").await, P::NoFolder);
    let open = home.at("open");
    fs::create_dir(&open).unwrap();
    mode(&open, 0o777);
    assert_eq!(home.refused("open/b").await, P::FolderExposed { mode: 0o777 });
    assert_eq!(fs::read_dir(open).unwrap().count(), 0);
}

/// Each word of the other thread is in the backup with all that it stands on, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backup_is_of_one_moment_while_others_write() {
    let home = Home::used().await;
    let store = home.open();
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
    });
    for n in 0..8 {
        back_up(&store, &home.at(&format!("b{n}"))).await;
    }
    stop.store(true, Ordering::SeqCst);
    writes.await.unwrap();
    let mut seen = Vec::new();
    for n in 0..8 {
        let name = format!("b{n}");
        let backup = SqliteTokenStore::open(home.elsewhere(&name)).unwrap();
        assert!(backup.verify(|_, _| {}).await.unwrap().is_empty());
        let events = backup.events(&EVERYTHING).await.unwrap().len();
        let tokens = finch_testkit::connections(&backup, None).await.unwrap().len();
        assert_eq!(events, 2 * tokens, "a connection and a token each");
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
    store.lease(live.key, &InstanceId::from("me".to_owned()), at(40)).await.unwrap();
    store.take_turn(Duration::from_secs(1), at(40)).await.unwrap();
    back_up(&store, &home.at("b")).await;
    let before = fs::read(home.at("b")).unwrap();

    let restored = home.restored().unwrap();
    assert_eq!((restored.connections, restored.open_disconnects), (3, 1));
    assert_eq!(restored.unfinished_exchanges, 1);
    assert_eq!(restored.taken, Some(at(5)), "the last thing that happened");
    assert_eq!(fs::read(home.at("b")).unwrap(), before, "the backup stays as it is");
    let new = SqliteTokenStore::open(home.elsewhere("new.db")).unwrap();
    for name in ["live", "ending", "ended"] {
        let (was, is) = (by_id(&store, name).await, by_id(&new, name).await);
        assert_eq!(was, is);
        let id = is.tokens[0].id;
        assert_eq!(new.sealed(id).await.unwrap(), store.sealed(id).await.unwrap(), "{name}");
    }
    let leased = new.lease(live.key, &InstanceId::from("you".to_owned()), at(41)).await.unwrap();
    assert!(matches!(leased, finch_core::Leased::Taken), "{leased:?}: no lease is held");
    let turn = new.take_turn(Duration::from_secs(1), at(40)).await.unwrap();
    assert_eq!(turn, at(40), "no turn was taken");
}

/// Until it is finished, nothing has the store's name; and what was written through it is in it then. A store
/// that is still open elsewhere gets no name: what is written to it would be lost.
#[tokio::test]
async fn a_restore_has_its_name_once_it_is_finished() {
    let home = Home::backed_up().await;
    let options =
        SqliteOptions { busy_timeout: Duration::from_millis(30), ..home.elsewhere("new.db") };
    let begin = || restore(&home.at("b"), &options, |_, _| {});
    let abandoned = begin().unwrap();
    assert_eq!(begin().expect_err("one at a time").problem, P::Busy);
    store_token(&abandoned.store().unwrap(), "acme", token("gone")).await;
    drop(abandoned);
    assert_eq!(home.names(), ["b", "finch.db"]);

    let used = begin().unwrap();
    let in_use = used.store().unwrap();
    assert_eq!(used.finish().expect_err("in use").problem, P::Busy);
    drop(in_use);

    let restoring = begin().unwrap();
    let inside = restoring.store().unwrap();
    assert_eq!(by_id(&inside, "a").await.tokens.len(), 1);
    store_token(&inside, "acme", token("more")).await;
    assert!(!home.at("new.db").exists());
    drop(inside);
    let restored = restoring.finish().unwrap();
    assert_eq!((restored.taken, restored.connections), (Some(at(2)), 1), "of the backup");
    assert_eq!(home.names(), ["b", "finch.db", "new.db"]);
    let new = SqliteTokenStore::open(home.elsewhere("new.db")).unwrap();
    assert_eq!(by_id(&new, "more").await.tokens.len(), 1);
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
    let home = Home::backed_up().await;
    let good = fs::read(home.at("b")).unwrap();
    let bad = damaged(&home.at("b"));
    let put = |content: &[u8]| private(&home.at("b"), content);
    let refused = || {
        let before = fs::read(home.at("b")).ok();
        let error = restore(&home.at("b"), &home.elsewhere("new.db"), |_, _| {});
        let error = error.expect_err("refused");
        assert_eq!(error.path, home.at("b"));
        assert_eq!(fs::read(home.at("b")).ok(), before, "{error}");
        let left: Vec<_> =
            home.names().into_iter().filter(|n| n != "b" && n != "finch.db").collect();
        assert!(left.is_empty(), "{left:?}: {error}");
        error.problem
    };
    put(b"a letter to my mother");
    assert_eq!(refused(), P::NotAStore);
    put(b"");
    assert_eq!(refused(), P::NoBackup);
    for length in (0..good.len()).step_by(4096).skip(1).chain([good.len() - 1, 4095, 600]) {
        put(&good[..length]);
        assert!(matches!(refused(), P::Corrupt(_)), "{length} of {}", good.len());
    }
    put(&bad);
    assert!(matches!(refused(), P::Corrupt(_)));
    put(&good);
    let db = rusqlite::Connection::open(home.at("b")).unwrap();
    db.execute_batch("UPDATE store SET client_id = 'another'").unwrap();
    drop(db);
    assert!(matches!(refused(), P::OtherApplication { .. }));
    fs::remove_file(home.at("b")).unwrap();
    assert_eq!(refused(), P::NoBackup);
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
    fs::write(&home.path, damaged(&home.path)).unwrap();
    assert!(matches!(home.refused("b").await, P::Corrupt(_)));
    assert!(matches!(examine(&home.path).unwrap_err().problem, P::Corrupt(_)));
    assert_eq!(home.names(), ["finch.db"]);
}

/// While others use it, too; and not a byte is written.
#[tokio::test]
async fn examining_a_store_changes_nothing() {
    let home = Home::used().await;
    let store = home.open();
    let used = examine(&home.path).unwrap();
    assert_eq!((used.is_empty, used.keyring), (false, None));
    assert_eq!(used.binding, *store.binding());
    drop(store);
    let before = fs::read(&home.path).unwrap();
    let found = examine(&home.path).unwrap();
    assert_eq!((home.names().len(), fs::read(&home.path).unwrap() == before), (1, true));
    assert_eq!(found.binding, used.binding);
    mode(&home.path, 0o644);
    assert_eq!(examine(&home.path).unwrap_err().problem, P::Access(AccessError::Exposed(0o644)));
    assert_eq!(examine(&home.at("no")).unwrap_err().problem, P::Missing);
}
