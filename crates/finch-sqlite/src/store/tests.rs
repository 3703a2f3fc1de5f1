//! What only shows from inside: a full disk, half a batch, the plans of the queries.

use finch_core::{Fingerprint, StoreError, TokenStore as _};
use finch_testkit::{application, facts, fingerprint, grant, new_attempt, store_token};
use rusqlite::Connection;

use super::*;
use crate::{error::Fault, values};

fn open() -> (tempfile::TempDir, SqliteTokenStore) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("finch.db"), application()).create(true);
    let store = SqliteTokenStore::open(options).unwrap();
    (folder, store)
}

async fn set(store: &SqliteTokenStore, pragma: &'static str) {
    store.writer.write(None, move |db| Ok(db.execute_batch(pragma)?)).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_reported_and_loses_nothing() {
    let (_folder, store) = open();
    let token = store_token(&store, "acme", grant("t", facts("k", "gusto", "c"))).await;
    set(&store, "PRAGMA max_page_count = 1").await;
    let mut kept = 0;
    let full = loop {
        match store.open_attempt(new_attempt("acme"), &fingerprint(&format!("{kept}"))).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "it must fill up");
    };
    assert!(matches!(full, StoreError::Full), "{full:?}");
    let count = |db: &Connection| values::count(db, "SELECT count(*) FROM attempts");
    assert_eq!(store.read(count).await.unwrap(), kept + 1);
    assert!(store.sealed(token).await.unwrap().is_some());
    set(&store, "PRAGMA max_page_count = 100000").await;
    store.open_attempt(new_attempt("acme"), &fingerprint("room again")).await.unwrap();
}

/// Jobs that end up in one transaction: one that fails takes back its own writes only.
#[tokio::test]
async fn a_job_that_fails_undoes_its_own_writes_only() {
    let (_folder, store) = open();
    // The first job holds the writer up until the others wait behind it.
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let hold = store.writer.write(None, move |_| gate.recv().map_err(|_| Fault::Stopped));
    let insert = |name: &'static str, fails: bool| {
        store.writer.write(None, move |db| {
            let attempt = new_attempt(name);
            attempts::open(db, &attempt, &Fingerprint([name.len() as u8; 32]))?;
            if fails { Err(Fault::Moved) } else { Ok(()) }
        })
    };
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        go.send(()).unwrap();
    };
    let (_, a, b, c, ()) =
        tokio::join!(hold, insert("a", false), insert("bb", true), insert("ccc", false), release);
    assert!(a.is_ok() && c.is_ok());
    assert!(matches!(b, Err(Fault::Moved)), "{b:?}");
    let names = |db: &Connection| {
        Ok(values::column::<String>(db, "SELECT customer FROM attempts ORDER BY id", [])?)
    };
    assert_eq!(store.read(names).await.unwrap(), ["a", "ccc"]);
    let last = |db: &Connection| values::count(db, "SELECT seq FROM store");
    assert_eq!(store.read(last).await.unwrap(), 2, "the number that was taken is free again");
}

/// When SQLite gives a whole transaction up, each job in it fails, and those behind it go on.
#[tokio::test]
async fn a_transaction_that_is_lost_fails_every_job_in_it() {
    let (_folder, store) = open();
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let hold = store.writer.write(None, move |_| gate.recv().map_err(|_| Fault::Stopped));
    let insert = |n: u8| {
        let state = Fingerprint([n; 32]);
        store.writer.write(None, move |db| attempts::open(db, &new_attempt("acme"), &state))
    };
    let lose = store.writer.write(None, |db| {
        db.execute_batch("ROLLBACK")?;
        Err::<(), _>(Fault::from(rusqlite::Error::InvalidQuery))
    });
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        go.send(()).unwrap();
    };
    let (_, before, lost, after, ()) = tokio::join!(hold, insert(1), lose, insert(2), release);
    let why = rusqlite::Error::InvalidQuery;
    assert!(matches!(before, Err(Fault::Sqlite(e)) if *e == why), "with the cause");
    assert!(lost.is_err() && after.is_ok(), "{lost:?} {after:?}");
    let count = |db: &Connection| values::count(db, "SELECT count(*) FROM attempts");
    assert_eq!(store.read(count).await.unwrap(), 1);
}

