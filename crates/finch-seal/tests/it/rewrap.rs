//! The same keys under another key-encryption key.

use finch_seal::{Kek, KeyRing, KeySource, SealError, WrappedEpoch, WrappedKeys};

use crate::support::{key, two_epochs};

fn keks() -> (Kek, Kek) {
    (Kek::from_bytes(key(1)), Kek::from_bytes(key(2)))
}

#[tokio::test]
async fn every_wrapped_key_is_another_and_nothing_else_is() {
    let (old, new) = keks();
    let keys = two_epochs(&old).await;
    let moved = keys.rewrap(&old, &new).await.unwrap();
    assert_eq!((&moved.store, &moved.kek), (&keys.store, &new.id()));
    assert_ne!(moved.index_key, keys.index_key);
    for (moved, kept) in moved.epochs.iter().zip(&keys.epochs) {
        assert_eq!((moved.epoch, &moved.check), (kept.epoch, &kept.check));
        assert_ne!(moved.data_key, kept.data_key);
    }
    assert_eq!(moved.epochs.len(), keys.epochs.len());
}

#[tokio::test]
async fn the_old_key_opens_nothing_of_it_even_under_the_new_name() {
    let (old, new) = keks();
    let keys = two_epochs(&old).await;
    let mut moved = keys.rewrap(&old, &new).await.unwrap();
    assert!(matches!(KeyRing::open(&old, &moved).await, Err(SealError::WrongKey { .. })));
    moved.kek = old.id();
    assert!(matches!(KeyRing::open(&old, &moved).await, Err(SealError::BrokenKeys)));
    // Keys of before and after do not mix either.
    let mixed = WrappedKeys { index_key: keys.index_key, ..moved };
    assert!(matches!(KeyRing::open(&old, &mixed).await, Err(SealError::BrokenKeys)));
}

#[tokio::test]
async fn a_broken_ring_is_not_made_final() {
    let (old, new) = keks();
    let keys = two_epochs(&old).await;
    let breaks: [fn(&mut WrappedKeys); 7] = [
        |keys| keys.index_key[20] ^= 1,
        |keys| keys.epochs[0].data_key[20] ^= 1,
        |keys| keys.epochs[1].data_key.truncate(40),
        |keys| keys.epochs[1].check[20] ^= 1,
        |keys| keys.epochs.reverse(),
        |keys| keys.epochs.clear(),
        |keys| keys.store = [7; 16],
    ];
    for (at, break_it) in breaks.into_iter().enumerate() {
        let mut broken = keys.clone();
        break_it(&mut broken);
        let answer = broken.rewrap(&old, &new).await;
        assert!(matches!(answer, Err(SealError::BrokenKeys)), "{at}: {answer:?}");
    }
    let twice: Vec<WrappedEpoch> = [&keys.epochs[..], &keys.epochs[1..]].concat();
    let answer = WrappedKeys { epochs: twice, ..keys }.rewrap(&old, &new).await;
    assert!(matches!(answer, Err(SealError::BrokenKeys)), "{answer:?}");
}
