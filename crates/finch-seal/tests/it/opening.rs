//! A key ring opens with the key that wrapped it, unchanged, and with nothing else.

use finch_seal::{Kek, KeyRing, KeySource, SealError, WrappedEpoch, WrappedKeys};

use crate::support::{Careless, STORE, key, ring_of};

#[tokio::test]
async fn another_key_is_named_beside_the_one_that_is_needed() {
    let (right, wrong) = (Kek::from_bytes(key(1)), Kek::from_bytes(key(2)));
    let (ring, keys) = ring_of(&right, STORE).await;
    for error in [
        KeyRing::open(&wrong, &keys).await.unwrap_err(),
        ring.next_epoch(&wrong).await.unwrap_err(),
        keys.rewrap(&wrong, &right).await.unwrap_err(),
    ] {
        let SealError::WrongKey { expected, given } = &error else { panic!("{error:?}") };
        assert_eq!((expected, given), (&right.id(), &wrong.id()));
        let shown = error.to_string();
        assert!(shown.contains(right.id().as_str()) && shown.contains(wrong.id().as_str()));
    }
}

#[tokio::test]
async fn a_wrong_key_under_the_right_name_opens_nothing() {
    let (_, mut keys) = ring_of(&Kek::from_bytes(key(1)), STORE).await;
    let wrong = Kek::from_bytes(key(2));
    keys.kek = wrong.id();
    assert!(matches!(KeyRing::open(&wrong, &keys).await, Err(SealError::BrokenKeys)));
}

#[tokio::test]
async fn changing_any_bit_of_the_keys_shows() {
    let kek = Kek::generate().unwrap();
    let (_, keys) = ring_of(&kek, STORE).await;
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
            let answer = KeyRing::open(&kek, &changed).await;
            assert!(matches!(answer, Err(SealError::BrokenKeys)), "bit {bit}: {answer:?}");
            column(&mut changed)[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

async fn assert_broken(source: &dyn KeySource, keys: &WrappedKeys) {
    let answer = KeyRing::open(source, keys).await;
    assert!(matches!(answer, Err(SealError::BrokenKeys)), "{answer:?}");
}

#[tokio::test]
async fn keys_cut_short_show() {
    let kek = Kek::generate().unwrap();
    let (_, keys) = ring_of(&kek, STORE).await;
    for length in 0..keys.epochs[0].data_key.len() {
        assert_broken(&kek, &with(&keys, |row| row.data_key.truncate(length))).await;
    }
    for length in 0..keys.epochs[0].check.len() {
        assert_broken(&kek, &with(&keys, |row| row.check.truncate(length))).await;
    }
}

/// The key check holds even where a key source binds nothing.
#[tokio::test]
async fn wrapped_keys_do_not_trade_places_or_stores() {
    let kek = Kek::generate().unwrap();
    for source in [&kek as &dyn KeySource, &Careless] {
        let ((_, ours), (_, theirs)) =
            (ring_of(source, STORE).await, ring_of(source, [7; 16]).await);
        for mixed in [
            with(&ours, |row| row.data_key = ours.index_key.clone()),
            WrappedKeys { index_key: ours.epochs[0].data_key.clone(), ..ours.clone() },
            with(&ours, |row| row.data_key = theirs.epochs[0].data_key.clone()),
            WrappedKeys { index_key: theirs.index_key.clone(), ..ours.clone() },
            with(&ours, |row| row.check = theirs.epochs[0].check.clone()),
            with(&ours, |row| row.epoch = 2),
            WrappedKeys { epochs: theirs.epochs.clone(), ..ours.clone() },
            WrappedKeys { store: [7; 16], ..ours.clone() },
        ] {
            assert_broken(source, &mixed).await;
        }
    }
}

/// The keys with their first row changed.
fn with(keys: &WrappedKeys, change: impl FnOnce(&mut WrappedEpoch)) -> WrappedKeys {
    let mut keys = keys.clone();
    change(&mut keys.epochs[0]);
    keys
}
