//! Keys in a keyring: a mock one, never this machine's.

use std::error::Error;
use std::sync::Arc;

use finch_seal::keyring::{self, CredentialStore};
use finch_seal::{Kek, KeySource, KeyringError, ParseKeyError};
use keyring_core::{Entry, mock};

use crate::support::key;

const HEX: &str = "0707070707070707070707070707070707070707070707070707070707070707";

fn store() -> Arc<CredentialStore> {
    mock::Store::new().unwrap()
}

fn entry(store: &CredentialStore) -> Entry {
    store.build("finch", "payroll", None).unwrap()
}

fn read(store: &CredentialStore) -> Result<Kek, KeyringError> {
    keyring::read(store, "finch", "payroll")
}

fn create(store: &CredentialStore, key: &Kek) -> Result<(), KeyringError> {
    keyring::create(store, "finch", "payroll", key)
}

/// The next use of the entry fails like this.
fn fail_next(store: &CredentialStore, error: keyring_core::Error) {
    entry(store).as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
}

#[test]
fn an_entry_holds_what_a_key_file_holds() {
    let (store, made) = (store(), Kek::from_bytes(key(0xfb)));
    create(&*store, &made).unwrap();
    let expected = "finch-kek-v1:-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s";
    assert_eq!(entry(&*store).get_password().unwrap(), expected);
    assert_eq!(read(&*store).unwrap().id(), made.id());
}

#[test]
fn what_the_systems_own_tools_put_there_is_read() {
    let store = store();
    for text in [HEX.to_owned(), format!("{HEX}\n"), format!("\u{feff}{HEX}\r\n")] {
        entry(&*store).set_password(&text).unwrap();
        assert_eq!(read(&*store).unwrap().id(), Kek::from_bytes(key(7)).id(), "{text:?}");
    }
}

#[test]
fn entries_go_by_both_names() {
    let store = store();
    create(&*store, &Kek::from_bytes(key(7))).unwrap();
    for (service, user) in [("finch", "other"), ("other", "payroll"), ("payroll", "finch")] {
        let error = keyring::read(&*store, service, user).unwrap_err();
        assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("{service:?}")), "{error}");
    }
}

#[test]
fn nothing_is_ever_overwritten() {
    let store = store();
    for content in [HEX.as_bytes(), b"not a key", b"", &[0xff; 32]] {
        entry(&*store).set_secret(content).unwrap();
        let error = create(&*store, &Kek::generate().unwrap()).unwrap_err();
        assert!(matches!(error, KeyringError::Exists { .. }), "{error:?}");
        assert_eq!(entry(&*store).get_secret().unwrap(), content);
    }
}

#[test]
fn an_entry_without_a_key_says_so_and_nothing_of_what_it_holds() {
    let cases: [(&[u8], ParseKeyError); 5] = [
        (b"", ParseKeyError::Empty),
        (b"hunter2hunter2", ParseKeyError::Malformed { length: 14 }),
        (b"hunter2 hunter2", ParseKeyError::Broken),
        (b"hunter2hunter2hunter2hunter2hunter2hunter2!", ParseKeyError::Digits),
        (b"hunter2\xff", ParseKeyError::NotText),
    ];
    let store = store();
    for (content, expected) in cases {
        entry(&*store).set_secret(content).unwrap();
        let error = read(&*store).unwrap_err();
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
    let store = store();
    entry(&*store).set_secret(&canary).unwrap();
    type Expected = fn(&KeyringError) -> bool;
    let errors: [(Theirs, Expected); 7] = [
        (Theirs::BadEncoding(canary.clone()), |e| matches!(e, KeyringError::Content(..))),
        (Theirs::BadDataFormat(canary.clone(), inner()), |e| {
            matches!(e, KeyringError::Content(..))
        }),
        (Theirs::Ambiguous(vec![entry(&*store)]), |e| matches!(e, KeyringError::Ambiguous(..))),
        (Theirs::NoStorageAccess(inner()), |e| matches!(e, KeyringError::Failed(_))),
        (Theirs::PlatformFailure(inner()), |e| matches!(e, KeyringError::Failed(_))),
        (Theirs::NotSupportedByStore("no".to_owned()), |e| matches!(e, KeyringError::Failed(_))),
        (Theirs::NoEntry, |e| matches!(e, KeyringError::Missing(..))),
    ];
    for (theirs, expected) in errors {
        fail_next(&*store, theirs);
        let error = read(&*store).unwrap_err();
        assert!(expected(&error), "{error:?}");
        assert_hidden(&error, &canary);
    }
}

/// A locked keyring is not an empty one: nothing is put over what it holds.
#[test]
fn a_keyring_that_fails_is_not_written_to() {
    let store = store();
    entry(&*store).set_secret(HEX.as_bytes()).unwrap();
    let locked = std::io::Error::other("no session");
    fail_next(&*store, keyring_core::Error::NoStorageAccess(Box::new(locked)));
    let error = create(&*store, &Kek::generate().unwrap()).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "no session");
    assert!(!error.to_string().contains("no session"), "the context, and not the source");
    assert_eq!(entry(&*store).get_secret().unwrap(), HEX.as_bytes());
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
    let list = list.trim_matches(['[', ']']);
    for spelling in [&*text, list] {
        assert!(spelling.is_empty() || !shown.contains(spelling), "{shown}");
    }
}
