//! The record: what was changed behind the store's back shows.

use finch_core::testing::store_token;
use finch_sqlite::{RecordCheck, SqliteTokenStore, What};

use crate::support::{Home, token};

async fn check(store: &SqliteTokenStore) -> RecordCheck {
    store.verify(What::Everything, |_, _| {}).await.unwrap().record.unwrap()
}

/// A store with six events.
async fn six() -> Home {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        store_token(&home.open(), "acme", token(name)).await;
    }
    let sound = check(&home.open()).await;
    assert_eq!((sound.events, sound.unchained, sound.broken_at), (6, 0, None));
    home
}

/// Where the record breaks, after this SQL without the store's triggers.
async fn after(six: &Home, sql: &str) -> Option<u64> {
    let home = Home { key: six.key.clone(), ..Home::new() };
    std::fs::copy(&six.path, &home.path).unwrap();
    let drop = "DROP TRIGGER events_stay; DROP TRIGGER events_are_kept;";
    home.sql().execute_batch(&format!("{drop} {sql}")).unwrap();
    let store = home.open();
    let broken = check(&store).await.broken_at;
    // What is written later hides nothing.
    store_token(&store, "acme", token("d")).await;
    assert_eq!(check(&store).await.broken_at.is_some(), broken.is_some(), "{sql}");
    broken
}

#[tokio::test]
async fn any_change_of_a_row_shows() {
    let six = six().await;
    for (column, value) in [
        ("event", "replace(event, 'acme', 'evil')"),
        ("at", "at + 1"),
        ("connection_id", "'k'"),
        ("customer", "NULL"),
        ("chain", "zeroblob(32)"),
        ("chain", "NULL"),
        ("id", "99"),
    ] {
        for row in 1..=6 {
            let sql = format!("UPDATE events SET {column} = {value} WHERE id = {row}");
            assert!(after(&six, &sql).await.is_some(), "{sql}");
        }
    }
}

#[tokio::test]
async fn rows_that_are_missing_show() {
    let six = six().await;
    for row in 1..=6 {
        assert!(
            after(&six, &format!("DELETE FROM events WHERE id = {row}")).await.is_some(),
            "{row}"
        );
    }
    assert_eq!(after(&six, "DELETE FROM events WHERE id > 3").await, Some(0));
    assert!(after(&six, "DELETE FROM events").await.is_some());
    assert!(after(&six, "DELETE FROM events; UPDATE store SET record_head = NULL").await.is_some());
    assert!(
        after(&six, "UPDATE events SET chain = NULL; UPDATE store SET record_head = NULL")
            .await
            .is_some()
    );
}

#[tokio::test]
async fn rows_that_trade_places_or_are_added_show() {
    let six = six().await;
    let swap = "UPDATE events SET id = -id; \
        UPDATE events SET id = CASE id WHEN -2 THEN 3 WHEN -3 THEN 2 ELSE -id END";
    assert!(after(&six, swap).await.is_some());
    let add = "INSERT INTO events SELECT 7, at, connection_id, customer, event, chain FROM events WHERE id = 6";
    assert!(after(&six, add).await.is_some());
    let head = "UPDATE store SET record_head = (SELECT chain FROM events WHERE id = 5); DELETE FROM events WHERE id = 6";
    assert!(after(&six, head).await.is_some());
}

#[tokio::test]
async fn nothing_is_changed_or_removed_by_accident() {
    let home = Home::new();
    store_token(&home.open(), "acme", token("a")).await;
    for sql in ["UPDATE events SET at = 0", "DELETE FROM events"] {
        let refused = home.sql().execute_batch(sql).unwrap_err();
        assert!(refused.to_string().contains("what happened stays"), "{refused}");
    }
    assert_eq!(check(&home.open()).await.broken_at, None);
}
