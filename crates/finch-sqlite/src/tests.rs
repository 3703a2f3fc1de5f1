//! What only shows from inside: half a batch, files that go while one is written, the plans of the queries.

use finch_core::{
    ConnectionFilter, ConnectionId, ConnectionKey, Due, Fingerprint, Selector, Seq, StoreError,
    TokenId, TokenStore as _,
};
use finch_testkit::{application, facts, fingerprint, grant, new_attempt, store_token};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    SqliteOptions, SqliteTokenStore, attempts, connections,
    error::{Fault, Result, STOPPED},
    events,
    rows::{count, first},
    secrets,
    writer::Batch,
};

fn open() -> (tempfile::TempDir, SqliteTokenStore) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::create(folder.path().join("finch.db"), application());
    let store = SqliteTokenStore::open(options).unwrap();
    (folder, store)
}

fn attempt(batch: &Batch<'_>, number: u8) -> Result<()> {
    attempts::open(batch, new_attempt("acme"), &Fingerprint([number; 32])).map(drop)
}

/// The attempts that are kept, and the last number.
async fn kept(store: &SqliteTokenStore) -> (u64, u64) {
    let counts = |db: &Connection| {
        let seq = first(db, "SELECT seq FROM store", [])?;
        Ok((count(db, "attempts")?, seq.unwrap_or_default()))
    };
    store.read(counts).await.unwrap()
}

#[tokio::test]
async fn a_full_disk_is_reported_and_loses_nothing() {
    let (_folder, store) = open();
    let token = store_token(&store, "acme", grant("t", facts("k", "gusto", "c"))).await;
    let limit = |pragma: &'static str| store.write(move |db| Ok(db.execute_batch(pragma)?));
    limit("PRAGMA max_page_count = 1").await.unwrap();
    let mut opened = 1;
    let full = loop {
        match store.open_attempt(new_attempt("acme"), &fingerprint(&format!("{opened}"))).await {
            Ok(_) => opened += 1,
            Err(error) => break error,
        }
        assert!(opened < 1000, "it must fill up");
    };
    assert!(matches!(full, StoreError::Full), "{full:?}");
    assert_eq!(kept(&store).await.0, opened);
    assert!(store.sealed(token).await.unwrap().is_some());
    limit("PRAGMA max_page_count = 100000").await.unwrap();
    store.open_attempt(new_attempt("acme"), &fingerprint("room again")).await.unwrap();
}

/// Jobs that end up in one transaction: one that fails takes back its own writes and numbers only. When SQLite
/// gives the whole transaction up, each job in it fails, and those behind it go on.
#[tokio::test]
async fn a_job_that_fails_undoes_its_own_writes_only() {
    for loses_all in [false, true] {
        let (_folder, store) = open();
        // The first job holds the writer up until the others wait behind it.
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let hold = store.write(move |_| gate.recv().map_err(|_| STOPPED));
        let fails = store.write(move |batch| {
            attempt(batch, 2)?;
            if loses_all {
                batch.execute_batch("ROLLBACK")?;
            }
            Err::<(), _>(Fault::from(rusqlite::Error::InvalidQuery))
        });
        let (asked, waits) = oneshot::channel();
        let release = async {
            waits.await.unwrap();
            go.send(()).unwrap();
        };
        let last = async {
            let last = store.write(|batch| attempt(batch, 3));
            asked.send(()).unwrap();
            last.await
        };
        let before = store.write(|batch| attempt(batch, 1));
        let (_, before, failed, after, ()) = tokio::join!(hold, before, fails, last, release);
        assert!(matches!(failed, Err(StoreError::Backend(_))), "{failed:?}");
        assert_eq!((before.is_ok(), after.is_ok()), (!loses_all, true));
        let expected = if loses_all { 1 } else { 2 };
        assert_eq!(kept(&store).await, (expected, expected), "numbers that were taken are free");
    }
}

/// A file that is gone takes no write; and what was written to one that has gone meanwhile is no success.
#[tokio::test]
async fn a_file_is_checked_before_a_commit_and_after_it() {
    for goes_while_it_is_written in [false, true] {
        let (folder, store) = open();
        let (here, away) = (folder.path().join("finch.db"), folder.path().join("away"));
        if !goes_while_it_is_written {
            std::fs::rename(&here, &away).unwrap();
        }
        let (from, to) = (here.clone(), away.clone());
        let written = store.write(move |batch| {
            if goes_while_it_is_written {
                std::fs::rename(from, to).map_err(|_| STOPPED)?;
            }
            attempt(batch, 1)
        });
        assert!(matches!(written.await, Err(StoreError::Backend(_))));
        std::fs::rename(&away, &here).unwrap();
        assert_eq!(kept(&store).await.0, u64::from(goes_while_it_is_written));
    }
}

