//! Known answers, computed by another implementation (Python's `cryptography` and `hmac`) from the
//! formats in the README. They never change: stores in the field depend on them.

mod epochs;

use crate::aead::Nonce;
use crate::fingerprint::IndexKey;
use crate::wrapped::{data_key_context, index_key_context};
use crate::{
    Domain, Kek, KeyBytes, KeyId, KeyRing, KeySource, Place, SealError, WrappedEpoch, WrappedKeys,
};

const STORE: [u8; 16] = counting_from(0xa0);
const NONCE: Nonce = counting_from(0xc0);
const TOKEN: Place<'_> = Place { kind: "token", row: 7, client_id: "app", customer: Some("acme") };

const KEK_ID: &str = "72d93d0160442e6c";
const DATA_KEY: &str = "0101c0c1c2c3c4c5c6c7c8c9cacb8d0e48dbbdbf61ced5c98c6214a590b5da49c45728b1ca\
    691494337baa67f2ac45cf2a3596f6b62146125bd68ca7ce5b";
const INDEX_KEY: &str = "0101c0c1c2c3c4c5c6c7c8c9cacbed6e28bbdddf01aeb5a9ec0274c5f0d5ba29a43748d1a\
    a0974f4531bca0792ccd3a6f204cb5418497b2d7c4df48c7db9";
const CHECK: &str = "010100000001c0c1c2c3c4c5c6c7c8c9cacb86587029d8a2e222f84ffd05abbd0ce7a9e286460\
    75d72f03d61b12b47808dd70896ffb0c56693c42923b3635fcb3d5e";
const TOKEN_BLOB: &str = "010100000001c0c1c2c3c4c5c6c7c8c9cacb1efb5cdcf700208e14f71bb4324216323f84\
    0bc0b926fc3014";
const EMPTY_BLOB: &str = "010100000001c0c1c2c3c4c5c6c7c8c9cacb01f7666541d6fdba04ef4d0f8ffb1036";
const FINGERPRINTS: [(Domain, &str); 3] = [
    (Domain::Token, "5b2001c4ae7a5585eeb62260bd37ac19275c5c9e522c92fea5cc3a32701c3e7f"),
    (Domain::Code, "34ec6886b45342568ca313de71e20b551e964e41f44ef25762f6d1c511a98004"),
    (Domain::State, "3eb52bc7d6f1f13eb58ca4b52a7b27ec683aa2d837a5f2a7cdf39ea1269034c5"),
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

fn ring() -> KeyRing {
    KeyRing::assemble(STORE, kek().id(), vec![(1, &key(32))], IndexKey::new(&key(64))).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn a_key_has_this_name() {
    assert_eq!(kek().id(), KeyId::new(KEK_ID));
}

#[test]
fn keys_are_wrapped_to_these_bytes() {
    let data = kek().wrap_with_nonce(&key(32), &data_key_context(&STORE, 1), NONCE).unwrap();
    let index = kek().wrap_with_nonce(&key(64), &index_key_context(&STORE), NONCE).unwrap();
    assert_eq!((hex(&data), hex(&index)), (DATA_KEY.into(), INDEX_KEY.into()));
}

#[test]
fn these_rows_open_and_unseal() {
    let keys = WrappedKeys {
        store: STORE,
        kek: KeyId::new(KEK_ID),
        index_key: unhex(INDEX_KEY),
        epochs: vec![WrappedEpoch { epoch: 1, data_key: unhex(DATA_KEY), check: unhex(CHECK) }],
    };
    let ring = KeyRing::open(&kek(), &keys).unwrap();
    assert_eq!(expose(&ring.unseal(&TOKEN, &unhex(TOKEN_BLOB)).unwrap()), "the-token");
    let nobody = Place { customer: None, ..TOKEN };
    assert_eq!(expose(&ring.unseal(&nobody, &unhex(EMPTY_BLOB)).unwrap()), "");
}

#[test]
fn secrets_are_sealed_to_these_bytes() {
    let blob = ring().seal_bytes(&TOKEN, b"the-token", NONCE).unwrap();
    assert_eq!(hex(&blob), TOKEN_BLOB);
    let nobody = Place { customer: None, ..TOKEN };
    assert_eq!(hex(&ring().seal_bytes(&nobody, b"", NONCE).unwrap()), EMPTY_BLOB);
}

#[test]
fn fingerprints_are_these() {
    for (domain, fingerprint) in FINGERPRINTS {
        assert_eq!(hex(&ring().fingerprint(domain, "the-token")), fingerprint, "{domain:?}");
    }
}

#[test]
fn what_is_no_text_is_no_secret() {
    let blob = ring().seal_bytes(&TOKEN, &[0xff, 0xfe], NONCE).unwrap();
    assert!(matches!(ring().unseal(&TOKEN, &blob), Err(SealError::Tampered)));
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: compared with the known answer")]
fn expose(secret: &secrecy::SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}
