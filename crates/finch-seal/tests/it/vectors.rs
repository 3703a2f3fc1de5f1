//! Known answers, computed by another implementation (Python's `cryptography` and `hmac`) from the
//! formats in the README. They never change: stores in the field depend on them. What is sealed today has the
//! same format, since it opens in the same way (`sealing.rs`).

use finch_seal::{Domain, Kek, KeyBytes, KeyRing, Place, SealError, WrappedKeys};
use secrecy::ExposeSecret as _;

const STORE: [u8; 16] = counting_from(0xa0);
const USABLE: Place<'_> = Place {
    client_id: "app",
    customer: Some("acme"),
    connection_id: "conn-1",
    fingerprint: &counting_from(0xe0),
    purpose: 1,
};
const HELD: Place<'_> = Place { purpose: 0, ..USABLE };
const NO_CUSTOMER: Place<'_> = Place { customer: None, ..USABLE };

/// Two epochs, wrapped by the key that counts from 0, and the same keys wrapped by the one from 128.
const KEY_RING: &[u8] = include_bytes!("vectors/key_ring.json");
const REWRAPPED: &[u8] = include_bytes!("vectors/rewrapped.json");

/// The place, the epoch, the secret, and the blob.
const BLOBS: [(Place<'_>, u32, &str, &str); 4] = [
    (
        USABLE,
        1,
        "the-token",
        "010100000001c0c1c2c3c4c5c6c7c8c9cacb61be40931e3782919fcbec43d9da1990cd54c401fc7c41a624",
    ),
    (
        HELD,
        1,
        "the-token",
        "010100000001c0c1c2c3c4c5c6c7c8c9cacb66f2f5ef6ee1b7e48f7647e33cbb3c55f2de7c26c84a4a8131",
    ),
    (NO_CUSTOMER, 1, "", "010100000001c0c1c2c3c4c5c6c7c8c9cacbe416befa5fe1c7734cf68be74afd8165"),
    (
        USABLE,
        2,
        "the-token",
        "010100000002c0c1c2c3c4c5c6c7c8c9cacb1603f7ef3a2cd7e1590caf0b1415a60969bdb4d5ab7390639b",
    ),
];
/// Bytes that are not UTF-8.
const NOT_TEXT: &str = "010100000002c0c1c2c3c4c5c6c7c8c9cacbc62dc97a0b4a38abd29b09ad4fc5fc1b8ed2";
const FINGERPRINTS: [(Domain, &str); 3] = [
    (Domain::Token, "5b2001c4ae7a5585eeb62260bd37ac19275c5c9e522c92fea5cc3a32701c3e7f"),
    (Domain::Code, "34ec6886b45342568ca313de71e20b551e964e41f44ef25762f6d1c511a98004"),
    (Domain::State, "3eb52bc7d6f1f13eb58ca4b52a7b27ec683aa2d837a5f2a7cdf39ea1269034c5"),
];
const RECORDS: [(&str, &[&[u8]], &str); 5] = [
    ("event", &[], "9304fd996592e162bbba163f2286fd58e18028897e5b3a1bb6e9c36e60387b37"),
    ("event", &[b""], "51a703419aa098db8e89f077ec25e1f5e13cdffbe0e374f70c9fa1e936678335"),
    ("event", &[b"a", b"bc"], "08cf169535e3c10b5e3c56014a8236d0973c02a8442fb69cba2d82ebc3e537ce"),
    ("event", &[b"ab", b"c"], "6d40d7dd2d6c49aee8ed3a13c58f5c43fa6e27caa27e2b49ec0887cf7d999152"),
    ("record", &[b"a", b"bc"], "1617ce92b7ec6fc8db83963022ed01e93502550a9a4c88371ccfcc2b81622df0"),
];

const fn counting_from<const N: usize>(first: u8) -> [u8; N] {
    let mut bytes = [first; N];
    let mut at = 0;
    while at < N {
        bytes[at] += at as u8;
        at += 1;
    }
    bytes
}

async fn open(kek: u8, document: &[u8]) -> KeyRing {
    let kek = Kek::from_bytes(KeyBytes::new(Box::new(counting_from(kek))));
    let keys = WrappedKeys::from_document(STORE, document).unwrap();
    KeyRing::open(&kek, &keys).await.unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[tokio::test]
async fn these_key_rings_open_and_unseal() {
    for (kek, document) in [(0, KEY_RING), (128, REWRAPPED)] {
        let ring = open(kek, document).await;
        for (place, epoch, secret, blob) in BLOBS {
            let blob = unhex(blob);
            assert_eq!(blob[2..6], epoch.to_be_bytes());
            let opened = ring.unseal(&place, &blob).unwrap();
            assert_eq!(opened.expose_secret(), secret, "{place:?}");
        }
        assert!(matches!(ring.unseal(&USABLE, &unhex(NOT_TEXT)), Err(SealError::Tampered)));
    }
}

#[tokio::test]
async fn keyed_hashes_are_these() {
    let ring = open(0, KEY_RING).await;
    for (domain, expected) in FINGERPRINTS {
        assert_eq!(hex(&ring.fingerprint(domain, "the-token")), expected, "{domain:?}");
    }
    for (label, fields, expected) in RECORDS {
        assert_eq!(hex(&ring.authenticate(label, fields)), expected, "{label} {fields:?}");
    }
}