/// No query reads a table from end to end, or sorts more than what one token or one connection has, or what is
/// rare.
#[tokio::test]
async fn every_query_has_its_index() {
    let (_folder, store) = open();
    let acme = "acme".parse().unwrap();
    let (id, customer_id) = (ConnectionId::new("k").unwrap(), "acme".parse().unwrap());
    let (provider, company) = ("gusto".parse().unwrap(), "c".parse().unwrap());
    let (token, key) = (Fingerprint([0; 32]), ConnectionKey(Seq(1)));
    let due = Some(Due::at(finch_testkit::at(0)));
    let selectors = [
        (Selector::Key(key), "rowid tokens_by_customer"),
        (Selector::ConnectionId(&id), "tokens_by_connection_id"),
        (Selector::Pair(&provider, &company), "connections_by_pair tokens_by_customer"),
        (Selector::TokenId(TokenId(Seq(1))), "rowid"),
        (Selector::Fingerprint(&token), "rowid tokens_by_fingerprint"),
        (Selector::FinchCustomerId(&customer_id), "tokens_by_finch_customer_id"),
    ];
    let filters = [
        (ConnectionFilter::All, "rowid"),
        (ConnectionFilter::Customer(&acme), "tokens_by_customer"),
        (ConnectionFilter::Company(&company), "connections_by_pair sorts"),
        (ConnectionFilter::Due(due), "connections_due"),
        (ConnectionFilter::Question(due), "connections_question"),
        (ConnectionFilter::Attention, "connections_attention"),
        (ConnectionFilter::SealedBefore(1), "rowid tokens_by_connection rowid"),
    ];
    let of_connection =
        "events_by_connection_id tokens_by_connection tokens_by_connection_id sorts";
    let others = [
        (secrets::USABLE, "tokens_by_customer tokens_by_connection_id rowid"),
        (secrets::OLDER, "secrets_by_epoch"),
        (&events::sql(false, false), "events"),
        (&events::sql(true, false), "events_by_customer"),
        (&events::sql(false, true), of_connection),
        (&events::sql(true, true), of_connection),
        (attempts::OF_CUSTOMER, "attempts_unsettled"),
        (attempts::OF_ALL, "attempts_unsettled sorts"),
        (attempts::FORGET, "rowid attempts_forgettable"),
    ];
    let selected = selectors.map(|(by, uses)| (connections::selected(by, None).sql, uses));
    let listed = filters.map(|(by, uses)| (connections::listed(&by, None, 1).sql, uses));
    let others = others.map(|(sql, uses)| (sql.to_owned(), uses));
    for (sql, uses) in selected.into_iter().chain(listed).chain(others) {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let plan = store.read(move |db| {
            let mut plan = db.prepare(&explain)?;
            let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
            Ok(steps.collect::<rusqlite::Result<Vec<_>>>()?)
        });
        let plan = plan.await.unwrap();
        let found: Vec<&str> = plan.iter().filter_map(|step| index(step)).collect();
        assert_eq!(found.join(" "), uses, "{sql}\n{plan:#?}");
    }
    // A cached statement is prepared once, whatever is bound to it.
    let by_id = connections::selected(Selector::ConnectionId(&id), None).sql;
    for sql in [secrets::USABLE.to_owned(), by_id] {
        let named = sql.clone();
        let again = store.read(move |db| {
            for n in 0..10 {
                first::<i64>(db, &sql, [format!("k{n}"), format!("c{n}")])?;
            }
            Ok(db.prepare_cached(&sql)?.get_status(rusqlite::StatementStatus::RePrepare))
        });
        assert_eq!(again.await.unwrap(), 0, "{named}");
    }
}

/// What a step of a plan goes by: an index, the row's number, or none (`SCAN`); or that it sorts.
fn index(step: &str) -> Option<&str> {
    match step.split_once(" INDEX ") {
        Some((_, index)) => index.split(' ').next(),
        _ if step.starts_with("SCAN") => (step != "SCAN CONSTANT ROW").then_some("SCAN"),
        None if step.contains("PRIMARY KEY (rowid") => Some("rowid"),
        None if step.contains("USING PRIMARY KEY") => step.split(' ').nth(1),
        None => step.contains("TEMP B-TREE").then_some("sorts"),
    }
}
