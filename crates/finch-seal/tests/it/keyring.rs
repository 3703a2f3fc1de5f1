//! Keys in a keyring: a mock one, never this machine's.

use std::error::Error;

use finch_seal::keyring::{Entry, create, read};
use finch_seal::{Kek, KeySource, KeyringError, ParseKeyError};
use keyring_core::{CredentialStore, mock};

use crate::support::{HEX, TEXT, key};

/// A named entry of an empty keyring.
fn entry() -> Entry {
    let store = mock::Store::new().unwrap();
    (&*store as &CredentialStore).build("finch", "payroll", None).unwrap()
}

/// The next use of the entry fails like this.
fn fail_next(entry: &Entry, error: keyring_core::Error) {
    entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
}

#[test]
fn an_entry_holds_what_a_key_file_holds() {
    let (entry, made) = (entry(), Kek::from_bytes(key(0xfb)));
    let error = read(&entry).unwrap_err();
    assert!(matches!(error, KeyringError::Missing(_)), "{error:?}");
    assert!(error.to_string().contains(r#"of service "finch" and user "payroll""#), "{error}");
    create(&entry, &made).unwrap();
    assert_eq!(entry.get_password().unwrap(), TEXT);
    assert_eq!(read(&entry).unwrap().id(), made.id());
    // What the system's own tools put there.
    entry.set_password(&format!("\u{feff}{HEX}\r\n")).unwrap();
    assert_eq!(read(&entry).unwrap().id(), Kek::from_bytes(key(7)).id());
}

#[test]
fn nothing_is_ever_overwritten() {
    let entry = entry();
    for content in [HEX.as_bytes(), b"not a key", b"", &[0xff; 32]] {
        entry.set_secret(content).unwrap();
        let error = create(&entry, &Kek::generate().unwrap()).unwrap_err();
        assert!(matches!(error, KeyringError::Exists(_)), "{error:?}");
        assert_eq!(entry.get_secret().unwrap(), content);
    }
}

#[test]
fn an_entry_without_a_key_says_so_and_nothing_of_what_it_holds() {
    let entry = entry();
    for (content, expected) in [
        (&b""[..], ParseKeyError::Empty),
        (b"hunter2hunter2", ParseKeyError::Malformed { length: 14 }),
        (b"hunter2 hunter2", ParseKeyError::Broken),
        (b"hunter2hunter2hunter2hunter2hunter2hunter2!", ParseKeyError::Digits),
        (b"hunter2\xff", ParseKeyError::NotText),
    ] {
        entry.set_secret(content).unwrap();
        let error = read(&entry).unwrap_err();
        let KeyringError::Content(.., source) = &error else { panic!("{error:?}") };
        assert_eq!(*source, expected);
        assert_hidden(&error, content);
    }
}

/// Errors of the library carry what the entry holds, and print it.
#[test]
fn the_keyrings_own_errors_give_nothing_away() {
    use keyring_core::Error as Theirs;
    let canary = b"canary-5f1e9c0b7a".to_vec();
    let inner = || Box::new(std::io::Error::other("locked")) as Box<dyn Error + Send + Sync>;
    let entry = entry();
    entry.set_secret(&canary).unwrap();
    for (theirs, ours) in [
        (Theirs::BadEncoding(canary.clone()), "Content"),
        (Theirs::BadDataFormat(canary.clone(), inner()), "Content"),
        (Theirs::Ambiguous(vec![self::entry()]), "Ambiguous"),
        (Theirs::NoStorageAccess(inner()), "Failed"),
        (Theirs::PlatformFailure(inner()), "Failed"),
        (Theirs::NotSupportedByStore("no".to_owned()), "Failed"),
        (Theirs::NoEntry, "Missing"),
    ] {
        fail_next(&entry, theirs);
        let error = read(&entry).unwrap_err();
        assert!(format!("{error:?}").starts_with(ours), "{error:?}");
        assert_hidden(&error, &canary);
    }
}

/// A locked keyring is not an empty one: nothing is put over what it holds.
#[test]
fn a_keyring_that_fails_is_not_written_to() {
    let entry = entry();
    entry.set_secret(HEX.as_bytes()).unwrap();
    let locked = std::io::Error::other("no session");
    fail_next(&entry, keyring_core::Error::NoStorageAccess(Box::new(locked)));
    let error = create(&entry, &Kek::generate().unwrap()).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "no session");
    assert!(!error.to_string().contains("no session"), "the context, and not the source");
    assert_eq!(entry.get_secret().unwrap(), HEX.as_bytes());
}

fn assert_hidden(error: &KeyringError, secret: &[u8]) {
    let mut shown = format!("{error:?} {error:#?}");
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        shown += &error.to_string();
        next = error.source();
    }
    let text = String::from_utf8_lossy(secret);
    let list = format!("{secret:?}");
    for spelling in [&*text, list.trim_matches(['[', ']'])] {
        assert!(spelling.is_empty() || !shown.contains(spelling), "{shown}");
    }
}
