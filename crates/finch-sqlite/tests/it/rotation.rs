//! Rotation of the keys, while the store is in use, and cut off anywhere.

use std::sync::Arc;

use finch_core::{
    Actor, EventQuery, Happening, StoreError, TokenId, TokenStore,
    testing::{at, store_token},
};
use finch_seal::{Kek, KeySource};
use finch_sqlite::{OpenStoreError, SqliteOptions, SqliteTokenStore, What};

use crate::support::{Home, end, token};

fn ops() -> Actor {
    Actor::Operator("ops".parse().unwrap())
}

async fn filled(store: &SqliteTokenStore, tokens: usize) -> Vec<(TokenId, String)> {
    let mut stored = Vec::new();
    for n in 0..tokens {
        let name = format!("k{n}");
        stored.push((store_token(store, "acme", token(&name)).await, format!("secret-of-{name}")));
    }
    stored
}

async fn all_open(store: &SqliteTokenStore, tokens: &[(TokenId, String)]) {
    for (id, secret) in tokens {
        let found = store.secret(*id).await.unwrap().expect("a secret");
        assert_eq!(found.expose(), secret);
    }
}

async fn epochs(store: &SqliteTokenStore) -> Vec<u32> {
    store.key_status().await.unwrap().data_keys.iter().map(|key| key.epoch).collect()
}

