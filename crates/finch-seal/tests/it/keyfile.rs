//! Key files: written once, for their owner only.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use finch_seal::access::AccessError;
use finch_seal::{Kek, KeyFileError, KeySource, ParseKeyError, keyfile};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use crate::support::{HEX, TEXT, key};

fn folder() -> TempDir {
    TempDir::new().unwrap()
}

fn file(folder: &TempDir, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join("key");
    fs::write(&path, content).unwrap();
    set_mode(&path, 0o600);
    path
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_created_can_be_read() {
    let folder = folder();
    let path = folder.path().join("key");
    let made = Kek::from_bytes(key(0xfb));
    keyfile::create(&path, &made).unwrap();
    assert_eq!(keyfile::read(&path).unwrap().id(), made.id());
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{TEXT}\n"), "one line of text");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // What an editor leaves.
    let path = file(&folder, format!("\u{feff}{HEX}\r\n"));
    assert_eq!(keyfile::read(&path).unwrap().id(), Kek::from_bytes(key(7)).id());
}

#[test]
fn nothing_is_ever_overwritten() {
    let folder = folder();
    for content in ["", "not a key", HEX] {
        let path = file(&folder, content);
        let error = keyfile::create(&path, &Kek::generate().unwrap()).unwrap_err();
        assert!(matches!(error, KeyFileError::Exists { .. }), "{error:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    // Not through a link either, even to nowhere.
    let link = folder.path().join("link");
    symlink(folder.path().join("nowhere"), &link).unwrap();
    let error = keyfile::create(&link, &Kek::generate().unwrap()).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error:?}");
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn any_right_of_others_is_refused_with_the_way_out() {
    let folder = folder();
    let path = file(&folder, HEX);
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777] {
        set_mode(&path, mode);
        let error = keyfile::read(&path).unwrap_err();
        let exposed = |why: &AccessError| *why == AccessError::Exposed(mode);
        assert!(matches!(&error, KeyFileError::Access(_, why) if exposed(why)), "{error:?}");
        let message = format!("{error}: {}", error.next_step());
        assert!(message.contains(&format!("chmod 600 {}", path.display())), "{message}");
        assert!(message.contains(&format!("{mode:04o}")), "{message}");
    }
    for mode in [0o600, 0o400] {
        set_mode(&path, mode);
        assert!(keyfile::read(&path).is_ok());
    }
}

#[test]
fn a_file_or_folder_that_is_not_there_has_its_own_error() {
    let path = folder().path().join("gone").join("key");
    let error = keyfile::create(&path, &Kek::generate().unwrap()).unwrap_err();
    assert!(matches!(error, KeyFileError::Write(..)), "{error:?}");
    let error = keyfile::read(&path).unwrap_err();
    assert!(matches!(error, KeyFileError::Missing(_)), "{error:?}");
    assert!(error.next_step().contains("`finch keys init`"));
}

#[test]
fn a_file_without_a_key_says_so() {
    let folder = folder();
    let utf16 = format!("\u{feff}{HEX}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(Vec<u8>, ParseKeyError); 4] = [
        (b"\r\n\n".into(), ParseKeyError::Empty),
        // The bytes themselves, and what `>` writes in some shells.
        (vec![0xff; 32], ParseKeyError::NotText),
        (utf16, ParseKeyError::NotText),
        (vec![b'a'; 1 << 20], ParseKeyError::Malformed { length: 1024 }),
    ];
    for (content, expected) in cases {
        let error = keyfile::read(file(&folder, content)).unwrap_err();
        let KeyFileError::Content(_, source) = error else { panic!("{error:?}") };
        assert_eq!(source, expected);
    }
}

/// None of them is waited for, read, or made to act.
#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = folder();
    let made = |name: &str| folder.path().join(name);
    let mode = Mode::from_bits_truncate(0o600);
    mknodat(CWD, made("fifo"), FileType::Fifo, mode, 0).unwrap();
    let _socket = UnixListener::bind(made("socket")).unwrap();
    symlink(made("fifo"), made("link")).unwrap();
    let here = [folder.path().to_owned(), made("fifo"), made("socket"), made("link")];
    for path in here.into_iter().chain(["/dev/null".into(), "/dev/zero".into()]) {
        let error = keyfile::read(&path).unwrap_err();
        assert!(matches!(error, KeyFileError::NotAFile { .. }), "{path:?}: {error:?}");
    }
}

/// As Kubernetes mounts a secret: a link to a link into a folder of root's.
#[test]
fn a_key_of_a_secret_volume_is_read_through_its_links() {
    let folder = folder();
    let volume = folder.path();
    fs::create_dir(volume.join("..2026_11_30")).unwrap();
    fs::write(volume.join("..2026_11_30/key"), HEX).unwrap();
    symlink("..2026_11_30", volume.join("..data")).unwrap();
    symlink("..data/key", volume.join("key")).unwrap();
    for (mode, is_fine) in [(0o400, true), (0o440, true), (0o444, false), (0o450, false)] {
        set_mode(&volume.join("..2026_11_30/key"), mode);
        assert_eq!(keyfile::read(volume.join("key")).is_ok(), is_fine, "{mode:04o}");
    }
}

/// It takes root to give files away.
#[test]
fn a_key_or_a_folder_of_another_user_is_refused() {
    let folder = folder();
    let path = file(&folder, HEX);
    if fs::metadata(&path).unwrap().uid() != 0 {
        println!("skipped: only root can give a file to another user");
        return;
    }
    let other = 65534;
    for given in [&*path, folder.path()] {
        chown(given, Some(other), None).unwrap();
        let mut errors = vec![keyfile::read(&path).unwrap_err()];
        if given == folder.path() {
            let new = keyfile::create(folder.path().join("new"), &Kek::generate().unwrap());
            errors.push(new.unwrap_err());
        }
        for error in errors {
            assert!(error.next_step().contains("`chown`"), "{error}");
            let KeyFileError::Access(of, why) = error else { panic!("{error:?}") };
            assert_eq!((&*of, why), (given, AccessError::OtherOwner { owner: other, user: 0 }));
        }
        chown(given, Some(0), None).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // 0440 of a group that this process is not in.
    set_mode(&path, 0o440);
    assert!(keyfile::read(&path).is_ok());
    chown(&path, None, Some(other)).unwrap();
    let exposed = keyfile::read(&path).unwrap_err();
    assert!(matches!(exposed, KeyFileError::Access(_, AccessError::Exposed(0o440))), "{exposed:?}");
}
