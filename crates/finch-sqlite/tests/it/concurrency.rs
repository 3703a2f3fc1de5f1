//! Several handles, tasks and processes on one store.

use std::{fs, sync::Arc, time::Duration};

use finch_core::{StoreError, TokenStore as _};
use finch_testkit::{fingerprint, new_attempt, store_token, unchanged};

use crate::support::{Home, by_id, end, fence, is_usable, token};

/// Two handles are as good as two processes: they share nothing but the file. Of two decisions on one revision one
/// holds; and from the return of a fence on, no handle hands the token out.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_handle_has_written_holds_for_the_other() {
    let home = Home::new();
    let handles = [Arc::new(home.open()), Arc::new(home.open())];
    let [one, two] = &handles;
    store_token(&**one, "acme", token("a")).await;
    for _ in 0..20 {
        let seen = by_id(&**two, "a").await;
        let race = handles.clone().map(|store| {
            let commit = unchanged(&seen);
            tokio::spawn(async move { store.commit(commit).await })
        });
        let [a, b] = race;
        let both = (a.await.unwrap(), b.await.unwrap());
        let one_holds =
            matches!(both, (Ok(_), Err(StoreError::Moved)) | (Err(StoreError::Moved), Ok(_)));
        assert!(one_holds, "{both:?}");
    }
    let seen = by_id(&**one, "a").await;
    assert_eq!(seen.revision.0, 21);
    assert!(is_usable(two, "a").await.unwrap());
    one.commit(fence(&seen)).await.unwrap();
    assert!(!is_usable(two, "a").await.unwrap());
}

/// How many transactions the log holds: frames that carry the size of the database end one.
fn commits(home: &Home) -> usize {
    let log = fs::read(home.beside("-wal")).unwrap();
    let frames = log.get(32..).unwrap_or_default().chunks_exact(24 + 4096);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_waits_together_is_committed_together() {
    let home = Home::new();
    let store = Arc::new(home.open());
    store_token(&*store, "acme", token("a")).await;
    let other = home.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = commits(&home);
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store.open_attempt(new_attempt("acme"), &fingerprint(&format!("{n}"))).await
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.execute_batch("COMMIT").unwrap();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap().unwrap());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 64);
    let made = commits(&home) - before;
    assert!((1..=4).contains(&made), "{made} transactions for 64 writes");
}

/// A caller that goes away cancels nothing, and neither does the end of the store.
#[tokio::test]
async fn what_was_asked_for_is_done_before_the_store_goes() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    let other = home.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for n in 0..50 {
        let state = fingerprint(&format!("{n}"));
        let asked = store.open_attempt(new_attempt("acme"), &state);
        // One poll asks; then the caller goes.
        let _ = tokio::time::timeout(Duration::ZERO, asked).await;
    }
    let unlock = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        other.execute_batch("COMMIT").unwrap();
    });
    drop(store);
    unlock.join().unwrap();
    let kept: i64 =
        home.sql().query_row("SELECT count(*) FROM attempts", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 51);
}

/// Reads go on in place or elsewhere while more tasks want one than there are connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_read_while_one_writes() {
    let home = Home::new();
    let store = Arc::new(home.open());
    for name in ["a", "b"] {
        store_token(&*store, "acme", token(name)).await;
    }
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..200 {
                    assert!(is_usable(&store, "a").await.unwrap());
                    assert_eq!(by_id(&*store, "a").await.tokens.len(), 1);
                }
            })
        })
        .collect();
    end(&*store, "b").await;
    for reader in readers {
        reader.await.unwrap();
    }
}
