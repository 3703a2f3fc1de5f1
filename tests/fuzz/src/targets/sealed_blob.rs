//! Sealed secrets: whatever a store keeps, it opens only as what was sealed for that very token.

use std::sync::LazyLock;

use finch_seal::{Kek, KeyRing, Place};
use finch_tests::finish;
use secrecy::ExposeSecret as _;

use crate::{
    Target,
    canary::{SECRET, TOKEN, chain, hidden, variant},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "sealed_blob",
    run: sealed_blob,
    reaches: "blob: opened; blob: Tampered; blob: Truncated; blob: UnknownVersion; blob: elsewhere",
};

const HERE: Place<'_> = Place {
    client_id: "client",
    customer: Some("acme"),
    connection_id: "k",
    fingerprint: &[7; 32],
    purpose: 1,
};

struct Sealed {
    ring: KeyRing,
    /// Of another store under the same key.
    foreign: Vec<u8>,
    blob: Vec<u8>,
}

static SEALED: LazyLock<Sealed> = LazyLock::new(|| {
    let ring = |store| {
        let key = Kek::parse(&"5a".repeat(32)).unwrap();
        finish(KeyRing::create(&key, store)).unwrap().0
    };
    let foreign = ring([2; 16]).seal(&HERE, SECRET).unwrap();
    let ring = ring([1; 16]);
    let blob = ring.seal(&HERE, TOKEN).unwrap();
    Sealed { ring, foreign, blob }
});

/// `r` and raw bytes; `e` and edits of a true blob (`offset xor` in pairs, `t length` to cut it, `f`
/// for one of another store); `p` and five lines that say where the true blob stands: `usable`, `refused`, `doubt` or
/// held, its connection, the application, the customer, and a byte of the fingerprint.
fn sealed_blob(data: &[u8]) {
    let Sealed { ring, foreign, blob } = &*SEALED;
    let text = || String::from_utf8_lossy(data.get(2..).unwrap_or_default()).into_owned();
    match data.first() {
        Some(b'e') => {
            let text = text();
            let edited = edited(blob, foreign, &text);
            opens(ring, &HERE, &edited, edited == *blob);
        }
        Some(b'p') => {
            let text = text();
            let mut lines = text.split('\n');
            let mut line = || lines.next().unwrap_or_default();
            let purpose = match line() {
                "usable" => 1,
                "refused" => 2,
                "doubt" => 3,
                _ => 0,
            };
            let (connection_id, client_id) = (line(), line());
            let customer = lines.next();
            let fingerprint = [lines.next().and_then(|byte| byte.parse().ok()).unwrap_or(7); 32];
            let place =
                Place { client_id, customer, connection_id, fingerprint: &fingerprint, purpose };
            if place != HERE {
                note("blob: elsewhere");
            }
            opens(ring, &place, blob, place == HERE);
        }
        _ => {
            // A fuzzer that sees comparisons finds the true one.
            let raw = data.get(2..).unwrap_or_default();
            opens(ring, &HERE, raw, raw == *blob);
        }
    }
}

fn opens(ring: &KeyRing, place: &Place<'_>, blob: &[u8], is_ours: bool) {
    match ring.unseal(place, blob) {
        Ok(secret) => {
            assert!(is_ours, "something opened that was not sealed for this place");
            assert_eq!(secret.expose_secret(), TOKEN);
            note("blob: opened");
        }
        Err(error) => {
            assert!(!is_ours, "what was sealed here does not open: {error}");
            hidden(&chain(&error), &[TOKEN, SECRET]);
            note(&format!("blob: {}", variant(&error)));
        }
    }
}

/// Edits of `true_blob`, as words.
pub(crate) fn edited(true_blob: &[u8], foreign: &[u8], script: &str) -> Vec<u8> {
    let mut blob = true_blob.to_vec();
    let mut words = script.split_ascii_whitespace();
    while let Some(word) = words.next() {
        match word {
            "t" => blob.truncate(words.next().and_then(|n| n.parse().ok()).unwrap_or(0)),
            "f" => blob = foreign.to_vec(),
            "+" => blob.push(0),
            offset => {
                let offset: usize = offset.parse().unwrap_or(0);
                let by = words.next().and_then(|by| u8::from_str_radix(by, 16).ok()).unwrap_or(1);
                let length = blob.len().max(1);
                if let Some(byte) = blob.get_mut(offset % length) {
                    *byte ^= by;
                }
            }
        }
    }
    blob
}
