//! Who may use which file, as tables: mode, owner and group against the process's ids.

use finch_seal::access::{AccessError, Process, Rights};

const FINE: &str = "fine";
const OWNER: &str = "another owner's";
const EXPOSED: &str = "exposed";

/// A container's process: user 1000 with group 1000, and the volume's group 2000.
fn container() -> Process {
    Process { user: 1000, groups: vec![1000, 2000] }
}

/// Root in a container whose volumes have the group 2000.
fn root() -> Process {
    Process { user: 0, groups: vec![0, 2000] }
}

fn rights((mode, owner, group): (u32, u32, u32)) -> Rights {
    Rights { mode, owner, group }
}

fn outcome(answer: Result<(), AccessError>) -> &'static str {
    match answer {
        Ok(()) => FINE,
        Err(AccessError::OtherOwner { .. }) => OWNER,
        Err(AccessError::Exposed(_)) => EXPOSED,
    }
}

type Check = fn(&Process, Rights) -> Result<(), AccessError>;

/// Each row: the file or folder, and what comes of it in a container and for root.
fn check(check: Check, rows: &[((u32, u32, u32), &str, &str)]) {
    for (found, in_container, by_root) in rows {
        let of = |process: Process| outcome(check(&process, rights(*found)));
        let (mode, owner, group) = found;
        assert_eq!(of(container()), *in_container, "{mode:04o} {owner}:{group}");
        assert_eq!(of(root()), *by_root, "root: {mode:04o} {owner}:{group}");
    }
}

#[test]
fn key_files() {
    let rows = [
        ((0o600, 1000, 1000), FINE, OWNER),
        ((0o400, 1000, 1000), FINE, OWNER),
        ((0o600, 0, 0), FINE, FINE),
        ((0o400, 0, 2000), FINE, FINE),
        // A secret volume.
        ((0o440, 0, 2000), FINE, FINE),
        ((0o440, 1000, 1000), FINE, OWNER),
        ((0o640, 0, 2000), FINE, EXPOSED),
        // The group is not the process's.
        ((0o440, 0, 3000), EXPOSED, EXPOSED),
        ((0o640, 0, 3000), EXPOSED, EXPOSED),
        // `chmod 600` works.
        ((0o640, 1000, 1000), EXPOSED, OWNER),
        ((0o660, 0, 2000), EXPOSED, EXPOSED),
        ((0o450, 0, 2000), EXPOSED, EXPOSED),
        ((0o444, 0, 0), EXPOSED, EXPOSED),
        ((0o441, 0, 2000), EXPOSED, EXPOSED),
        // Another owner.
        ((0o600, 1001, 1001), OWNER, OWNER),
        ((0o440, 1001, 2000), OWNER, OWNER),
    ];
    check(Process::check_key_file, &rows);
}

#[test]
fn folders() {
    let rows = [
        ((0o700, 1000, 1000), FINE, OWNER),
        ((0o755, 0, 0), FINE, FINE),
        // A user's own group.
        ((0o775, 1000, 1000), FINE, OWNER),
        ((0o775, 0, 0), FINE, FINE),
        // A volume of the process's group, its root and a folder in it.
        ((0o2775, 0, 2000), FINE, FINE),
        ((0o0770, 0, 2000), FINE, FINE),
        ((0o2770, 1000, 2000), FINE, OWNER),
        // A group of other people: `chmod g-w` works.
        ((0o775, 1000, 2000), EXPOSED, OWNER),
        ((0o2775, 0, 3000), EXPOSED, EXPOSED),
        ((0o2770, 1000, 3000), EXPOSED, OWNER),
        // Others, with the sticky bit too: they can still put a log beside the store.
        ((0o2777, 0, 2000), EXPOSED, EXPOSED),
        ((0o1777, 0, 0), EXPOSED, EXPOSED),
        ((0o702, 1000, 1000), EXPOSED, OWNER),
        ((0o700, 1001, 1001), OWNER, OWNER),
        ((0o2775, 1001, 2000), OWNER, OWNER),
    ];
    check(Process::check_folder, &rows);
}

#[test]
fn store_files() {
    let (own, volume) = ((0o700, 1000, 1000), (0o2775, 0, 2000));
    for (file, folder, expected) in [
        ((0o600, 1000, 1000), own, FINE),
        ((0o600, 1000, 2000), volume, FINE),
        // What Kubernetes makes of the files of a volume that is mounted again.
        ((0o660, 1000, 2000), volume, FINE),
        ((0o660, 1000, 2000), (0o2770, 1000, 2000), FINE),
        // The group has no right to the folder.
        ((0o660, 1000, 2000), own, EXPOSED),
        ((0o660, 1000, 2000), (0o755, 0, 2000), EXPOSED),
        ((0o660, 1000, 1000), (0o775, 1000, 1000), EXPOSED),
        // Another group than the folder's.
        ((0o660, 1000, 1000), volume, EXPOSED),
        ((0o664, 1000, 2000), volume, EXPOSED),
        ((0o604, 1000, 2000), volume, EXPOSED),
        ((0o600, 1001, 2000), volume, OWNER),
    ] {
        let found = container().check_store_file(rights(file), rights(folder));
        assert_eq!(outcome(found), expected, "{file:?} in {folder:?}");
    }
}

#[test]
fn the_process_is_in_its_own_group() {
    let process = Process::current().unwrap();
    assert!(process.groups.contains(&rustix::process::getegid().as_raw()));
    assert_eq!(process.user, rustix::process::geteuid().as_raw());
}
