//! What is refused, with which error, and that a file which is refused stays as it was.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    time::Duration,
};

use finch_core::{Actionable as _, Application, ClientId, Commit, Origin, TokenStore as _};
use finch_sqlite::{OpenStoreError as E, SqliteOptions, SqliteTokenStore};
use finch_testkit::{application, store_token};

use crate::support::{Home, by_id, private, token};

/// What lies in the folder: names, modes and bytes.
fn snapshot(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let found = entry.metadata().unwrap();
            let content =
                if found.is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
            (entry.file_name().into_string().unwrap(), found.mode(), content)
        })
        .collect();
    files.sort();
    files
}

/// Opens it, expects to be refused, and that nothing has changed in the folder.
#[track_caller]
fn refused(home: &Home, options: SqliteOptions) -> E {
    let before = snapshot(home.folder.path());
    let error = SqliteTokenStore::open(options).expect_err("a refusal");
    let after = snapshot(home.folder.path());
    assert!(before == after, "{error}: the folder has changed");
    error
}

/// A store with one token, closed.
async fn used() -> Home {
    let home = Home::new();
    store_token(&home.open(), "acme", token("a")).await;
    home
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
    let again = SqliteTokenStore::open(home.options().create(false)).unwrap();
    assert_eq!(again.binding().application, application());
    assert_eq!(by_id(&again, "a").await.tokens.len(), 1);
}

#[test]
fn nothing_is_made_for_a_mistyped_path() {
    let home = Home::new();
    assert!(matches!(refused(&home, home.options().create(false)), E::Missing { .. }));
    private(&home.path, b"");
    assert!(matches!(refused(&home, home.options().create(false)), E::Missing { .. }));
    for path in ["finch.db/no/such/finch.db", "missing/finch.db"] {
        let options = home.elsewhere(path).create(true);
        assert!(matches!(refused(&home, options), E::NoFolder { .. }), "{path}");
    }
}

#[test]
fn only_a_file_is_opened() {
    let home = Home::new();
    fs::create_dir(&home.path).unwrap();
    assert!(matches!(refused(&home, home.options()), E::NotAFile { .. }));
    fs::remove_dir(&home.path).unwrap();
    std::os::unix::fs::symlink("/nonexistent/finch.db", &home.path).unwrap();
    let refused = SqliteTokenStore::open(home.options()).expect_err("a refusal");
    assert!(matches!(refused, E::NotAFile { .. }));
}

#[tokio::test]
async fn files_that_others_can_read_are_refused() {
    let home = used().await;
    for mode in [0o640, 0o604, 0o620, 0o644] {
        fs::set_permissions(&home.path, Permissions::from_mode(mode)).unwrap();
        let error = refused(&home, home.options());
        assert!(matches!(&error, E::Exposed { mode: found, .. } if *found == mode), "{error}");
        assert!(error.next_step().contains("chmod 600"), "{error}");
    }
    fs::set_permissions(&home.path, Permissions::from_mode(0o600)).unwrap();
    for suffix in ["-wal", "-shm", "-journal"] {
        fs::write(home.beside(suffix), "").unwrap();
        fs::set_permissions(home.beside(suffix), Permissions::from_mode(0o644)).unwrap();
        let error = refused(&home, home.options());
        assert!(
            matches!(&error, E::Exposed { path, .. } if *path == home.beside(suffix)),
            "{error}"
        );
        fs::remove_file(home.beside(suffix)).unwrap();
    }
    assert!(SqliteTokenStore::open(home.options()).is_ok());
}

#[tokio::test]
async fn folders_that_others_can_write_to_are_refused() {
    let home = used().await;
    for (mode, fine) in
        [(0o777, false), (0o1777, false), (0o702, false), (0o755, true), (0o700, true)]
    {
        fs::set_permissions(home.folder.path(), Permissions::from_mode(mode)).unwrap();
        match fine {
            true => assert!(SqliteTokenStore::open(home.options()).is_ok(), "{mode:o}"),
            false => assert!(
                matches!(refused(&home, home.options()), E::FolderExposed { .. }),
                "{mode:o}"
            ),
        }
    }
}

#[test]
fn what_is_no_database_is_refused() {
    let home = Home::new();
    for length in [1, 5, 20, 100, 511, 600, 5000, 8192] {
        private(&home.path, &b"plain text ".repeat(1000)[..length]);
        let error = refused(&home, home.options());
        assert!(matches!(error, E::NotAStore { .. }), "{length}: {error:?}");
    }
}

