//! Rows that were changed behind the store's back: a typed error of that read, and `verify` names them.

use finch_core::{Sealed, StoreError, Token, TokenState, TokenStore};
use finch_sqlite::Verified;
use finch_testkit::{at, claimed, decided, store_token, unchanged};

use crate::support::{Home, by_id, end, fence, token};

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_repeated() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    for column in ["facts", "progress"] {
        let db = home.sql();
        let kept: String =
            db.query_row(&format!("SELECT {column} FROM tokens"), [], |row| row.get(0)).unwrap();
        db.execute(&format!("UPDATE tokens SET {column} = '[\"CANARY'"), []).unwrap();
        let id = "a".parse().unwrap();
        let error =
            store.load(finch_core::Selector::ConnectionId(&id), None).await.expect_err("broken");
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        assert!(error.to_string().contains(column), "{error}");
        db.execute(&format!("UPDATE tokens SET {column} = ?1"), [kept]).unwrap();
    }
    by_id(&store, "a").await;
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
        store.verify(|_, _| {}).await.unwrap().is_sound(),
        "whether it opens is not known here"
    );
}

#[tokio::test]
async fn a_dead_token_stays_dead() {
    let home = Home::new();
    let store = home.open();
    let a = store_token(&store, "acme", token("a")).await;
    end(&store, "a").await;
    let seen = by_id(&store, "a").await;
    let mut commit = unchanged(&seen);
    let row = seen.token(a).unwrap().clone();
    commit.tokens.push(Token { state: TokenState::Active, ..row });
    assert!(store.commit(commit).await.is_err());
    assert_eq!(by_id(&store, "a").await, seen);
    let db = home.sql();
    for sql in [
        "UPDATE tokens SET state = 'active', revoked = NULL",
        "UPDATE tokens SET revoked = NULL",
        "UPDATE tokens SET state = 'alive'",
        "UPDATE tokens SET fingerprint = x'00'",
    ] {
        assert!(db.execute(sql, []).is_err(), "{sql}");
    }
}

#[tokio::test]
async fn no_event_is_changed_or_removed_by_accident() {
    let home = Home::new();
    store_token(&home.open(), "acme", token("a")).await;
    for sql in ["UPDATE events SET at = 0", "DELETE FROM events"] {
        let refused = home.sql().execute_batch(sql).unwrap_err();
        assert!(refused.to_string().contains("what happened stays"), "{refused}");
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
async fn found(full: &Home, sql: &str) -> Verified {
    let home = Home::new();
    std::fs::copy(&full.path, &home.path).unwrap();
    let db = home.sql();
    let trigger = |name: &str| -> String {
        let text = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        db.query_row(text, [name], |row| row.get(0)).unwrap()
    };
    let events_stay = trigger("events_stay");
    db.execute_batch("PRAGMA foreign_keys = OFF; DROP TRIGGER events_stay").unwrap();
    db.execute_batch(sql).unwrap();
    db.execute_batch(&events_stay).unwrap();
    drop(db);
    home.open().verify(|done, all| assert!(done <= all)).await.unwrap()
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let full = full().await;
    let sound = found(&full, "").await;
    assert!(sound.is_sound(), "{sound:?}");
    // 2 connections and tokens, 3 attempts, 6 events, and one of each other kind.
    assert_eq!(sound.rows, 2 + 2 + 3 + 6 + 1 + 1, "{sound:?}");
    for (table, column, value, says) in [
        ("connections", "provider", "''", "the provider of connection"),
        ("tokens", "facts", "'{'", "the facts of token"),
        ("tokens", "progress", "'{'", "the progress of token"),
        ("tokens", "customer", "''", "the customer of token"),
        ("tokens", "products", "'{'", "the products of token"),
        ("disconnects", "intent", "'{'", "the intent of disconnect"),
        ("retirements", "customer", "''", "the customer of retirement"),
        ("attempts", "purpose", "'{'", "the purpose of attempt"),
        ("events", "event", "'{'", ".0 cannot be read"),
        ("connections", "question_due = 0, question", "'{'", "the question of connection"),
    ] {
        let damage = found(&full, &format!("UPDATE {table} SET {column} = {value}")).await.damage;
        assert!(damage.iter().any(|line| line.contains(says)), "{table}.{column}: {damage:?}");
    }
}

#[tokio::test]
async fn a_searched_column_that_differs_is_named() {
    let full = full().await;
    for (table, column, value) in [
        ("tokens", "connection_id", "'z'"),
        ("tokens", "finch_customer_id", "'z'"),
        ("tokens", "products", "'[]'"),
        ("attempts", "customer", "'z'"),
        ("attempts", "expires_at", "expires_at + 1"),
        ("events", "at", "at + 1"),
        ("events", "connection_id", "'z'"),
        ("events", "customer", "'z'"),
    ] {
        let sql = format!("UPDATE {table} SET {column} = {value}");
        let damage = found(&full, &sql).await.damage;
        assert!(!damage.is_empty(), "{sql}");
        let named = damage.iter().all(|line| line.contains("contradict each other"));
        assert!(named, "{sql}: {damage:?}");
    }
    for sql in [
        "UPDATE attempts SET outcome = 'cleared' WHERE outcome = 'stored'",
        "UPDATE tokens SET revoked = '{\"state\":\"active\"}' WHERE state = 'revoked'",
    ] {
        assert!(!found(&full, sql).await.is_sound(), "{sql}");
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
        let damage = found(&full, sql).await.damage;
        let says = format!("{table} has a row that belongs to no row of");
        assert!(damage.iter().any(|line| line.contains(&says)), "{sql}: {damage:?}");
    }
}
