//! Rows that were changed behind the store's back: a typed error of that read, and `verify` names them.

use finch_core::{Sealed, Selector, StoreError, TokenStore as _};
use finch_testkit::{at, claimed, decided, store_token, unchanged};

use crate::support::{Home, by_id, end, fence, token};

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_repeated() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    home.sql()
        .execute("UPDATE tokens SET row = json_set(row, '$.progress', 'CANARY')", [])
        .unwrap();
    let id = "a".parse().unwrap();
    let error = store.load(Selector::ConnectionId(&id), None).await.expect_err("broken");
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
    assert!(error.to_string().contains("of the tokens cannot be read"), "{error}");
}

#[tokio::test]
async fn a_missing_secret_has_no_bytes() {
    let home = Home::new();
    let store = home.open();
    let id = store_token(&store, "acme", token("a")).await;
    let missing = Some(Sealed { epoch: 0, bytes: Vec::new() });
    for sql in ["UPDATE secrets SET epoch = zeroblob(4)", "DELETE FROM secrets"] {
        home.sql().execute_batch(sql).unwrap();
        assert_eq!(store.sealed(id).await.unwrap(), missing, "{sql}");
    }
    assert!(
        store.verify(|_, _| {}).await.unwrap().is_empty(),
        "whether it opens is not known here"
    );
}

/// What SQLite itself refuses: no slip of an operator revives a token, changes what happened, or makes a column
/// differ from its row.
#[tokio::test]
async fn rows_that_contradict_themselves_are_refused() {
    let home = full().await;
    let db = home.sql();
    for sql in [
        "UPDATE tokens SET row = json_set(row, '$.state.state', 'active')",
        "UPDATE tokens SET row = json_set(row, '$.fingerprint', 'ab')",
        "UPDATE tokens SET state = 'active'",
        "UPDATE tokens SET row = '{'",
        "UPDATE disconnects SET id = 77",
        "UPDATE events SET place = 7",
        "DELETE FROM events",
    ] {
        assert!(db.execute(sql, []).is_err(), "{sql}");
    }
}

/// A store with rows of every kind.
async fn full() -> Home {
    let home = Home::new();
    let store = home.open();
    for name in ["a", "b"] {
        store_token(&store, "acme", token(name)).await;
    }
    store.commit(fence(&by_id(&store, "b").await)).await.unwrap();
    let seen = by_id(&store, "a").await;
    let mut commit = unchanged(&seen);
    let (seq, customer) = (finch_core::Seq::OF_COMMIT, "acme".parse().unwrap());
    commit.retirements.push(finch_core::Retirement { seq, customer, at: at(3) });
    store.commit(commit).await.unwrap();
    end(&store, "b").await;
    claimed(&store, "acme", "running").await;
    decided(&store, "a", finch_core::decide::ask).await;
    home
}

/// What `verify` finds after this SQL, in which the triggers of events are dropped and made again.
async fn found(full: &Home, sql: &str) -> Vec<String> {
    let home = Home::new();
    std::fs::copy(&full.path, &home.path).unwrap();
    let db = home.sql();
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'events_stay'";
    let events_stay: String = db.query_row(trigger, [], |row| row.get(0)).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; DROP TRIGGER events_stay").unwrap();
    db.execute_batch(sql).unwrap();
    db.execute_batch(&events_stay).unwrap();
    drop(db);
    home.open().verify(|done, all| assert!(done <= all)).await.unwrap()
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let full = full().await;
    let (calls, progress) = std::sync::mpsc::channel();
    let report = move |done, total| calls.send((done, total)).unwrap();
    assert_eq!(full.open().verify(report).await.unwrap(), Vec::<String>::new());
    // 2 connections and tokens, 3 attempts, 6 events, and one of each other kind.
    let rows = 2 + 2 + 3 + 6 + 1 + 1;
    assert_eq!(progress.iter().last(), Some((rows, rows)));
    for (table, path, says) in [
        ("connections", "provider", "row 3 of the connections"),
        ("connections", "question", "of the connections"),
        ("tokens", "facts.provider_id", "of the tokens"),
        ("tokens", "progress", "of the tokens"),
        ("disconnects", "intent", "of the disconnects"),
        ("retirements", "customer", "of the retirements"),
        ("attempts", "purpose.flow", "of the attempts"),
        ("events", "by", "event 0 of commit"),
    ] {
        let sql = format!("UPDATE {table} SET row = json_set(row, '$.{path}', json('[[7]]'))");
        let damage = found(&full, &sql).await;
        assert!(damage.iter().any(|line| line.contains(says)), "{table}.{path}: {damage:?}");
    }
    for column in ["unsettled = 1 - unsettled", "forgettable_at = 7"] {
        let damage = found(&full, &format!("UPDATE attempts SET {column}")).await;
        let named = damage.iter().all(|line| line.contains("contradict each other"));
        assert!(named && damage.len() == 3, "{column}: {damage:?}");
    }
}

#[tokio::test]
async fn a_row_that_belongs_to_no_other_is_named() {
    let full = full().await;
    for (sql, table) in [
        ("DELETE FROM connections WHERE key IN (SELECT min(key) FROM connections)", "tokens"),
        (
            "UPDATE secrets SET token = 999 WHERE token IN (SELECT min(token) FROM secrets)",
            "secrets",
        ),
    ] {
        let damage = found(&full, sql).await;
        let says = format!("{table} has a row that belongs to no row of");
        assert!(damage.iter().any(|line| line.contains(&says)), "{sql}: {damage:?}");
    }
}