#[test]
fn another_programs_database_is_refused() {
    for mode in ["DELETE", "WAL"] {
        let home = Home::new();
        private(&home.path, b"");
        let other = home.sql();
        other
            .execute_batch(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE notes (x)"))
            .unwrap();
        drop(other);
        assert!(matches!(refused(&home, home.options()), E::NotAStore { .. }), "{mode}");
        let other = home.sql();
        other.execute_batch("PRAGMA application_id = 7").unwrap();
        drop(other);
        assert!(matches!(refused(&home, home.options()), E::NotAStore { .. }), "{mode}");
    }
}

#[tokio::test]
async fn a_store_of_another_version_is_refused() {
    let home = used().await;
    for (version, what_to_do) in
        [(99, "or a newer one"), (2, "or a newer one"), (0, "another path")]
    {
        home.sql().execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
        let error = refused(&home, home.options());
        assert!(
            matches!(error, E::OtherVersion { found, known: 1, .. } if found == version),
            "{error:?}"
        );
        assert!(error.next_step().contains(what_to_do), "{error}");
    }
}

#[tokio::test]
async fn a_store_of_another_application_is_refused_and_names_both() {
    let home = used().await;
    let Application { client_id, origin } = application();
    for other in [
        Application { client_id: ClientId::new("other").unwrap(), origin: origin.clone() },
        Application { client_id, origin: Origin::new("https://api.tryfinch.com").unwrap() },
    ] {
        let options = home.options_of(other.clone());
        let error = refused(&home, options);
        assert!(
            matches!(&error, E::OtherApplication { bound, asked, .. } if (bound, asked) == (&application(), &other))
        );
        let text = error.to_string();
        assert!(
            text.contains(&other.to_string()) && text.contains(&application().to_string()),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_empty_store_is_bound_again() {
    let home = Home::new();
    drop(home.open());
    let Application { origin, .. } = application();
    let other = Application { client_id: ClientId::new("other").unwrap(), origin };
    let options = home.options_of(other.clone());
    // A process that has it open from before writes nothing for the application of before.
    let stale = home.open();
    let store = SqliteTokenStore::open(options).unwrap();
    assert_eq!(store.binding().application, other);
    let written =
        format!("{:?}", stale.commit(Commit::default()).await.expect_err("another application"));
    assert!(written.contains("bound to another application"), "{written}");
    drop((stale, store));
    assert_eq!(finch_sqlite::examine(&home.path).unwrap().application, other);
    store_token(&home.open(), "acme", token("b")).await;
    let options = home.options_of(other);
    assert!(matches!(refused(&home, options), E::OtherApplication { .. }));
}

#[tokio::test]
async fn another_name_of_this_machine_is_no_other_application() {
    let home = used().await;
    let Application { client_id, .. } = application();
    for address in ["http://localhost:1", "http://[::1]:1/x/"] {
        let (client_id, origin) = (client_id.clone(), Origin::new(address).unwrap());
        let options = home.options_of(Application { client_id, origin });
        let store = SqliteTokenStore::open(options).unwrap();
        assert_eq!(by_id(&store, "a").await.tokens.len(), 1);
    }
}

/// What a crash leaves in the log stays there, too, while the store is refused.
#[tokio::test]
async fn a_log_is_not_touched_by_a_refusal() {
    let home = used().await;
    let store = home.open();
    store_token(&store, "acme", token("b")).await;
    let crashed = Home::new();
    for suffix in ["", "-wal"] {
        private(&crashed.beside(suffix), &fs::read(home.beside(suffix)).unwrap());
    }
    assert!(fs::metadata(crashed.beside("-wal")).unwrap().len() > 0, "there is a log");
    let mut options = crashed.options();
    options.application.client_id = ClientId::new("other").unwrap();
    let before = [fs::read(&crashed.path).unwrap(), fs::read(crashed.beside("-wal")).unwrap()];
    assert!(matches!(SqliteTokenStore::open(options), Err(E::OtherApplication { .. })));
    assert!(
        before == [fs::read(&crashed.path).unwrap(), fs::read(crashed.beside("-wal")).unwrap()]
    );
    let recovered = crashed.open();
    assert_eq!(by_id(&recovered, "b").await.tokens.len(), 1);
}

#[tokio::test]
async fn a_locked_store_is_busy() {
    let home = used().await;
    let other = home.sql();
    other
        .execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; UPDATE store SET seq = seq; COMMIT",
        )
        .unwrap();
    let patience = Duration::from_millis(30);
    let error = SqliteTokenStore::open(home.options().busy_timeout(patience)).expect_err("locked");
    assert!(matches!(error, E::Busy { .. }), "{error:?}");
    drop(other);
    assert!(SqliteTokenStore::open(home.options()).is_ok());
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
