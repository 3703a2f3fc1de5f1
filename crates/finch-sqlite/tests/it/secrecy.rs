//! Secrets that are wiped or sealed again are overwritten: no file of the store has their bytes.

use std::{collections::HashSet, fs};

use finch_core::{
    Commit, Keyring, Progress, RecordHead, Sealed, SecretRow, Token, TokenStore as _,
};
use finch_testkit::{Chance, at, facts, grant, store_token, unchanged};

use crate::support::{Home, by_id, end, revoked, token};

/// All files of the store, in one.
fn everything(home: &Home) -> Vec<u8> {
    let files = fs::read_dir(home.folder.path()).unwrap();
    files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

fn contains(content: &[u8], bytes: &[u8]) -> bool {
    content.windows(bytes.len()).any(|window| window == bytes)
}

/// The sealed secrets, as another program reads them.
fn sealed(home: &Home) -> Vec<(u64, Vec<u8>)> {
    let db = home.sql();
    let mut all = db.prepare("SELECT token, sealed FROM secrets ORDER BY token").unwrap();
    let rows =
        all.query_map([], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The end of the ciphertext, which shows even where a part of it was overwritten.
fn is_left(content: &[u8], sealed: &[u8]) -> bool {
    contains(content, &sealed[sealed.len() - 16..])
}

/// Emptying the log is the writer's work after it has answered.
async fn until(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("in vain");
}

#[tokio::test]
async fn a_wiped_secret_is_gone_sealed_too() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    store_token(&store, "acme", token("b")).await;
    let [(_, a), (_, b)] = <[_; 2]>::try_from(sealed(&home)).unwrap();
    let is_empty = || fs::metadata(home.beside("-wal")).unwrap().len() == 0;
    assert!(is_left(&everything(&home), &a), "it is there before");
    end(&store, "a").await;
    until(is_empty).await;
    let content = everything(&home);
    assert!(!is_left(&content, &a), "in the database or its log");
    assert!(is_left(&content, &b), "the other one stays");
}

/// A reader that still needs the log puts off that it is emptied, no longer.
#[tokio::test]
async fn a_reader_only_puts_the_wiping_off() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    let [(_, a)] = <[_; 1]>::try_from(sealed(&home)).unwrap();
    let reader = home.sql();
    reader.execute_batch("BEGIN; SELECT count(*) FROM tokens").unwrap();
    end(&store, "a").await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(is_left(&everything(&home), &a), "the reader needs it");
    drop(reader);
    until(|| !is_left(&everything(&home), &a)).await;
}

/// Rows that grow make SQLite move their neighbours, and it leaves copies where they were. Secrets
/// must not be among them.
#[tokio::test]
async fn no_copy_of_a_wiped_secret_is_left_by_rows_that_move() {
    let home = Home::new();
    let store = home.open();
    let mut gone: Vec<Vec<u8>> = Vec::new();
    let mut chance = Chance::new(7);
    for round in 0..5 {
        for n in 0..36 {
            let secret = format!("{}{round:07}-{n:08}", "s".repeat(20 + chance.below(80)));
            store_token(&store, "acme", grant(&secret, facts("k", "gusto", "c"))).await;
        }
        let seen = by_id(&store, "k").await;
        let mut commit = unchanged(&seen);
        let blobs = sealed(&home);
        for token in seen.tokens.iter().filter(|t| !t.state.is_revoked()) {
            match chance.below(3) {
                0 => {
                    let (_, blob) = blobs.iter().find(|(id, _)| *id == token.id.0.0).unwrap();
                    gone.push(blob.clone());
                    commit.tokens.push(revoked(token.clone()));
                    commit.secrets.push(SecretRow { token: token.id, sealed: None });
                }
                1 => {
                    let acknowledged = Some(at(3));
                    let polls = u32::try_from(chance.below(1_000_000)).unwrap();
                    let progress = Progress {
                        acknowledged,
                        polls,
                        next_try: acknowledged,
                        ..Progress::default()
                    };
                    commit.tokens.push(Token { progress, ..token.clone() });
                }
                _ => {}
            }
        }
        store.commit(commit).await.unwrap();
    }
    drop(store);
    let content = everything(&home);
    let ends = |blobs: &[Vec<u8>]| -> HashSet<Vec<u8>> {
        blobs.iter().map(|blob| blob[blob.len() - 16..].to_vec()).collect()
    };
    let found = |ends: &HashSet<Vec<u8>>| -> HashSet<Vec<u8>> {
        content.windows(16).filter(|window| ends.contains(*window)).map(<[u8]>::to_vec).collect()
    };
    assert!(gone.len() > 50);
    assert_eq!(found(&ends(&gone)).len(), 0, "of {}", gone.len());
    let kept = sealed(&home).into_iter().map(|(_, blob)| blob);
    let kept: Vec<_> = kept.filter(|blob| blob.iter().any(|byte| *byte != 0)).collect();
    assert_eq!(found(&ends(&kept)).len(), kept.len(), "the others are there");
}

/// The bytes that were sealed before are overwritten in place; they are gone from the log, too, once the store
/// has had nothing to write for a second.
#[tokio::test]
async fn a_secret_that_is_sealed_again_is_gone_as_it_was() {
    let home = Home::new();
    let store = home.open();
    let old = [*b"canary of epoch 001 0", *b"canary of epoch 001 1", *b"canary of epoch 001 2"];
    let new = [*b"canary of epoch 300 0", *b"canary of epoch 300 1", *b"canary of epoch 300 2"];
    for name in ["a", "b", "c"] {
        store_token(&store, "acme", token(name)).await;
    }
    for (epoch, canaries) in [(1, &old), (300, &new)] {
        for (name, bytes) in ["a", "b", "c"].into_iter().zip(canaries) {
            let seen = by_id(&store, name).await;
            let mut commit = unchanged(&seen);
            let sealed = Some(Sealed { epoch, bytes: bytes.to_vec() });
            commit.secrets.push(SecretRow { token: seen.tokens[0].id, sealed });
            store.commit(commit).await.unwrap();
        }
    }
    assert!(old.iter().any(|bytes| is_left(&everything(&home), bytes)), "in the log, before");
    until(|| fs::metadata(home.beside("-wal")).unwrap().len() == 0).await;
    let content = everything(&home);
    assert!(old.iter().all(|bytes| !is_left(&content, bytes)), "in the database or its log");
    assert!(new.iter().all(|bytes| is_left(&content, bytes)), "the new ones are there");
}

/// A data key that is destroyed is gone from the file with the key ring that held it.
#[tokio::test]
async fn a_replaced_key_ring_is_gone() {
    let home = Home::new();
    let store = home.open();
    let keyring = |version, document: &[u8]| {
        let record = RecordHead::default();
        Keyring { version, document: document.to_vec(), oldest: 1, record }
    };
    let [old, new] = [b"the first key ring, wrapped", b"the second keyring, wrapped"];
    store.commit(Commit { keyring: Some(keyring(1, old)), ..Commit::default() }).await.unwrap();
    assert!(is_left(&everything(&home), old), "it is there before");
    store.commit(Commit { keyring: Some(keyring(2, new)), ..Commit::default() }).await.unwrap();
    until(|| fs::metadata(home.beside("-wal")).unwrap().len() == 0).await;
    let content = everything(&home);
    assert!(!is_left(&content, old) && is_left(&content, new));
}
