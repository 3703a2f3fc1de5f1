//! A key ring opens with the key that wrapped it, unchanged, and with nothing else.

use finch_seal::{Kek, KeyRing, KeySource, SealError, WrappedEpoch, WrappedKeys};
use serde_json::{Value, json};

use crate::support::{Careless, STORE, assert_broken, key, ring_of, two_epochs};

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
    let renamed = WrappedKeys { kek: wrong.id(), ..keys };
    assert_broken(&wrong, &renamed, "a wrong key under the right name").await;
}

#[tokio::test]
async fn changing_any_bit_of_the_keys_shows_and_so_does_cutting_them_short() {
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
            assert_broken(&kek, &changed, &format!("bit {bit}")).await;
            column(&mut changed)[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let columns: [fn(&mut WrappedKeys) -> &mut Vec<u8>; 3] = [
        |keys| &mut keys.epochs[0].data_key,
        |keys| &mut keys.index_key,
        |keys| &mut keys.epochs[0].check,
    ];
    for column in columns {
        let mut cut = keys.clone();
        while column(&mut cut).pop().is_some() {
            let left = column(&mut cut).len();
            assert_broken(&kek, &cut, &format!("{left} bytes are left")).await;
        }
    }
}

/// The key check holds even where a key source binds nothing.
#[tokio::test]
async fn wrapped_keys_do_not_trade_places_or_stores() {
    let kek = Kek::generate().unwrap();
    for source in [&kek as &dyn KeySource, &Careless] {
        let (ours, theirs) = (ring_of(source, STORE).await.1, ring_of(source, [7; 16]).await.1);
        for (at, mixed) in [
            with(&ours, |row| row.data_key = ours.index_key.clone()),
            WrappedKeys { index_key: ours.epochs[0].data_key.clone(), ..ours.clone() },
            with(&ours, |row| row.data_key = theirs.epochs[0].data_key.clone()),
            WrappedKeys { index_key: theirs.index_key.clone(), ..ours.clone() },
            with(&ours, |row| row.check = theirs.epochs[0].check.clone()),
            with(&ours, |row| row.epoch = 2),
            WrappedKeys { epochs: theirs.epochs.clone(), ..ours.clone() },
            WrappedKeys { store: [7; 16], ..ours.clone() },
        ]
        .into_iter()
        .enumerate()
        {
            assert_broken(source, &mixed, &format!("mix {at}")).await;
        }
    }
}

/// The keys with their first row changed.
fn with(keys: &WrappedKeys, change: impl FnOnce(&mut WrappedEpoch)) -> WrappedKeys {
    let mut keys = keys.clone();
    change(&mut keys.epochs[0]);
    keys
}

#[tokio::test]
async fn a_document_that_was_changed_or_cut_short_is_broken() {
    let document = two_epochs(&Kek::from_bytes(key(1))).await.to_document();
    let written: Value = serde_json::from_slice(&document).unwrap();
    let changed = [
        ("/version", json!("1")),
        ("/kek", json!(null)),
        ("/index_key", json!("not base64!")),
        ("/epochs", json!([])),
        ("/epochs/0", written["epochs"][1].clone()),
        ("/epochs/0/epoch", json!(0)),
        ("/epochs/0/epoch", json!(-1)),
        ("/epochs/1/epoch", json!(1)),
        ("/epochs/1/check", json!([1, 2, 3])),
    ]
    .map(|(path, value)| {
        let mut changed = written.clone();
        *changed.pointer_mut(path).unwrap() = value;
        changed.to_string().into_bytes()
    });
    let cut = (0..document.len()).map(|length| document[..length].to_vec());
    for bytes in changed.into_iter().chain(cut) {
        let answer = WrappedKeys::from_document(STORE, &bytes);
        let text = String::from_utf8_lossy(&bytes);
        assert!(matches!(answer, Err(SealError::BrokenKeys)), "{text}: {answer:?}");
    }
    let newer = br#"{ "version": 2, "something": "else" }"#;
    let error = WrappedKeys::from_document(STORE, newer).unwrap_err();
    assert!(matches!(error, SealError::UnknownKeyRingVersion(2)), "{error:?}");
    assert!(error.next_step().contains("newest release"), "{error}");
}
