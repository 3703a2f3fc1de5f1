//! A record is authenticated under its label, by its fields, in its store.

use std::collections::HashSet;

use finch_seal::{Domain, Kek};

use crate::support::{Careless, STORE, ring, ring_of};

#[tokio::test]
async fn fields_do_not_run_into_each_other() {
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
}

#[tokio::test]
async fn each_store_has_its_own_even_under_one_key() {
    let kek = Kek::generate().unwrap();
    let (ours, theirs) = (ring_of(&kek, STORE).await.0, ring_of(&kek, [7; 16]).await.0);
    let fields: &[&[u8]] = &[b"a"];
    assert_ne!(ours.authenticate("event", fields), theirs.authenticate("event", fields));
    let (a, b) = (ring_of(&Careless, STORE).await.0, ring_of(&Careless, STORE).await.0);
    assert_ne!(a.authenticate("event", fields), b.authenticate("event", fields));
}

/// Neither a label nor a field makes a record's hash into a fingerprint: those find tokens.
#[tokio::test]
async fn a_record_is_no_fingerprint() {
    let ring = ring().await;
    let fingerprints =
        [Domain::Token, Domain::Code, Domain::State].map(|domain| ring.fingerprint(domain, "a"));
    for label in ["token", "code", "state", "record", "key check", ""] {
        for fields in [&[b"a".as_slice()][..], &[], &[b"token", b"a"]] {
            assert!(!fingerprints.contains(&ring.authenticate(label, fields)), "{label}");
        }
    }
}
