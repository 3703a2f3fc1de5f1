//! Keys: as text, in files, and wrapped in a store's key ring.

use std::{cell::RefCell, fs, os::unix::fs::PermissionsExt as _, path::PathBuf, sync::LazyLock};

use base64::{Engine as _, alphabet, engine::general_purpose as engines};
use finch_seal::{Kek, KeyBytes, KeyId, KeyRing, KeySource as _, WrappedKeys, keyfile};
use finch_tests::finish;

use super::sealed_blob::edited;
use crate::{
    Target,
    canary::{chain, hidden},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "key_text",
    run: key_text,
    reaches: "key: read; key: no key; key file: read; key file: refused; keys: opened; \
        keys: refused",
};

/// `t` and a key as text; `f` and the content of a key file; `u` and what is to be unwrapped; `w` and
/// edits of a store's key rows, a row a line.
fn key_text(data: &[u8]) {
    let rest = data.get(2..).unwrap_or_default();
    match data.first() {
        Some(b'f') => file(rest),
        Some(b'u') => {
            let (key, _) = &*KEYS;
            let Err(error) = finish(key.unwrap(rest, b"a context")) else {
                panic!("something opened that was never wrapped");
            };
            hidden(&chain(&error), &[]);
            note("keys: refused");
        }
        Some(b'w') => rows(&String::from_utf8_lossy(rest)),
        _ => text(&String::from_utf8_lossy(rest)),
    }
}

fn text(text: &str) {
    let expected = bytes_of(text);
    match Kek::parse(text) {
        Ok(key) => {
            assert_eq!(Some(key.id()), expected.map(id_of), "the key that the text says");
            hidden(&format!("{key:?}"), &[text.trim()]);
            note("key: read");
        }
        Err(error) => {
            keeps(&chain(&error), text.trim());
            note("key: no key");
        }
    }
}

/// Fails if the text that was no key is shown, unless it is a word of the error itself.
fn keeps(shown: &str, text: &str) {
    let own_words = chain(&finch_seal::ParseKeyError::Malformed { length: 0 });
    if text.len() >= 16 && !own_words.contains(text) {
        hidden(shown, &[text]);
    }
}

thread_local! {
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// A file in a folder of this thread's own.
fn path() -> PathBuf {
    FOLDER.with_borrow_mut(|folder| {
        folder.get_or_insert_with(|| tempfile::tempdir().unwrap()).path().join("key")
    })
}

fn file(content: &[u8]) {
    let path = path();
    fs::write(&path, content).unwrap();
    // The last byte also says who may read it: mostly the owner alone.
    let mode = if content.last() == Some(&b'!') { 0o640 } else { 0o600 };
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let read = keyfile::read(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    match read {
        Ok(key) => {
            assert_eq!(mode, 0o600);
            let content = String::from_utf8_lossy(content);
            assert_eq!(Some(key.id()), bytes_of(&content).map(id_of));
            note("key file: read");
        }
        Err(error) => {
            let content = String::from_utf8_lossy(content);
            keeps(&chain(&error), content.trim());
            note("key file: refused");
        }
    }
}

static KEYS: LazyLock<(Kek, WrappedKeys)> = LazyLock::new(|| {
    let key = Kek::parse(&"5a".repeat(32)).unwrap();
    let (_, keys) = finish(KeyRing::create(&key, [1; 16])).unwrap();
    (key, keys)
});

/// Each line names a row and edits it.
fn rows(script: &str) {
    let (key, kept) = &*KEYS;
    let mut keys = kept.clone();
    for line in script.lines() {
        let (row, edits) = line.split_once(' ').unwrap_or((line, ""));
        match row {
            "data" => {
                let data_key = &mut keys.epochs[0].data_key;
                *data_key = edited(data_key, &kept.index_key, edits);
            }
            "index" => keys.index_key = edited(&keys.index_key, &kept.epochs[0].data_key, edits),
            "check" => {
                let check = &mut keys.epochs[0].check;
                *check = edited(check, &kept.epochs[0].data_key, edits);
            }
            "epoch" => keys.epochs[0].epoch = edits.parse().unwrap_or(0),
            "store" => {
                let store = edited(&keys.store, &[], edits);
                keys.store = store.try_into().unwrap_or([0; 16]);
            }
            "kek" => keys.kek = KeyId::new(edits),
            _ => {}
        }
    }
    match finish(KeyRing::open(key, &keys)) {
        Ok(_) => {
            assert_eq!(keys, *kept, "rows that were changed open no ring");
            note("keys: opened");
        }
        Err(error) => {
            assert_ne!(keys, *kept, "the rows as they were made open: {error}");
            chain(&error);
            note("keys: refused");
        }
    }
}

fn id_of(bytes: [u8; 32]) -> KeyId {
    Kek::from_bytes(KeyBytes::new(Box::new(bytes))).id()
}

/// The bytes of a key, read by other means, and generously.
fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let text = text.strip_prefix("finch-kek-v1:").unwrap_or(text);
    if text.len() == 64 {
        let digit = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        return (0..64).step_by(2).map(digit).collect::<Option<Vec<_>>>()?.try_into().ok();
    }
    let standard = text.replace('-', "+").replace('_', "/");
    let config = engines::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    let engine = engines::GeneralPurpose::new(&alphabet::STANDARD, config);
    engine.decode(standard).ok()?.try_into().ok()
}
