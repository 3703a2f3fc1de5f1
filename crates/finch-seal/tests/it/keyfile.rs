//! Key files: written once, for their owner only.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use finch_seal::{Kek, KeyFileError, KeySource, ParseKeyError, keyfile};
use tempfile::TempDir;

use crate::support::key;

const HEX: &str = "0707070707070707070707070707070707070707070707070707070707070707";

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
    let made = Kek::generate().unwrap();
    keyfile::create(&path, &made).unwrap();
    assert_eq!(keyfile::read(&path).unwrap().id(), made.id());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn it_is_written_as_one_line_of_text() {
    let folder = folder();
    let path = folder.path().join("key");
    keyfile::create(&path, &Kek::from_bytes(key(0xfb))).unwrap();
    let expected = "finch-kek-v1:-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
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
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    let error = keyfile::create(&link, &Kek::generate().unwrap()).unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error:?}");
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let path = folder().path().join("gone").join("key");
    let error = keyfile::create(&path, &Kek::generate().unwrap()).unwrap_err();
    assert!(matches!(error, KeyFileError::Write { .. }), "{error:?}");
}

#[test]
fn any_right_of_others_is_refused_with_the_way_out() {
    let folder = folder();
    let path = file(&folder, HEX);
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777] {
        set_mode(&path, mode);
        let error = keyfile::read(&path).unwrap_err();
        assert!(matches!(error, KeyFileError::Exposed { mode: found, .. } if found == mode));
        let message = error.to_string();
        assert!(message.contains(&format!("chmod 600 {}", path.display())), "{message}");
        assert!(message.contains(&format!("{mode:04o}")), "{message}");
    }
    for mode in [0o600, 0o400] {
        set_mode(&path, mode);
        assert!(keyfile::read(&path).is_ok());
    }
}

#[test]
fn the_forms_of_the_environment_are_read_too() {
    let folder = folder();
    let expected = Kek::from_bytes(key(7)).id();
    let base64 = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    for content in [
        HEX.to_owned(),
        format!("{HEX}\n"),
        format!("{HEX}\r\n"),
        format!("{base64}\n"),
        format!("{base64}=\r\n"),
        format!("finch-kek-v1:{base64}\n"),
        format!("finch-kek-v1:{HEX}"),
        format!("\u{feff}{HEX}\r\n"),
        format!("\u{feff}finch-kek-v1:{base64}\n"),
    ] {
        let path = file(&folder, &content);
        assert_eq!(keyfile::read(&path).unwrap().id(), expected, "{content:?}");
    }
}

#[test]
fn a_missing_file_is_told_apart() {
    let path = folder().path().join("key");
    let error = keyfile::read(&path).unwrap_err();
    assert!(matches!(error, KeyFileError::Missing { .. }), "{error:?}");
    assert!(error.to_string().contains("`finch keys init`"));
}

#[test]
fn a_file_without_a_key_says_so() {
    let folder = folder();
    let utf16 = format!("\u{feff}{HEX}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(Vec<u8>, ParseKeyError); 8] = [
        (vec![], ParseKeyError::Empty),
        (b"\r\n\n".into(), ParseKeyError::Empty),
        (HEX[1..].into(), ParseKeyError::Malformed { length: 63 }),
        ([HEX, "\n", HEX].concat().into(), ParseKeyError::Broken),
        (format!("{}\n{}\n", &HEX[..32], &HEX[32..]).into(), ParseKeyError::Broken),
        // The bytes themselves, and what `>` writes in some shells.
        (vec![0xff; 32], ParseKeyError::NotText),
        (utf16, ParseKeyError::NotText),
        (vec![b'a'; 1 << 20], ParseKeyError::Malformed { length: 1024 }),
    ];
    for (content, expected) in cases {
        let error = keyfile::read(&file(&folder, content)).unwrap_err();
        let KeyFileError::Content { source, .. } = error else { panic!("{error:?}") };
        assert_eq!(source, expected);
    }
}

#[test]
fn a_folder_is_no_key_file() {
    let error = keyfile::read(folder().path()).unwrap_err();
    assert!(matches!(error, KeyFileError::NotAFile { .. }), "{error:?}");
}
