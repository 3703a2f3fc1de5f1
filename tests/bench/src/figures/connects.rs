//! Connections that are made: 64 at once through the application, and the rows that each leaves by
//! SQLite alone, in a transaction each and in one for a thousand.

use std::{
    cell::Cell,
    path::Path,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::Criterion;
use finch_app::{BegunConnect, ConnectRequest};
use finch_core::{
    AuthorizationCode, Commit, CustomerScope, Draft, Fingerprint, Flow, Found, Product, Sealed,
    SecretRow, Seq, TokenId,
    decide::{Arrival, Source, admit},
};
use finch_seal::{Domain, KeyRing};
use rusqlite::{Connection, params_from_iter, types::Value};
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    clock::filled_at,
    figures::{figure, share},
    fill,
    host::{Host, runtime},
    numbered::{Layout, Numbered},
    paper,
    setting::Setting,
};

const AT_ONCE: u64 = 64;
/// So many make up what is measured once.
const BATCH: u64 = 1000;
/// The first number that no filled store has.
const FIRST: u64 = 1 << 32;

pub(crate) fn run(setting: &Setting, criterion: &mut Criterion, round: u32) {
    if !setting.wants("connects") {
        return;
    }
    let layout = Layout::of(if setting.quick { 100_000 } else { 1_000_000 });
    let mut group = criterion.benchmark_group("connects");
    group.sample_size(10);
    let path = fill::copy(setting, layout, "connects");
    let ring = fill::ring(&Connection::open(&path).unwrap());
    let (host, host_db) = (Host::over(&path), Connection::open(&path).unwrap());
    let (runtime, next) = (runtime(), Cell::new(FIRST));
    let some = |count| {
        let first = next.replace(next.get() + count);
        (first..next.get()).map(Numbered)
    };
    figure(&mut group, "at-once", round, |iters| {
        let took = (0..iters).map(|_| through_the_application(&runtime, &host, some(BATCH)));
        share(took.sum(), BATCH, 1)
    });
    figure(&mut group, "store", round, |iters| {
        let took = (0..iters).map(|_| by_the_store_alone(&runtime, &host, &ring, some(BATCH)));
        share(took.sum(), BATCH, 1)
    });
    for (name, each) in [("one-each", 1), ("thousand-each", BATCH)] {
        let db = writer(&fill::copy(setting, layout, "connects-raw"));
        figure(&mut group, name, round, |iters| {
            let took = (0..iters).map(|_| {
                let since = last(&host_db);
                through_the_application(&runtime, &host, some(BATCH));
                by_sqlite_alone(&db, &left_since(&host_db, since), each)
            });
            share(took.sum(), BATCH, 1)
        });
    }
    group.finish();
}

/// Begins, which is not measured, and completes them.
fn through_the_application(
    runtime: &Runtime,
    host: &Host,
    connections: impl Iterator<Item = Numbered>,
) -> Duration {
    let connections: Vec<_> = connections.collect();
    let parts = connections.chunks(connections.len().div_ceil(AT_ONCE as usize));
    runtime.block_on(async {
        let mut beginning = JoinSet::new();
        for part in parts {
            let (finch, part) = (host.finch.clone(), part.to_vec());
            beginning.spawn(async move {
                let mut begun = Vec::new();
                for connection in part {
                    let scope = CustomerScope::new(connection.customer());
                    let request =
                        ConnectRequest::new("Customer", vec![Product::Company], Flow::Embedded);
                    let BegunConnect { state, .. } =
                        finch.begin_connect(&scope, request).await.unwrap();
                    let code = AuthorizationCode::new(connection.secret(0));
                    begun.push((scope, state, code));
                }
                begun
            });
        }
        let begun = beginning.join_all().await;
        let began = Instant::now();
        let mut completing = JoinSet::new();
        for part in begun {
            let finch = host.finch.clone();
            completing.spawn(async move {
                for (scope, state, code) in part {
                    finch.complete_connect(&scope, state, code).await.unwrap();
                }
            });
        }
        completing.join_all().await;
        began.elapsed()
    })
}

