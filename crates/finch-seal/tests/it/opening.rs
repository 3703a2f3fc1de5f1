//! The rows of a store open with the key that made them, and with nothing else.

use finch_seal::{Domain, Kek, KeyRing, KeySource, Place, SealError, WrappedEpoch, WrappedKeys};
use secrecy::ExposeSecret;

use crate::support::{Careless, STORE, key, ring_of};

const PLACE: Place<'_> = Place { kind: "token", row: 1, client_id: "app", customer: Some("acme") };

#[test]
fn a_ring_opened_again_knows_what_it_sealed_and_found() {
    let kek = Kek::from_bytes(key(1));
    let (ring, keys) = ring_of(&kek, STORE);
    let blob = ring.seal(&PLACE, "secret").unwrap();
    let again = KeyRing::open(&Kek::from_bytes(key(1)), &keys).unwrap();
    assert_eq!(again.unseal(&PLACE, &blob).unwrap().expose_secret(), "secret");
    assert_eq!(again.fingerprint(Domain::Token, "a"), ring.fingerprint(Domain::Token, "a"));
    assert_eq!((again.epoch(), again.seals_left()), (1, 0));
}

#[test]
fn another_key_is_named_beside_the_one_that_is_needed() {
    let (right, wrong) = (Kek::from_bytes(key(1)), Kek::from_bytes(key(2)));
    let (_, keys) = ring_of(&right, STORE);
    let error = KeyRing::open(&wrong, &keys).unwrap_err();
    let SealError::WrongKey { expected, given } = &error else { panic!("{error:?}") };
    assert_eq!((expected, given), (&right.id(), &wrong.id()));
    assert!(error.to_string().contains(right.id().as_str()));
    assert!(error.to_string().contains(wrong.id().as_str()));
}

#[test]
fn a_wrong_key_under_the_right_name_opens_nothing() {
    let (_, mut keys) = ring_of(&Kek::from_bytes(key(1)), STORE);
    let wrong = Kek::from_bytes(key(2));
    keys.kek = wrong.id();
    assert!(matches!(KeyRing::open(&wrong, &keys), Err(SealError::BrokenKeys)));
}

#[test]
fn changing_any_bit_of_the_rows_shows() {
    let kek = Kek::generate().unwrap();
    let (_, keys) = ring_of(&kek, STORE);
    let columns: [fn(&mut WrappedKeys) -> &mut [u8]; 4] = [
        |keys| &mut keys.store,
        |keys| &mut keys.epochs[0].data_key,
        |keys| &mut keys.index_key,
        |keys| &mut keys.epochs[0].check,
    ];
    for column in columns {
        let mut changed = keys.clone();
        for bit in 0..column(&mut changed).len() * 8 {
            column(&mut changed)[bit / 8] ^= 1 << (bit % 8);
            let answer = KeyRing::open(&kek, &changed);
            assert!(matches!(answer, Err(SealError::BrokenKeys)), "bit {bit}: {answer:?}");
            column(&mut changed)[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let changed = with(&keys, |row| row.epoch = 2);
    assert!(matches!(KeyRing::open(&kek, &changed), Err(SealError::BrokenKeys)));
}

#[test]
fn rows_cut_short_show() {
    let kek = Kek::generate().unwrap();
    let (_, keys) = ring_of(&kek, STORE);
    for length in 0..keys.epochs[0].data_key.len() {
        let changed = with(&keys, |row| row.data_key.truncate(length));
        assert!(matches!(KeyRing::open(&kek, &changed), Err(SealError::BrokenKeys)));
    }
}

#[test]
fn wrapped_keys_do_not_trade_places_or_stores() {
    let kek = Kek::generate().unwrap();
    let ((_, ours), (_, theirs)) = (ring_of(&kek, STORE), ring_of(&kek, [7; 16]));
    for mixed in [
        with(&ours, |row| row.data_key = ours.index_key.clone()),
        WrappedKeys { index_key: ours.epochs[0].data_key.clone(), ..ours.clone() },
        with(&ours, |row| row.data_key = theirs.epochs[0].data_key.clone()),
        WrappedKeys { index_key: theirs.index_key.clone(), ..ours.clone() },
        with(&ours, |row| row.check = theirs.epochs[0].check.clone()),
    ] {
        assert!(matches!(KeyRing::open(&kek, &mixed), Err(SealError::BrokenKeys)));
    }
}

/// The key check holds even where a key source binds nothing.
#[test]
fn the_check_finds_keys_that_do_not_belong_together() {
    let ((_, ours), (_, theirs)) = (ring_of(&Careless, STORE), ring_of(&Careless, STORE));
    for mixed in [
        with(&ours, |row| row.data_key = theirs.epochs[0].data_key.clone()),
        WrappedKeys { index_key: theirs.index_key.clone(), ..ours.clone() },
        with(&ours, |row| row.check = theirs.epochs[0].check.clone()),
        with(&ours, |row| row.epoch = 2),
    ] {
        assert!(matches!(KeyRing::open(&Careless, &mixed), Err(SealError::BrokenKeys)));
    }
}

/// The keys with their first row changed.
fn with(keys: &WrappedKeys, change: impl FnOnce(&mut WrappedEpoch)) -> WrappedKeys {
    let mut keys = keys.clone();
    change(&mut keys.epochs[0]);
    keys
}
