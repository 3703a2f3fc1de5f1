//! No secret is in any file, and a wiped one is not even there sealed.

use std::{collections::HashSet, fs};

use finch_core::{
    Actor, AuthorizationCode, Progress, State, Token, TokenStore as _,
    testing::{at, claimed, disguises, facts, grant, new_attempt, store_token, unchanged},
};

use crate::support::{Home, by_id, end, fence, revoked, token};

/// All files of the store, in one.
fn everything(home: &Home) -> Vec<u8> {
    let files = fs::read_dir(home.folder.path()).unwrap();
    files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

fn contains(content: &[u8], bytes: &[u8]) -> bool {
    content.windows(bytes.len()).any(|window| window == bytes)
}

#[track_caller]
fn absent(home: &Home, secrets: &[&str]) {
    let content = everything(home);
    assert!(content.len() > 10_000);
    for secret in secrets {
        for disguise in disguises(secret) {
            assert!(
                !contains(&content, &disguise),
                "{secret} as {:?}",
                String::from_utf8_lossy(&disguise)
            );
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_any_file() {
    let home = Home::new();
    let secrets = ["CANARY-token-one", "CANARY-token-two", "CANARY-state-0123", "CANARY-code-4567"];
    let store = home.open();
    for (secret, id) in [(secrets[0], "k1"), (secrets[1], "k2")] {
        store_token(&store, "acme", grant(secret, facts(id, "gusto", id))).await;
        absent(&home, &secrets);
    }
    store.open_attempt(new_attempt("acme"), &State::new(secrets[2])).await.unwrap();
    let (state, code) = (State::new(secrets[2]), AuthorizationCode::new(secrets[3]));
    store.claim_attempt(None, &state, &code, at(1)).await.unwrap().unwrap();
    claimed(&store, "acme", "another").await;
    let seen = by_id(&store, "k1").await;
    store.commit(fence(&seen)).await.unwrap();
    absent(&home, &secrets);
    end(&store, "k1").await;
    absent(&home, &secrets);
    drop(store);
    absent(&home, &secrets);
    assert!(contains(&everything(&home), b"gusto"), "the search finds what is there");
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
    assert!(is_left(&everything(&home), &a), "it is there before");
    end(&store, "a").await;
    until(|| fs::metadata(home.beside("-wal")).unwrap().len() == 0).await;
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
    store_token(&store, "acme", token("b")).await;
    until(|| !is_left(&everything(&home), &a)).await;
}

/// Rows that grow make SQLite move their neighbours, and it leaves copies where they were. Secrets
/// must not be among them.
#[tokio::test]
async fn no_copy_of_a_wiped_secret_is_left_by_rows_that_move() {
    let home = Home::new();
    let store = home.open();
    let mut gone: Vec<Vec<u8>> = Vec::new();
    let mut random = 7_usize;
    let mut next = |below: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for round in 0..5 {
        for n in 0..36 {
            let secret = format!("{round}-{n}-{}", "s".repeat(20 + next(80)));
            store_token(&store, "acme", grant(&secret, facts("k", "gusto", "c"))).await;
        }
        let seen = by_id(&store, "k").await;
        let mut commit = unchanged(&seen);
        let blobs = sealed(&home);
        for token in seen.tokens.iter().filter(|t| !t.state.is_revoked()) {
            match next(3) {
                0 => {
                    let (_, blob) = blobs.iter().find(|(id, _)| *id == token.id.0.0).unwrap();
                    gone.push(blob.clone());
                    commit.tokens.push(revoked(token.clone()));
                }
                1 => {
                    let acknowledged = Some(at(3));
                    let polls = u32::try_from(next(1_000_000)).unwrap();
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

#[tokio::test]
async fn a_rotation_leaves_nothing_of_the_old_key() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    store_token(&store, "acme", token("b")).await;
    let key = || -> Vec<u8> {
        let newest = "SELECT data_key FROM keys ORDER BY epoch DESC LIMIT 1";
        home.sql().query_row(newest, [], |row| row.get(0)).unwrap()
    };
    let old: Vec<Vec<u8>> =
        sealed(&home).into_iter().map(|(_, sealed)| sealed).chain([key()]).collect();
    let content = everything(&home);
    assert!(old.iter().all(|bytes| is_left(&content, bytes)), "they are there before");
    let by = Actor::Operator("ops".parse().unwrap());
    store.rotate(by, at(1), |_| ()).await.unwrap();
    until(|| fs::metadata(home.beside("-wal")).unwrap().len() == 0).await;
    let content = everything(&home);
    assert!(old.iter().all(|bytes| !is_left(&content, bytes)), "in the database or its log");
    assert!(is_left(&content, &key()), "the new one is there");
}