/// One write for each: what a connect changes in the end, without its attempt, and sealed before.
fn by_the_store_alone(
    runtime: &Runtime,
    host: &Host,
    ring: &KeyRing,
    connections: impl Iterator<Item = Numbered>,
) -> Duration {
    let commits: Vec<_> = connections.map(|connection| arrival(ring, connection)).collect();
    let began = Instant::now();
    runtime.block_on(async {
        let mut storing = JoinSet::new();
        for part in commits.chunks(commits.len().div_ceil(AT_ONCE as usize)) {
            let (store, part) = (Arc::clone(&host.store), part.to_vec());
            storing.spawn(async move {
                for commit in part {
                    store.commit(commit).await.unwrap();
                }
            });
        }
        storing.join_all().await;
    });
    began.elapsed()
}

/// A token that makes a connection.
fn arrival(ring: &KeyRing, connection: Numbered) -> Commit {
    let (customer, by) = (connection.customer(), "bench".parse().unwrap());
    let (facts, secret) = (paper::facts(connection), connection.secret(0));
    let fingerprint = ring.fingerprint(Domain::Token, &secret);
    let bytes = fill::seal(ring, &customer, &facts.connection_id, (&fingerprint, &secret), true);
    let arrival = Arrival {
        facts,
        fingerprint: Fingerprint(fingerprint),
        from: Source::Import { customer: &customer, by: &by },
        began: Seq(1),
        now: filled_at(),
        late: false,
    };
    let mut commit = admit(Found::default(), arrival).draft.and_then(Draft::finish).unwrap();
    let sealed = Some(Sealed { epoch: ring.epoch(), bytes });
    commit.secrets.push(SecretRow { token: TokenId(Seq::OF_COMMIT), sealed });
    commit
}

/// As the store's own writer is set.
fn writer(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;",
    )
    .unwrap();
    db
}

/// The last number of a store.
fn last(db: &Connection) -> i64 {
    db.query_row("SELECT seq FROM store", [], |row| row.get(0)).unwrap()
}

/// What a connect leaves: rows, each with the statement that inserts it.
type Left = Vec<(Rc<str>, Vec<Value>)>;

/// What each of the connects of a batch has left.
fn left_since(db: &Connection, since: i64) -> Vec<Left> {
    let mut left: Vec<Left> = vec![Left::new(); BATCH as usize];
    for (table, key) in [
        ("attempts", "id"),
        ("connections", "key"),
        ("tokens", "id"),
        ("secrets", "token"),
        ("events", "number"),
    ] {
        let sql = "SELECT group_concat(name), group_concat('?') FROM pragma_table_info(?1)";
        let (columns, values): (String, String) =
            db.query_row(sql, [table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let insert: Rc<str> = format!("INSERT INTO {table} ({columns}) VALUES ({values})").into();
        let sql = format!("SELECT {columns} FROM {table} WHERE {key} > ?1 ORDER BY {key}");
        let mut rows = db.prepare(&sql).unwrap();
        let count = rows.column_count();
        let rows = rows.query_map([since], |row| (0..count).map(|at| row.get(at)).collect());
        let rows: Vec<Vec<Value>> = rows.unwrap().collect::<Result<_, _>>().unwrap();
        for (left, rows) in left.iter_mut().zip(rows.chunks(rows.len() / BATCH as usize)) {
            left.extend(rows.iter().map(|row| (Rc::clone(&insert), row.clone())));
        }
    }
    left
}

fn by_sqlite_alone(db: &Connection, left: &[Left], each: u64) -> Duration {
    let began = Instant::now();
    for part in left.chunks(each as usize) {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        for (insert, row) in part.iter().flatten() {
            db.prepare_cached(insert).unwrap().execute(params_from_iter(row)).unwrap();
        }
        db.prepare_cached("UPDATE store SET seq = seq + 1").unwrap().execute([]).unwrap();
        db.execute_batch("COMMIT").unwrap();
    }
    began.elapsed()
}
