//! A record is authenticated under its label, by its fields, in its store.

use std::collections::HashSet;

use finch_seal::Domain;

use crate::support::ring;

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
