//! Who may use a store's files: what others can read, write or own is refused, but for a container's volume.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    process::Command,
};

use finch_core::{Actionable as _, Commit, TokenStore as _};
use finch_seal::access::AccessError;
use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreProblem as P};
use finch_testkit::application;

use crate::support::{Home, errors, mode, refused};

const OTHER: u32 = 65534;
const OTHERS: P = P::Access(AccessError::OtherOwner { owner: OTHER, user: 0 });
const GROUP: u32 = 54321;
/// Where the store is, for a test that this program runs once more as another user.
const HERE: &str = "FINCH_TEST_STORE";
const EXPECTED: &str = "FINCH_TEST_EXPECTED";

/// Only root can give files to other users, and may do everything.
fn is_root() -> bool {
    let own = tempfile::tempdir().unwrap();
    fs::metadata(own.path()).unwrap().uid() == 0
}

/// Runs this test of this program once more, as another user where this one is root. Returns whether that user may run
/// it at all.
#[expect(clippy::print_stdout, reason = "a test that cannot run here says so")]
fn run_again(test: &str, home: &Home, group: Option<u32>, expected: Option<&P>) -> bool {
    let mut again = Command::new(env::current_exe().unwrap());
    again.args(["--exact", test]).env(HERE, &home.path).env(EXPECTED, format!("{expected:?}"));
    if is_root() {
        again.uid(OTHER);
    }
    group.map(|group| again.gid(group));
    match again.output() {
        Ok(ran) => {
            let printed = String::from_utf8_lossy(&ran.stdout);
            // No test of that name is a success, too.
            assert!(ran.status.success() && printed.contains("1 passed"), "{printed}");
            true
        }
        Err(error) => {
            println!("skipped: another user may not run this test: {error}");
            false
        }
    }
}

#[tokio::test]
async fn files_that_others_can_read_are_refused() {
    let home = Home::used().await;
    for bits in [0o640, 0o604, 0o620, 0o644] {
        mode(&home.path, bits);
        assert_eq!(refused(&home, home.options()), P::Access(AccessError::Exposed(bits)));
    }
    mode(&home.path, 0o600);
    for suffix in ["-wal", "-shm", "-journal"] {
        let journal = home.beside(suffix);
        fs::write(&journal, "").unwrap();
        mode(&journal, 0o644);
        for error in errors(&home) {
            assert_eq!(
                (&error.path, error.problem),
                (&journal, P::Access(AccessError::Exposed(0o644)))
            );
        }
        fs::remove_file(journal).unwrap();
    }
    assert!(home.existing().is_ok());
}

#[tokio::test]
async fn folders_that_others_can_write_to_are_refused() {
    let home = Home::used().await;
    for bits in [0o777, 0o1777, 0o702] {
        mode(home.folder.path(), bits);
        assert_eq!(refused(&home, home.options()), P::FolderExposed { mode: bits });
    }
    for bits in [0o755, 0o700] {
        mode(home.folder.path(), bits);
        assert!(home.existing().is_ok(), "{bits:o}");
    }
}

#[tokio::test]
async fn files_and_folders_of_another_user_are_refused() {
    let home = Home::killed_in_use().await;
    if !is_root() {
        println!("skipped: only root can give a file to another user");
        return;
    }
    let folder = home.folder.path().canonicalize().unwrap();
    for path in [&home.path, &home.beside("-wal"), &folder] {
        chown(path, Some(OTHER), None).unwrap();
        for error in errors(&home) {
            assert_eq!((&error.path, error.problem), (path, OTHERS));
        }
        chown(path, Some(0), None).unwrap();
    }
    let elsewhere = Home::new();
    chown(elsewhere.folder.path(), Some(OTHER), None).unwrap();
    let backup = home.open().backup(&elsewhere.path, |_, _| {}).await.unwrap_err();
    assert_eq!(backup.problem, OTHERS);
    assert_eq!(refused(&elsewhere, elsewhere.options()), OTHERS);
    assert!(elsewhere.names().is_empty());
}

/// Modes of a store and of its folder keep another user than root from it.
#[tokio::test]
async fn a_store_without_rights_is_refused() {
    if let Some(path) = env::var_os(HERE) {
        let opened = SqliteTokenStore::open(SqliteOptions::new(path, application()));
        let error = opened.expect_err("a refusal");
        assert!(error.next_step().contains("folder"), "{error:?}");
        assert_eq!(format!("{:?}", Some(error.problem)), env::var(EXPECTED).unwrap());
        return;
    }
    let modes = [(0o400, 0o700, P::ReadOnly), (0o600, 0o500, P::ReadOnly), (0o600, 0, P::System)];
    for (file, folder, expected) in modes {
        let home = Home::used().await;
        let whole = fs::read(&home.path).unwrap();
        if is_root() {
            for path in [home.folder.path(), &home.path] {
                chown(path, Some(OTHER), Some(OTHER)).unwrap();
            }
        }
        mode(&home.path, file);
        mode(home.folder.path(), folder);
        run_again("rights::a_store_without_rights_is_refused", &home, None, Some(&expected));
        mode(home.folder.path(), 0o700);
        assert!(fs::read(&home.path).unwrap() == whole);
    }
}

/// A volume as Kubernetes mounts it with `fsGroup`: root's, writable for a group of the process; and when
/// it is mounted again, that group has got the right to read and write each file.
#[tokio::test]
async fn a_volume_of_the_processs_group_holds_a_store() {
    if let Some(path) = env::var_os(HERE) {
        let store = SqliteTokenStore::open(SqliteOptions::create(path, application())).unwrap();
        store.commit(Commit::default()).await.unwrap();
        return;
    }
    let home = Home::new();
    let folder = home.folder.path();
    if !is_root() {
        println!("skipped: only root can give a folder to a group");
        return;
    }
    chown(folder, Some(0), Some(GROUP)).unwrap();
    mode(folder, 0o2775);
    for mounted_again in [false, true] {
        if mounted_again {
            mode(&home.path, 0o660);
        }
        let test = "rights::a_volume_of_the_processs_group_holds_a_store";
        if !run_again(test, &home, Some(GROUP), None) {
            return;
        }
        let made = fs::metadata(&home.path).unwrap();
        assert_eq!((made.uid(), made.gid()), (OTHER, GROUP));
    }
    // The group is not this process's.
    assert_eq!(refused(&home, home.options()), P::FolderExposed { mode: 0o2775 });
}
