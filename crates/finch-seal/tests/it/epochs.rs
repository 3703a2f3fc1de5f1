//! Several data keys: each opens what it sealed, the newest seals, and all belong together.

use finch_seal::{
    Domain, Kek, KeyRing, KeySource as _, Place, SealError, WrappedEpoch, WrappedKeys,
};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::support::{
    Careless, Forgetful, PLACE, STORE, assert_broken, block_on, ring_of, two_epochs,
};

/// The keys of a store with `epochs` data keys.
async fn store_of(kek: &Kek, epochs: u32) -> WrappedKeys {
    let (mut ring, mut keys) = ring_of(kek, STORE).await;
    for _ in 1..epochs {
        keys.add(ring.next_epoch(kek).await.unwrap());
        ring = KeyRing::open(kek, &keys).await.unwrap();
    }
    keys
}

#[tokio::test]
async fn a_new_epoch_changes_nothing_until_the_keys_are_opened_again() {
    let kek = Kek::generate().unwrap();
    let (ring, _) = ring_of(&kek, STORE).await;
    let row = ring.next_epoch(&kek).await.unwrap();
    assert_eq!((row.epoch, ring.epoch()), (2, 1));
    assert_ne!(row.data_key, ring.next_epoch(&kek).await.unwrap().data_key);
}

#[tokio::test]
async fn epochs_that_are_not_in_order_each_once_are_broken() {
    let kek = Kek::generate().unwrap();
    let keys = store_of(&kek, 3).await;
    let doubled: [&[usize]; 5] = [&[], &[0, 0], &[2, 2], &[0, 1, 1], &[0, 1, 2, 0]];
    let unsorted: [&[usize]; 4] = [&[1, 0], &[0, 2, 1], &[2, 1, 0], &[2, 0]];
    for order in doubled.into_iter().chain(unsorted) {
        let epochs = order.iter().map(|&at| keys.epochs[at].clone()).collect();
        assert_broken(&kek, &WrappedKeys { epochs, ..keys.clone() }, &format!("{order:?}")).await;
    }
}

#[tokio::test]
async fn epochs_do_not_trade_numbers_or_parts() {
    let kek = Kek::generate().unwrap();
    let keys = store_of(&kek, 3).await;
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
            assert_broken(&kek, &mixed, &format!("part {part} of {a} and {b}")).await;
        }
    }
    for (at, number) in [(0, 0), (2, 4), (2, u32::MAX)] {
        let mut renumbered = keys.clone();
        renumbered.epochs[at].epoch = number;
        assert_broken(&kek, &renumbered, &format!("row {at} as {number}")).await;
    }
}

/// A source that loses keys is found before anything is sealed with them.
#[tokio::test]
async fn keys_that_a_source_does_not_give_back_are_not_made() {
    let (ring, keys) = ring_of(&Careless, STORE).await;
    assert!(matches!(KeyRing::create(&Forgetful, STORE).await, Err(SealError::BrokenKeys)));
    assert!(matches!(ring.next_epoch(&Forgetful).await, Err(SealError::BrokenKeys)));
    assert!(matches!(keys.rewrap(&Careless, &Forgetful).await, Err(SealError::BrokenKeys)));
}

#[tokio::test]
async fn an_epoch_is_forgotten_but_never_the_newest() {
    let keys = store_of(&Kek::generate().unwrap(), 4).await;
    for (below, left) in
        [(0, 1..=4), (1, 1..=4), (2, 2..=4), (4, 4..=4), (5, 4..=4), (u32::MAX, 4..=4)]
    {
        let mut keys = keys.clone();
        keys.forget_below(below);
        assert!(keys.epochs.iter().map(|row| row.epoch).eq(left.clone()), "{below}");
        assert_eq!((keys.oldest(), keys.newest()), (*left.start(), 4), "{below}");
    }
}

/// Wrapped with another key, every wrapped key is another, and nothing else is: neither the old key nor a mix of
/// both opens them, and what does not open is not wrapped again.
#[tokio::test]
async fn rewrapped_keys_open_with_the_new_key_only() {
    let (old, new) = (Kek::generate().unwrap(), Kek::generate().unwrap());
    let keys = two_epochs(&old).await;
    let moved = keys.rewrap(&old, &new).await.unwrap();
    assert_eq!((&moved.store, &moved.kek), (&keys.store, &new.id()));
    assert_ne!(moved.index_key, keys.index_key);
    assert_eq!(moved.epochs.len(), 2);
    for (moved, kept) in moved.epochs.iter().zip(&keys.epochs) {
        assert_eq!((moved.epoch, &moved.check), (kept.epoch, &kept.check));
        assert_ne!(moved.data_key, kept.data_key);
    }
    let renamed = WrappedKeys { kek: old.id(), ..moved };
    assert_broken(&old, &renamed, "the old key under the new name").await;
    let mixed = WrappedKeys { index_key: keys.index_key.clone(), ..renamed };
    assert_broken(&old, &mixed, "keys of before and after").await;
    let mut broken = keys;
    broken.epochs[0].check[20] ^= 1;
    assert!(matches!(broken.rewrap(&old, &new).await, Err(SealError::BrokenKeys)));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Seal,
    NextEpoch,
    Rewrap,
    /// The oldest epoch.
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

    /// A token opens while its epoch is there, and its error names the epoch afterwards.
    #[test]
    fn no_history_of_keys_loses_a_secret(steps in steps()) {
        let mut kek = Kek::generate().unwrap();
        let (mut ring, mut keys) = block_on(ring_of(&kek, STORE));
        let hashes = |ring: &KeyRing| {
            (ring.fingerprint(Domain::Token, "a"), ring.authenticate("event", &[b"a"]))
        };
        let before = hashes(&ring);
        let mut blobs = Vec::new();
        for (at, step) in (0..).zip(steps) {
            match step {
                Step::Seal => {
                    let fingerprint = [at; 32];
                    let place = Place { fingerprint: &fingerprint, ..PLACE };
                    let blob = ring.seal(&place, &at.to_string()).unwrap();
                    prop_assert_eq!(ring.epoch(), keys.newest());
                    blobs.push((ring.epoch(), fingerprint, blob));
                }
                Step::NextEpoch => keys.add(block_on(ring.next_epoch(&kek)).unwrap()),
                Step::Rewrap => {
                    let next = Kek::generate().unwrap();
                    keys = block_on(keys.rewrap(&kek, &next)).unwrap();
                    let answer = block_on(KeyRing::open(&kek, &keys));
                    let refused = matches!(answer, Err(SealError::WrongKey { .. }));
                    prop_assert!(refused, "{:?}", answer);
                    kek = next;
                }
                Step::Destroy => keys.forget_below(keys.oldest() + 1),
            }
            keys = WrappedKeys::from_document(STORE, &keys.to_document()).unwrap();
            ring = block_on(KeyRing::open(&kek, &keys)).unwrap();
            for (epoch, fingerprint, blob) in &blobs {
                match ring.unseal(&Place { fingerprint, ..PLACE }, blob) {
                    Ok(secret) => {
                        prop_assert!(*epoch >= keys.oldest());
                        prop_assert_eq!(secret.expose_secret(), fingerprint[0].to_string());
                    }
                    Err(SealError::UnknownEpoch(named)) => {
                        prop_assert!(*epoch < keys.oldest() && named == *epoch);
                    }
                    Err(other) => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(hashes(&ring), before);
        }
    }
}
