//! What is opened over and over does not fill the disk.

use std::{fs, sync::Arc};

use finch_core::{NewAttempt, TokenStore};
use finch_sqlite::SqliteTokenStore;
use finch_testkit::{at, fingerprint, new_attempt};
use tokio::task::JoinSet;

use crate::support::Home;

/// Opens a hundred attempts each hour, each for an hour. Returns how large the store's file is then.
async fn hours(home: &Home, hours: std::ops::Range<i64>) -> u64 {
    let store = Arc::new(SqliteTokenStore::open(home.options()).unwrap());
    for hour in hours {
        let (opened_at, expires_at) = (at(3600 * hour), at(3600 * (hour + 1)));
        let mut opening = JoinSet::new();
        for n in 0..100 {
            let attempt = NewAttempt { opened_at, expires_at, ..new_attempt("acme") };
            let (store, state) = (store.clone(), fingerprint(&format!("{hour} {n}")));
            opening.spawn(async move { store.open_attempt(attempt, &state).await });
        }
        while let Some(opened) = opening.join_next().await {
            opened.unwrap().unwrap();
        }
    }
    drop(store);
    fs::metadata(&home.path).unwrap().len()
}

#[tokio::test]
async fn attempts_that_come_to_nothing_do_not_fill_the_disk() {
    let home = Home::new();
    let of_two_days = hours(&home, 0..50).await;
    let of_six_days = hours(&home, 50..150).await;
    assert!(of_six_days <= of_two_days + of_two_days / 10, "{of_two_days}, {of_six_days} bytes");
}