/// No query reads a table from end to end, or sorts more than what one token or one connection has.
#[tokio::test]
async fn every_query_has_its_index() {
    let (_folder, store) = open();
    let (all, of_customer) = (events::sql(false, false), events::sql(true, false));
    let (of_connection, of_both) = (events::sql(false, true), events::sql(true, true));
    for (sql, uses) in [
        (secrets::USABLE, "tokens_by_customer tokens_by_connection_id rowid rowid"),
        (secrets::OLDER, "secrets_by_epoch"),
        (lookup::BY_KEY, "rowid tokens_by_customer"),
        (lookup::BY_ID, "tokens_by_connection_id"),
        (lookup::BY_PAIR, "connections_by_pair tokens_by_customer"),
        (lookup::BY_TOKEN, "rowid"),
        (lookup::BY_FINGERPRINT, "rowid tokens_by_fingerprint"),
        (lookup::NEWEST, "rowid tokens_by_fingerprint"),
        (lookup::BY_FINCH_CUSTOMER_ID, "tokens_by_finch_customer_id"),
        (listing::ALL, "rowid"),
        (listing::OF_CUSTOMER, "tokens_by_customer"),
        (listing::OF_COMPANY, "connections_by_pair sorts"),
        (listing::DUE, "connections_due"),
        (listing::QUESTION, "connections_question"),
        (listing::ATTENTION, "connections_attention"),
        (listing::SEALED_BEFORE, "rowid tokens_by_connection rowid"),
        (&all, "events"),
        (&of_customer, "events_by_customer"),
        (
            &of_connection,
            "events_by_connection_id tokens_by_connection tokens_by_connection_id sorts",
        ),
        (&of_both, "events_by_connection_id tokens_by_connection tokens_by_connection_id sorts"),
        (attempts::ORPHANS, "attempts_unsettled"),
        (attempts::FORGET, "rowid attempts_forgettable"),
    ] {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let plan: Vec<String> = store
            .read(move |db| {
                let mut plan = db.prepare(&explain)?;
                let mut rows = plan.raw_query();
                let mut steps = Vec::new();
                while let Some(row) = rows.next()? {
                    steps.push(row.get(3)?);
                }
                Ok(steps)
            })
            .await
            .unwrap();
        let found: Vec<&str> = plan.iter().filter_map(|step| index(step)).collect();
        assert_eq!(found.join(" "), uses, "{sql}\n{plan:#?}");
    }
}

/// What a step of a plan goes by: an index, the row's number, or none (`SCAN`); or that it sorts.
fn index(step: &str) -> Option<&str> {
    match step.split_once(" INDEX ") {
        _ if step.starts_with("SCAN") => (step != "SCAN CONSTANT ROW").then_some("SCAN"),
        Some((_, index)) => index.split(' ').next(),
        None if step.contains("PRIMARY KEY (rowid") => Some("rowid"),
        None if step.contains("USING PRIMARY KEY") => step.split(' ').nth(1),
        None if step.contains("TEMP B-TREE") => Some("sorts"),
        None => None,
    }
}

/// A cached statement is prepared once, whatever is bound to it.
#[tokio::test]
async fn statements_are_prepared_once() {
    let (_folder, store) = open();
    for (name, sql) in [("usable", secrets::USABLE), ("named", lookup::BY_ID)] {
        let again = store.read(move |db| {
            for n in 0..10 {
                let row = [format!("k{n}"), format!("c{n}")];
                db.prepare_cached(sql)?.exists(row)?;
            }
            Ok(db.prepare_cached(sql)?.get_status(rusqlite::StatementStatus::RePrepare))
        });
        assert_eq!(again.await.unwrap(), 0, "{name}");
    }
}
