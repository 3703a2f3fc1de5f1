//! Several data keys: each opens what it sealed, the newest seals, and the rows belong together.

use finch_seal::{Domain, Kek, KeyRing, Place, SealError, WrappedEpoch, WrappedKeys, epoch_of};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::support::{Careless, Forgetful, STORE, TwoFaced, allow_seals, key, ring_of};

const PLACE: Place<'_> = Place { kind: "token", row: 1, client_id: "app", customer: Some("acme") };

/// A store of `epochs` data keys, and a blob of each.
fn store_of(kek: &Kek, epochs: u32) -> (WrappedKeys, Vec<Vec<u8>>) {
    let (mut ring, mut keys) = ring_of(kek, STORE);
    let mut blobs = vec![ring.seal(&PLACE, "secret 1").unwrap()];
    for epoch in 2..=epochs {
        keys.epochs.push(ring.next_epoch(kek).unwrap());
        ring = open_to_seal(kek, &keys);
        blobs.push(ring.seal(&PLACE, &format!("secret {epoch}")).unwrap());
    }
    (keys, blobs)
}

fn open_to_seal(kek: &Kek, keys: &WrappedKeys) -> KeyRing {
    let ring = KeyRing::open(kek, keys).unwrap();
    allow_seals(&ring, 1);
    ring
}

fn assert_broken(kek: &Kek, keys: &WrappedKeys, why: &str) {
    let answer = KeyRing::open(kek, keys);
    assert!(matches!(answer, Err(SealError::BrokenKeys)), "{why}: {answer:?}");
}

#[test]
fn each_epoch_opens_what_it_sealed_and_the_newest_seals() {
    let kek = Kek::generate().unwrap();
    let (keys, blobs) = store_of(&kek, 4);
    let ring = open_to_seal(&kek, &keys);
    for (epoch, blob) in (1..).zip(&blobs) {
        assert_eq!(epoch_of(blob).unwrap(), epoch);
        let secret = ring.unseal(&PLACE, blob).unwrap();
        assert_eq!(secret.expose_secret(), format!("secret {epoch}"));
    }
    assert_eq!(ring.epoch(), 4);
    assert_eq!(epoch_of(&ring.seal(&PLACE, "new").unwrap()).unwrap(), 4);
}

#[test]
fn a_new_epoch_changes_nothing_until_the_keys_are_opened_again() {
    let kek = Kek::generate().unwrap();
    let (ring, _) = ring_of(&kek, STORE);
    let row = ring.next_epoch(&kek).unwrap();
    assert_eq!((row.epoch, ring.epoch()), (2, 1));
    assert_eq!(epoch_of(&ring.seal(&PLACE, "secret").unwrap()).unwrap(), 1);
    // It reserves no seal of the new key, and each epoch has a key of its own.
    assert_ne!(row.data_key, ring.next_epoch(&kek).unwrap().data_key);
}

#[test]
fn fingerprints_and_records_outlive_epochs_and_keys() {
    let (old, new) = (Kek::generate().unwrap(), Kek::generate().unwrap());
    let (mut keys, _) = store_of(&old, 1);
    let before = KeyRing::open(&old, &keys).unwrap();
    keys.epochs.push(before.next_epoch(&old).unwrap());
    let after = KeyRing::open(&new, &keys.rewrap(&old, &new).unwrap()).unwrap();
    for domain in [Domain::Token, Domain::Code, Domain::State] {
        assert_eq!(before.fingerprint(domain, "a"), after.fingerprint(domain, "a"));
    }
    assert_eq!(before.authenticate("event", &[b"a"]), after.authenticate("event", &[b"a"]));
}

#[test]
fn what_a_destroyed_epoch_sealed_does_not_open() {
    let kek = Kek::generate().unwrap();
    let (keys, blobs) = store_of(&kek, 3);
    for destroyed in [0, 1] {
        let mut left = keys.clone();
        left.epochs.remove(destroyed);
        let ring = KeyRing::open(&kek, &left).unwrap();
        for (at, blob) in blobs.iter().enumerate() {
            let epoch = at as u32 + 1;
            match ring.unseal(&PLACE, blob) {
                Err(SealError::UnknownEpoch(found)) => assert_eq!((found, at), (epoch, destroyed)),
                answer => assert!(answer.is_ok() && at != destroyed, "{epoch}: {answer:?}"),
            }
        }
    }
}

#[test]
fn rows_that_are_not_in_order_each_once_are_broken() {
    let kek = Kek::generate().unwrap();
    let (keys, _) = store_of(&kek, 3);
    let orders: [&[usize]; 9] = [
        &[],
        &[0, 0],
        &[2, 2],
        &[0, 1, 1],
        &[0, 1, 2, 0],
        &[1, 0],
        &[0, 2, 1],
        &[2, 1, 0],
        &[2, 0],
    ];
    for order in orders {
        let epochs = order.iter().map(|&at| keys.epochs[at].clone()).collect();
        assert_broken(&kek, &WrappedKeys { epochs, ..keys.clone() }, &format!("{order:?}"));
    }
}