#[tokio::test]
async fn a_rotation_seals_everything_anew_and_destroys_the_old_key() {
    let home = Home::new();
    let store = home.open();
    let tokens = filled(&store, 5).await;
    end(&store, "k4").await;
    let sealed = |home: &Home| {
        let sql = "SELECT group_concat(hex(substr(sealed, 1, 6))) FROM secrets WHERE token <> 0";
        home.sql().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert!(sealed(&home).starts_with("010100000001"), "{}", sealed(&home));
    let mut told = Vec::new();
    let rotated = store.rotate(ops(), at(5), |left| told.push(left)).await.unwrap();
    assert_eq!((rotated.epoch, rotated.joined, rotated.resealed), (2, false, 4));
    assert!(rotated.unreadable.is_empty());
    assert_eq!((told.first(), told.last()), (Some(&5), Some(&0)));
    assert_eq!(epochs(&store).await, [2]);
    all_open(&store, &tokens[..4]).await;
    assert_eq!(sealed(&home).matches("010100000002").count(), 4);
    let query =
        EventQuery { customer: None, connection: None, since: None, after: None, limit: 99 };
    let events = store.events(&query).await.unwrap();
    let what: Vec<_> = events.iter().rev().take(2).map(|(_, event)| &event.what).collect();
    assert_eq!(
        what,
        [&Happening::RotationEnded { epoch: 2 }, &Happening::RotationBegan { epoch: 2 }]
    );
    drop(store);
    all_open(&home.open(), &tokens[..4]).await;
}

/// Cut off after each of its transactions, and gone on with by whoever opens the store next.
#[tokio::test]
async fn a_rotation_that_is_cut_off_goes_on() {
    let home = Home::new();
    let tokens = filled(&home.open(), 1_100).await;
    let mut joined = Vec::new();
    let mut resealed = 0;
    for cut_after in 1.. {
        let store = home.open();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let rotation = store.rotate(ops(), at(5), |left| {
            let _ = tell.send(left);
        });
        let done = tokio::select! {
            biased;
            done = rotation => Some(done.unwrap()),
            () = async { for _ in 0..cut_after { told.recv().await; } } => None,
        };
        drop(store);
        let store = home.open();
        all_open(&store, &tokens).await;
        let keys = epochs(&store).await;
        match done {
            Some(done) => {
                joined.push(done.joined);
                resealed += done.resealed;
                assert_eq!(keys, [2]);
                break;
            }
            None => assert_eq!(keys, [1, 2]),
        }
        assert!(cut_after < 20);
    }
    assert_eq!(joined, [true], "the first one began, and the last one went on with it");
    assert!(resealed < 1_100, "what was done before is not done again: {resealed}");
}

/// Another process holds the keys of before: it reads what is sealed anew, and seals with the new key.
#[tokio::test]
async fn another_process_follows() {
    let home = Home::new();
    let (ours, theirs) = (home.open(), home.open());
    let tokens = filled(&ours, 3).await;
    all_open(&theirs, &tokens).await;
    ours.rotate(ops(), at(5), |_| {}).await.unwrap();
    let theirs_writes = home.open();
    store_token(&theirs_writes, "acme", token("early")).await;
    ours.rotate(ops(), at(6), |_| {}).await.unwrap();
    all_open(&theirs, &tokens).await;
    let new = store_token(&theirs_writes, "acme", token("new")).await;
    let epoch: String = home
        .sql()
        .query_row(
            "SELECT hex(substr(sealed, 3, 4)) FROM secrets WHERE token = ?1",
            [new.0.0 as i64],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(epoch, "00000003");
    all_open(&ours, &[(new, "secret-of-new".into())]).await;
}

#[tokio::test]
async fn two_rotations_at_once_are_one() {
    let home = Home::new();
    let (one, other) = (home.open(), home.open());
    let tokens = filled(&one, 700).await;
    let (first, second) =
        tokio::join!(one.rotate(ops(), at(5), |_| {}), other.rotate(ops(), at(5), |_| {}));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!([first.joined, second.joined].iter().filter(|joined| **joined).count(), 1);
    assert_eq!(first.resealed + second.resealed, 700);
    assert_eq!(epochs(&one).await, [2]);
    all_open(&other, &tokens).await;
}

/// What does not open is named, and keeps the key that may open it once its row is restored.
#[tokio::test]
async fn a_key_is_kept_for_as_long_as_anything_refers_to_it() {
    let home = Home::new();
    let tokens = filled(&home.open(), 3).await;
    let bad = tokens[1].0;
    let row = [bad.0.0 as i64];
    let good: Vec<u8> = home
        .sql()
        .query_row("SELECT sealed FROM secrets WHERE token = ?1", row, |row| row.get(0))
        .unwrap();
    let mut changed = good.clone();
    changed[20] ^= 1;
    let put = |sealed: &[u8]| {
        let sql = "UPDATE secrets SET sealed = ?2 WHERE token = ?1";
        home.sql().execute(sql, rusqlite::params![row[0], sealed]).unwrap();
    };
    put(&changed);
    let store = home.open();
    let rotated = store.rotate(ops(), at(5), |_| {}).await.unwrap();
    assert_eq!(rotated.unreadable, [bad]);
    assert_eq!(epochs(&store).await, [1, 2]);
    let verified = store.verify(What::Secrets, |_, _| {}).await.unwrap();
    assert_eq!((verified.secrets, &verified.unreadable[..]), (2, &[bad][..]));
    assert!(!verified.is_sound());
    put(&good);
    let rotated = store.rotate(ops(), at(6), |_| {}).await.unwrap();
    assert_eq!((rotated.joined, rotated.resealed, rotated.epoch), (true, 1, 2));
    assert!(rotated.unreadable.is_empty());
    assert_eq!(epochs(&store).await, [2]);
    all_open(&store, &tokens).await;
}

#[tokio::test]
async fn another_key_opens_the_store_from_then_on() {
    let home = Home::new();
    let store = home.open();
    let tokens = filled(&store, 2).await;
    let new = Arc::new(Kek::generate().unwrap());
    store.replace_key(new.clone(), ops(), at(5)).await.unwrap();
    assert_eq!(store.key_status().await.unwrap().key, new.id().to_string());
    all_open(&store, &tokens).await;
    // This process goes on with the new key, also where it has to wrap with it.
    store.rotate(ops(), at(6), |_| {}).await.unwrap();
    drop(store);
    let old = SqliteTokenStore::open(home.options());
    let Err(OpenStoreError::ReplacedKey { source, .. }) = old else { panic!("{old:?}") };
    assert_eq!((&source.old, &source.new, source.at), (&home.key.id(), &new.id(), at(5)));
    let examined = finch_sqlite::examine(&home.path).unwrap().opens_with(&*home.key);
    assert!(matches!(examined, Err(OpenStoreError::ReplacedKey { .. })), "{examined:?}");
    // A key that never opened it is a wrong one, as before.
    let mut options = home.options();
    options.keys = Arc::new(Kek::generate().unwrap());
    let wrong = SqliteTokenStore::open(options);
    assert!(matches!(wrong, Err(OpenStoreError::WrongKey { .. })), "{wrong:?}");
    let options =
        SqliteOptions::new(&home.path, finch_core::testing::application(), new).create(true);
    all_open(&SqliteTokenStore::open(options).unwrap(), &tokens).await;
}

/// A process with the old key goes on with what it has unwrapped, and says what is wrong where that does
/// not do.
#[tokio::test]
async fn a_process_with_the_old_key_says_so() {
    let home = Home::new();
    let (ours, theirs) = (home.open(), home.open());
    let tokens = filled(&ours, 1).await;
    let new = Arc::new(Kek::generate().unwrap());
    ours.replace_key(new, ops(), at(5)).await.unwrap();
    all_open(&theirs, &tokens).await;
    ours.rotate(ops(), at(6), |_| {}).await.unwrap();
    let refused = theirs.secret(tokens[0].0).await.unwrap_err();
    let StoreError::Backend(why) = &refused else { panic!("{refused:?}") };
    assert!(why.to_string().contains("was replaced at 20"), "{why}");
}
