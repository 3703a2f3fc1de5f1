//! Known answers, computed by another implementation (Python's `cryptography` and `hmac`) from the
//! formats in the README. They never change: stores in the field depend on them.

use crate::aead::Nonce;
use crate::wrapped::{data_key_context, index_key_context};
use crate::{Domain, Kek, KeyBytes, KeyRing, KeySource, Place, SealError, WrappedKeys};

const STORE: [u8; 16] = counting_from(0xa0);
const NONCE: Nonce = counting_from(0xc0);
const USABLE: Place<'_> = Place {
    client_id: "app",
    customer: Some("acme"),
    connection_id: "conn-1",
    fingerprint: &counting_from(0xe0),
    purpose: 1,
};
const HELD: Place<'_> = Place { purpose: 0, ..USABLE };
const NO_CUSTOMER: Place<'_> = Place { customer: None, ..USABLE };

/// Two epochs, wrapped by [`kek`], and the same keys wrapped by [`other_kek`].
const KEY_RING: &[u8] = include_bytes!("vectors/key_ring.json");
const REWRAPPED: &[u8] = include_bytes!("vectors/rewrapped.json");

const BLOBS: [(Place<'_>, &str, &str); 3] = [
    (
        USABLE,
        "the-token",
        "010100000001c0c1c2c3c4c5c6c7c8c9cacb61be40931e3782919fcbec43d9da1990cd54c401fc7c41a624",
    ),
    (
        HELD,
        "the-token",
        "010100000001c0c1c2c3c4c5c6c7c8c9cacb66f2f5ef6ee1b7e48f7647e33cbb3c55f2de7c26c84a4a8131",
    ),
    (NO_CUSTOMER, "", "010100000001c0c1c2c3c4c5c6c7c8c9cacbe416befa5fe1c7734cf68be74afd8165"),
];
const USABLE_2: &str =
    "010100000002c0c1c2c3c4c5c6c7c8c9cacb1603f7ef3a2cd7e1590caf0b1415a60969bdb4d5ab7390639b";
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

fn key(first: u8) -> KeyBytes {
    KeyBytes::new(Box::new(counting_from(first)))
}

fn kek() -> Kek {
    Kek::from_bytes(key(0))
}

fn other_kek() -> Kek {
    Kek::from_bytes(key(128))
}

fn keys(document: &[u8]) -> WrappedKeys {
    WrappedKeys::from_document(STORE, document).unwrap()
}

async fn ring() -> KeyRing {
    KeyRing::open(&kek(), &keys(KEY_RING)).await.unwrap()
}

/// The ring of the time before epoch 2.
async fn first_ring() -> KeyRing {
    let mut keys = keys(KEY_RING);
    keys.epochs.pop();
    KeyRing::open(&kek(), &keys).await.unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: compared with the known answer")]
fn assert_unseals(ring: &KeyRing, place: &Place<'_>, blob: &str, secret: &str) {
    let unsealed = ring.unseal(place, &unhex(blob)).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&unsealed), secret);
}

#[test]
fn keys_are_wrapped_to_these_bytes() {
    for (kek, document) in [(kek(), KEY_RING), (other_kek(), REWRAPPED)] {
        let keys = keys(document);
        let wrap = |key, context: &[u8]| kek.wrap_with_nonce(&key, context, NONCE).unwrap();
        assert_eq!(kek.id(), keys.kek);
        assert_eq!(wrap(key(64), &index_key_context(&STORE)), keys.index_key);
        assert_eq!(wrap(key(32), &data_key_context(&STORE, 1)), keys.epochs[0].data_key);
        assert_eq!(wrap(key(96), &data_key_context(&STORE, 2)), keys.epochs[1].data_key);
    }
}

#[tokio::test]
async fn these_key_rings_open_and_unseal() {
    for (kek, document) in [(kek(), KEY_RING), (other_kek(), REWRAPPED)] {
        let ring = KeyRing::open(&kek, &keys(document)).await.unwrap();
        for (place, secret, blob) in BLOBS {
            assert_unseals(&ring, &place, blob, secret);
        }
        assert_unseals(&ring, &USABLE, USABLE_2, "the-token");
    }
}

#[tokio::test]
async fn tokens_are_sealed_to_these_bytes() {
    let first = first_ring().await;
    for (place, secret, blob) in BLOBS {
        let sealed = first.seal_with_nonce(&place, secret.as_bytes(), NONCE).unwrap();
        assert_eq!(hex(&sealed), blob, "{place:?}");
    }
    let sealed = ring().await.seal_with_nonce(&USABLE, b"the-token", NONCE).unwrap();
    assert_eq!(hex(&sealed), USABLE_2);
}

#[tokio::test]
async fn keyed_hashes_are_these() {
    let ring = ring().await;
    for (domain, expected) in FINGERPRINTS {
        assert_eq!(hex(&ring.fingerprint(domain, "the-token")), expected, "{domain:?}");
    }
    for (label, fields, expected) in RECORDS {
        assert_eq!(hex(&ring.authenticate(label, fields)), expected, "{label} {fields:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_not_text_are_no_token() {
    let ring = ring().await;
    let blob = ring.seal_with_nonce(&USABLE, &[0xff, 0xfe], NONCE).unwrap();
    assert!(matches!(ring.unseal(&USABLE, &blob), Err(SealError::Tampered)));
}
