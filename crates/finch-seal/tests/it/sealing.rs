//! A sealed token opens where it belongs, unchanged, and nowhere else; a hash is of its own secret or record.

use std::collections::HashSet;

use finch_seal::{Domain, Kek, KeyRing, Place, SealError};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::support::{PLACE, STORE, block_on, cases, ring, ring_of};

/// The fields of a place, owned.
type Fields = (String, Option<String>, String, [u8; 32], u8);

/// Few values each, so that two places often share some.
fn fields() -> impl Strategy<Value = Fields> {
    let name = || prop_oneof!["[ab]{0,3}", any::<String>()];
    let fingerprint = prop_oneof![Just([0; 32]), any::<[u8; 32]>()];
    (name(), proptest::option::of(name()), name(), fingerprint, 0..4_u8)
}

fn place((client_id, customer, connection_id, fingerprint, purpose): &Fields) -> Place<'_> {
    let customer = customer.as_deref();
    Place { client_id, customer, connection_id, fingerprint, purpose: *purpose }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_token_comes_back(fields in fields(), secret in any::<String>()) {
        let ring = block_on(ring());
        let blob = ring.seal(&place(&fields), &secret).unwrap();
        let unsealed = ring.unseal(&place(&fields), &blob).unwrap();
        prop_assert_eq!(unsealed.expose_secret(), secret);
    }

    #[test]
    fn a_token_opens_in_its_own_place_only(home in fields(), other in fields()) {
        let (ring, home, other) = (block_on(ring()), place(&home), place(&other));
        let blob = ring.seal(&home, "secret").unwrap();
        for moved in [
            other,
            Place { client_id: other.client_id, ..home },
            Place { customer: other.customer, ..home },
            Place { connection_id: other.connection_id, ..home },
            Place { fingerprint: other.fingerprint, ..home },
            Place { purpose: other.purpose, ..home },
            Place { client_id: home.connection_id, connection_id: home.client_id, ..home },
        ] {
            match ring.unseal(&moved, &blob) {
                Ok(_) => prop_assert_eq!(moved, home),
                Err(SealError::Tampered) => prop_assert_ne!(moved, home),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn changing_any_bit_shows(fields in fields(), secret in ".{0,20}") {
        let (ring, place) = (block_on(ring()), place(&fields));
        let mut blob = ring.seal(&place, &secret).unwrap();
        for bit in 0..blob.len() * 8 {
            blob[bit / 8] ^= 1 << (bit % 8);
            let error = ring.unseal(&place, &blob).unwrap_err();
            let as_expected = match bit / 8 {
                0 => matches!(error, SealError::UnknownVersion(version) if version == blob[0]),
                1 => matches!(error, SealError::UnknownAlgorithm(algorithm) if algorithm == blob[1]),
                2..6 => matches!(error, SealError::UnknownEpoch(_)),
                _ => matches!(error, SealError::Tampered),
            };
            prop_assert!(as_expected, "bit {}: {:?}", bit, error);
            blob[bit / 8] ^= 1 << (bit % 8);
        }
        prop_assert!(ring.unseal(&place, &blob).is_ok());
    }

    #[test]
    fn cutting_it_short_shows(secret in ".{0,20}") {
        let ring = block_on(ring());
        let blob = ring.seal(&PLACE, &secret).unwrap();
        for length in 0..blob.len() {
            match ring.unseal(&PLACE, &blob[..length]) {
                Err(SealError::Truncated) => prop_assert!(length < 34),
                Err(SealError::Tampered) => prop_assert!(length >= 34),
                other => prop_assert!(false, "{} bytes: {:?}", length, other),
            }
        }
    }

    #[test]
    fn a_fingerprint_is_of_one_secret_in_one_domain(a in any::<String>(), b in any::<String>()) {
        let ring = block_on(ring());
        let domains = [Domain::Token, Domain::Code, Domain::State];
        for (left, right) in domains.iter().flat_map(|l| domains.map(|r| (*l, r))) {
            let same = ring.fingerprint(left, &a) == ring.fingerprint(right, &b);
            prop_assert_eq!(same, left == right && a == b);
            prop_assert_eq!(ring.fingerprint(left, &a), ring.fingerprint(left, &a));
        }
    }
}

#[tokio::test]
async fn the_same_token_never_looks_the_same() {
    let ring = ring().await;
    let blobs: HashSet<_> = (0..1000).map(|_| ring.seal(&PLACE, "secret").unwrap()).collect();
    assert_eq!(blobs.len(), 1000);
}

#[tokio::test]
async fn each_store_has_blobs_and_hashes_of_its_own_even_under_one_key() {
    let kek = Kek::generate().unwrap();
    let (ring, other) = (ring_of(&kek, STORE).await.0, ring_of(&kek, [7; 16]).await.0);
    let blob = other.seal(&PLACE, "secret").unwrap();
    assert!(matches!(ring.unseal(&PLACE, &blob), Err(SealError::Tampered)));
    let hashes = |ring: &KeyRing| {
        (ring.fingerprint(Domain::Token, "secret"), ring.authenticate("event", &[b"a"]))
    };
    let (ours, theirs) = (hashes(&ring), hashes(&other));
    assert!(ours.0 != theirs.0 && ours.1 != theirs.1);
}

/// Fields do not run into each other, and no label or field makes a record's hash into a fingerprint: those find
/// tokens.
#[tokio::test]
async fn a_record_is_of_its_label_and_fields() {
    let ring = ring().await;
    let splits: [(&str, &[&[u8]]); 10] = [
        ("event", &[b"abc"]),
        ("event", &[b"a", b"bc"]),
        ("event", &[b"ab", b"c"]),
        ("event", &[b"abc", b""]),
        ("event", &[b"", b"abc"]),
        ("event", &[]),
        ("event", &[b""]),
        ("eventa", &[b"bc"]),
        ("even", &[b"tabc"]),
        ("", &[b"event", b"abc"]),
    ];
    let hashes: HashSet<_> =
        splits.iter().map(|(label, fields)| ring.authenticate(label, fields)).collect();
    assert_eq!(hashes.len(), splits.len());
    let fingerprints =
        [Domain::Token, Domain::Code, Domain::State].map(|domain| ring.fingerprint(domain, "a"));
    for label in ["token", "code", "state", "record", "key check", ""] {
        for fields in [&[b"a".as_slice()][..], &[], &[b"token", b"a"]] {
            assert!(!fingerprints.contains(&ring.authenticate(label, fields)), "{label}");
        }
    }
}