#[test]
fn rows_do_not_trade_numbers_or_parts() {
    let kek = Kek::generate().unwrap();
    let (keys, _) = store_of(&kek, 3);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let swap: [fn(&mut WrappedEpoch, &mut WrappedEpoch); 3] = [
            |a, b| std::mem::swap(&mut a.epoch, &mut b.epoch),
            |a, b| std::mem::swap(&mut a.data_key, &mut b.data_key),
            |a, b| std::mem::swap(&mut a.check, &mut b.check),
        ];
        for (part, swap) in swap.into_iter().enumerate() {
            let mut mixed = keys.clone();
            let [left, right] = mixed.epochs.get_disjoint_mut([a, b]).unwrap();
            swap(left, right);
            // Back in order, so that nothing but the mix can show.
            mixed.epochs.sort_by_key(|row| row.epoch);
            assert_broken(&kek, &mixed, &format!("part {part} of {a} and {b}"));
        }
    }
    for (at, number) in [(0, 0), (2, 4), (2, u32::MAX)] {
        let mut renumbered = keys.clone();
        renumbered.epochs[at].epoch = number;
        assert_broken(&kek, &renumbered, &format!("row {at} as {number}"));
    }
}

#[test]
fn a_row_of_another_store_is_broken() {
    let kek = Kek::generate().unwrap();
    let (mut keys, _) = store_of(&kek, 2);
    let (other, _) = ring_of(&kek, [7; 16]);
    keys.epochs[1] = other.next_epoch(&kek).unwrap();
    assert_broken(&kek, &keys, "another store's epoch 2");
    // Nor does it get in where the source binds nothing.
    let ((_, mut ours), (other, _)) = (ring_of(&Careless, STORE), ring_of(&Careless, STORE));
    ours.epochs.push(other.next_epoch(&Careless).unwrap());
    assert!(matches!(KeyRing::open(&Careless, &ours), Err(SealError::BrokenKeys)));
}

#[test]
fn an_epoch_is_made_with_the_stores_own_key_only() {
    let (right, wrong) = (Kek::from_bytes(key(1)), Kek::from_bytes(key(2)));
    let (ring, keys) = ring_of(&right, STORE);
    for ring in [ring, KeyRing::open(&right, &keys).unwrap()] {
        let answer = ring.next_epoch(&wrong);
        assert!(matches!(answer, Err(SealError::WrongKey { .. })), "{answer:?}");
    }
}

/// A source that forgets is found out before anything is sealed with what it lost.
#[test]
fn keys_that_a_source_does_not_give_back_are_not_made() {
    let honest = Kek::from_bytes(key(1));
    let (ring, keys) = ring_of(&honest, STORE);
    let faces = TwoFaced { wraps: Kek::from_bytes(key(2)), unwraps: Kek::from_bytes(key(1)) };
    assert!(matches!(KeyRing::create(&faces, STORE), Err(SealError::BrokenKeys)));
    assert!(matches!(ring.next_epoch(&faces), Err(SealError::BrokenKeys)));
    assert!(matches!(keys.rewrap(&honest, &faces), Err(SealError::BrokenKeys)));

    let (ring, keys) = ring_of(&Careless, STORE);
    assert!(matches!(KeyRing::create(&Forgetful, STORE), Err(SealError::BrokenKeys)));
    assert!(matches!(ring.next_epoch(&Forgetful), Err(SealError::BrokenKeys)));
    assert!(matches!(keys.rewrap(&Careless, &Forgetful), Err(SealError::BrokenKeys)));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Seal,
    NextEpoch,
    Rewrap,
    /// Of the oldest epoch, with its blobs.
    Destroy,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Seal),
        2 => Just(Step::NextEpoch),
        1 => Just(Step::Rewrap),
        1 => Just(Step::Destroy),
    ];
    proptest::collection::vec(step, 1..24)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 300, ..Default::default() })]

    /// Whatever was done to the keys: what is not destroyed opens, and what is destroyed says so.
    #[test]
    fn no_history_of_keys_loses_a_secret(steps in steps()) {
        let mut kek = Kek::generate().unwrap();
        let (mut ring, mut keys) = ring_of(&kek, STORE);
        let found = ring.fingerprint(Domain::Token, "a");
        let mut blobs = Vec::new();
        for (row, step) in (0..).zip(steps) {
            match step {
                Step::Seal => {
                    let place = Place { row, ..PLACE };
                    blobs.push((row, ring.seal(&place, &row.to_string()).unwrap()));
                }
                Step::NextEpoch => keys.epochs.push(ring.next_epoch(&kek).unwrap()),
                Step::Rewrap => {
                    let next = Kek::generate().unwrap();
                    keys = keys.rewrap(&kek, &next).unwrap();
                    let answer = KeyRing::open(&kek, &keys);
                    let refused = matches!(answer, Err(SealError::WrongKey { .. }));
                    prop_assert!(refused, "{:?}", answer);
                    kek = next;
                }
                Step::Destroy if keys.epochs.len() > 1 => drop(keys.epochs.remove(0)),
                Step::Destroy => {}
            }
            ring = open_to_seal(&kek, &keys);
            let oldest = keys.epochs[0].epoch;
            for (row, blob) in &blobs {
                match (ring.unseal(&Place { row: *row, ..PLACE }, blob), epoch_of(blob).unwrap()) {
                    (Ok(secret), epoch) => {
                        prop_assert!(epoch >= oldest && secret.expose_secret() == row.to_string());
                    }
                    (Err(SealError::UnknownEpoch(named)), epoch) => {
                        prop_assert!(epoch < oldest && named == epoch);
                    }
                    (Err(other), _) => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(ring.fingerprint(Domain::Token, "a"), found);
        }
    }
}
