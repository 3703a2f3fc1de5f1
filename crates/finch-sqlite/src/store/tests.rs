//! What only shows from inside: a full disk, half a batch, the plans of the queries.

use finch_core::{Fingerprint, StoreError, TokenStore as _};
use finch_testkit::{application, facts, fingerprint, grant, new_attempt, store_token};
use rusqlite::Connection;

use super::*;
use crate::error::Fault;

fn open() -> (tempfile::TempDir, SqliteTokenStore) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("finch.db"), application()).create(true);
    let store = SqliteTokenStore::open(options).unwrap();
    (folder, store)
}

async fn set(store: &SqliteTokenStore, pragma: &'static str) {
    store.writer.write(move |tx| Ok(tx.db.execute_batch(pragma)?)).await.unwrap();
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
    let count = |db: &Connection| {
        Ok(db.query_row("SELECT count(*) FROM attempts", [], |row| row.get::<_, i64>(0))?)
    };
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
    let hold = store.writer.write(move |_| gate.recv().map_err(|_| Fault::Stopped));
    let insert = |name: &'static str, fails: bool| {
        store.writer.write(move |tx| {
            let attempt = new_attempt(name);
            attempts::open(tx.db, &attempt, &Fingerprint([name.len() as u8; 32]))?;
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
        Ok(crate::values::column::<String>(db, "SELECT customer FROM attempts ORDER BY id", [])?)
    };
    assert_eq!(store.read(names).await.unwrap(), ["a", "ccc"]);
    let last = |db: &Connection| {
        Ok(db.query_row("SELECT seq FROM store", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(store.read(last).await.unwrap(), 2, "the number that was taken is free again");
}

/// When SQLite gives a whole transaction up, each job in it fails, and those behind it go on.
#[tokio::test]
async fn a_transaction_that_is_lost_fails_every_job_in_it() {
    let (_folder, store) = open();
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let hold = store.writer.write(move |_| gate.recv().map_err(|_| Fault::Stopped));
    let insert = |n: u8| {
        let state = Fingerprint([n; 32]);
        store.writer.write(move |tx| attempts::open(tx.db, &new_attempt("acme"), &state))
    };
    let lose = store.writer.write(|tx| {
        tx.db.execute_batch("ROLLBACK")?;
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
    let count = |db: &Connection| {
        Ok(db.query_row("SELECT count(*) FROM attempts", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(store.read(count).await.unwrap(), 1);
}

/// No query reads a table from end to end, or sorts more than what one token or one connection has.
#[tokio::test]
async fn every_query_has_its_index() {
    let (_folder, store) = open();
    let plans = [
        (
            secrets::USABLE,
            "SEARCH tokens USING INDEX tokens_by_customer (customer=? AND connection=? AND state=?)",
        ),
        (
            secrets::USABLE,
            "SEARCH tokens USING COVERING INDEX tokens_by_connection_id (connection_id=? AND customer=?)",
        ),
        (secrets::USABLE, "SEARCH secrets USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"),
        (secrets::USABLE, "SEARCH token_uses USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"),
        (listing::SEALED_BEFORE, "SEARCH connections USING INTEGER PRIMARY KEY (rowid>?)"),
        (
            listing::SEALED_BEFORE,
            "SEARCH tokens USING COVERING INDEX tokens_by_connection (connection=?)",
        ),
        (listing::SEALED_BEFORE, "SEARCH secrets USING INTEGER PRIMARY KEY (rowid=?)"),
        (
            secrets::OLDER,
            "SEARCH secrets USING COVERING INDEX secrets_by_epoch (epoch>? AND epoch<?)",
        ),
        (
            lookup::NAMED,
            "SEARCH tokens USING COVERING INDEX tokens_by_connection_id (connection_id=?)",
        ),
        (
            lookup::NAMED_OF,
            "SEARCH tokens USING COVERING INDEX tokens_by_connection_id (connection_id=? AND customer=?)",
        ),
        (
            lookup::BY_PAIR,
            "SEARCH connections USING COVERING INDEX connections_by_pair (company=? AND provider=?)",
        ),
        (lookup::HOLDING, "SEARCH tokens USING INDEX tokens_by_fingerprint (fingerprint=?)"),
        (
            lookup::TAKEN,
            "SEARCH tokens USING COVERING INDEX tokens_by_finch_customer_id (finch_customer_id=?)",
        ),
        (lookup::TAKEN, "SEARCH used_customer_ids USING PRIMARY KEY (finch_customer_id=?)"),
        (
            listing::OF_CUSTOMER,
            "SEARCH tokens USING COVERING INDEX tokens_by_customer (customer=? AND connection>?)",
        ),
        (listing::ALL, "SEARCH connections USING INTEGER PRIMARY KEY (rowid>?)"),
        (
            listing::OF_COMPANY,
            "SEARCH connections USING COVERING INDEX connections_by_pair (company=?)",
        ),
        (listing::QUESTION, "SEARCH connections USING COVERING INDEX connections_question (key>?)"),
        (listing::DUE, "SEARCH connections USING COVERING INDEX connections_due (key>?)"),
        (&events::sql(false, false), "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"),
        (
            &events::sql(true, false),
            "SEARCH events USING INDEX events_by_customer (customer=? AND rowid>?)",
        ),
        (
            &events::sql(false, true),
            "SEARCH events USING INDEX events_by_connection_id (connection_id=? AND rowid>?)",
        ),
        (
            &events::sql(true, true),
            "SEARCH events USING INDEX events_by_connection_id (connection_id=? AND rowid>?)",
        ),
        (attempts::ORPHANS, "SEARCH attempts USING INDEX attempts_unsettled (id>?)"),
        (attempts::FORGET, "SEARCH attempts USING INDEX attempts_forgettable (expires_at<?)"),
    ];
    for (sql, step) in plans {
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
        assert!(plan.iter().any(|found| found == step), "{sql}\n{step}\n{plan:#?}");
        let reads_all = |s: &String| s.starts_with("SCAN") && s != "SCAN CONSTANT ROW";
        let few = [lookup::HOLDING, listing::OF_COMPANY].contains(&sql)
            || sql.contains("events WHERE connection_id IN");
        let sorts = |s: &String| s.contains("TEMP B-TREE") && !few;
        assert!(!plan.iter().any(|s| reads_all(s) || sorts(s)), "{sql}\n{plan:#?}");
    }
}

/// A cached statement is prepared once, whatever is bound to it.
#[tokio::test]
async fn statements_are_prepared_once() {
    let (_folder, store) = open();
    for (name, sql) in [("usable", secrets::USABLE), ("named", lookup::NAMED_OF)] {
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
