//! A sealed secret opens in its own row, unchanged, and nowhere else.

use finch_seal::{Domain, Kek, KeyRing, Place, SealError};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::support::{STORE, allow_seals, cases, ring, ring_of};

/// The fields of a place, owned. Few values each, so that two places often share some.
type Fields = (String, u64, String, Option<String>);

fn fields() -> impl Strategy<Value = Fields> {
    let name = prop_oneof!["[ab]{0,3}", any::<String>()];
    let row = prop_oneof![0..3u64, any::<u64>()];
    (name.clone(), row, name.clone(), proptest::option::of(name))
}

fn place((kind, row, client_id, customer): &Fields) -> Place<'_> {
    Place { kind, row: *row, client_id, customer: customer.as_deref() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_secret_comes_back(fields in fields(), secret in any::<String>()) {
        let ring = ring();
        let blob = ring.seal(&place(&fields), &secret).unwrap();
        let unsealed = ring.unseal(&place(&fields), &blob).unwrap();
        prop_assert_eq!(unsealed.expose_secret(), secret);
    }

    #[test]
    fn a_secret_opens_in_its_own_place_only(home in fields(), other in fields()) {
        prop_assume!(home != other);
        let ring = ring();
        let blob = ring.seal(&place(&home), "secret").unwrap();
        let answer = ring.unseal(&place(&other), &blob);
        prop_assert!(matches!(answer, Err(SealError::Tampered)));
    }

    #[test]
    fn changing_any_field_of_the_place_shows(home in fields(), other in fields()) {
        let (ring, home) = (ring(), place(&home));
        let other = place(&other);
        let blob = ring.seal(&home, "secret").unwrap();
        for moved in [
            Place { kind: other.kind, ..home },
            Place { row: other.row, ..home },
            Place { client_id: other.client_id, ..home },
            Place { customer: other.customer, ..home },
            Place { kind: home.client_id, client_id: home.kind, ..home },
        ] {
            prop_assert_eq!(ring.unseal(&moved, &blob).is_ok(), moved == home);
        }
    }

    #[test]
    fn changing_any_bit_shows(fields in fields(), secret in ".{0,20}") {
        let (ring, place) = (ring(), place(&fields));
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
    fn cutting_it_short_shows(fields in fields(), secret in ".{0,20}") {
        let (ring, place) = (ring(), place(&fields));
        let blob = ring.seal(&place, &secret).unwrap();
        for length in 0..blob.len() {
            match ring.unseal(&place, &blob[..length]) {
                Err(SealError::Truncated) => prop_assert!(length < 34),
                Err(SealError::Tampered) => prop_assert!(length >= 34),
                other => prop_assert!(false, "{} bytes: {:?}", length, other),
            }
        }
    }

    #[test]
    fn anything_else_is_refused(fields in fields(), blob in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(ring().unseal(&place(&fields), &blob).is_err());
    }

    #[test]
    fn a_fingerprint_is_of_one_secret_in_one_domain(a in any::<String>(), b in any::<String>()) {
        let ring = ring();
        let domains = [Domain::Token, Domain::Code, Domain::State];
        for (left, right) in domains.iter().flat_map(|l| domains.map(|r| (*l, r))) {
            let same = ring.fingerprint(left, &a) == ring.fingerprint(right, &b);
            prop_assert_eq!(same, left == right && a == b);
            prop_assert_eq!(ring.fingerprint(left, &a), ring.fingerprint(left, &a));
        }
    }
}

const PLACE: Place<'_> = Place { kind: "token", row: 1, client_id: "app", customer: None };

#[test]
fn no_customer_is_not_an_empty_one() {
    let ring = ring();
    let blob = ring.seal(&PLACE, "secret").unwrap();
    let empty = Place { customer: Some(""), ..PLACE };
    assert!(matches!(ring.unseal(&empty, &blob), Err(SealError::Tampered)));
}

#[test]
fn the_same_secret_never_looks_the_same() {
    let ring = ring();
    let blobs: std::collections::HashSet<_> =
        (0..1000).map(|_| ring.seal(&PLACE, "secret").unwrap()).collect();
    assert_eq!(blobs.len(), 1000);
}

#[test]
fn a_blob_of_another_store_does_not_open() {
    let kek = Kek::generate().unwrap();
    let (ring, other) = (ring_of(&kek, STORE).0, ring_of(&kek, [7; 16]).0);
    let blob = other.seal(&PLACE, "secret").unwrap();
    assert!(matches!(ring.unseal(&PLACE, &blob), Err(SealError::Tampered)));
    let (token, fingerprint) = (Domain::Token, ring.fingerprint(Domain::Token, "secret"));
    assert_ne!(fingerprint, other.fingerprint(token, "secret"));
}

/// The keys alone do not make the store: the same keys under another uuid open nothing.
#[test]
fn the_stores_uuid_is_bound_beside_its_keys() {
    use crate::support::Careless;
    let (ring, mut keys) = ring_of(&Careless, STORE);
    let blob = ring.seal(&PLACE, "secret").unwrap();
    keys.store = [7; 16];
    assert!(matches!(KeyRing::open(&Careless, &keys), Err(SealError::BrokenKeys)));
    keys.store = STORE;
    let again = KeyRing::open(&Careless, &keys).unwrap();
    assert_eq!(again.unseal(&PLACE, &blob).unwrap().expose_secret(), "secret");
}

#[test]
fn threads_share_a_ring() {
    let ring = ring();
    allow_seals(&ring, 400);
    std::thread::scope(|scope| {
        for row in 0..4 {
            let ring = &ring;
            scope.spawn(move || {
                let place = Place { row, ..PLACE };
                for _ in 0..100 {
                    let blob = ring.seal(&place, "secret").unwrap();
                    assert_eq!(ring.unseal(&place, &blob).unwrap().expose_secret(), "secret");
                }
            });
        }
    });
}
