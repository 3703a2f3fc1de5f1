//! The key ring's document: read as it was written, or refused.

use finch_seal::{Kek, SealError, WrappedKeys};
use serde_json::{Value, json};

use crate::support::{STORE, key, two_epochs};

fn read(document: &[u8]) -> Result<WrappedKeys, SealError> {
    WrappedKeys::from_document(STORE, document)
}

#[tokio::test]
async fn keys_come_back_from_their_document() {
    let keys = two_epochs(&Kek::from_bytes(key(1))).await;
    assert_eq!(read(&keys.to_document()).unwrap(), keys);
}

#[tokio::test]
async fn a_document_of_a_newer_release_says_so() {
    let error = read(br#"{ "version": 2, "something": "else" }"#).unwrap_err();
    assert!(matches!(error, SealError::UnknownKeyRingVersion(2)), "{error:?}");
    assert!(error.next_step().contains("newest release"), "{error}");
}

#[tokio::test]
async fn a_changed_document_is_broken() {
    let written: Value =
        serde_json::from_slice(&two_epochs(&Kek::from_bytes(key(1))).await.to_document()).unwrap();
    for (path, value) in [
        ("/version", json!("1")),
        ("/kek", json!(null)),
        ("/index_key", json!("not base64!")),
        ("/epochs", json!([])),
        ("/epochs/0", written["epochs"][1].clone()),
        ("/epochs/0/epoch", json!(0)),
        ("/epochs/0/epoch", json!(-1)),
        ("/epochs/1/epoch", json!(1)),
        ("/epochs/1/check", json!([1, 2, 3])),
    ] {
        let mut changed = written.clone();
        *changed.pointer_mut(path).unwrap() = value;
        let answer = read(changed.to_string().as_bytes());
        assert!(matches!(answer, Err(SealError::BrokenKeys)), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_document_cut_short_is_broken() {
    let document = two_epochs(&Kek::from_bytes(key(1))).await.to_document();
    for length in 0..document.len() {
        let answer = read(&document[..length]);
        assert!(matches!(answer, Err(SealError::BrokenKeys)), "{length}: {answer:?}");
    }
}
