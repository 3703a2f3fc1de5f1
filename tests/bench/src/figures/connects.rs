//! Connections that are made: 64 at once through the application, and the rows that each writes by
//! SQLite alone, in a transaction each and in one for a thousand.

use std::{
    cell::Cell,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::Criterion;
use finch_app::{BegunConnect, ConnectRequest};
use finch_core::{
    Actor, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Commit, CustomerScope, Draft, Event,
    EventKind, Exchange, Fingerprint, Flow, Found, NewAttempt, Product, Sealed, SecretRow, Seq,
    TokenId,
    decide::{Arrival, Source, admit},
};
use finch_seal::{Domain, KeyRing};
use rusqlite::{Connection, params};
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
    let host = Host::over(&path);
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
    drop(host);
    for (name, each) in [("one-each", 1), ("thousand-each", BATCH)] {
        let db = writer(&fill::copy(setting, layout, "connects"));
        figure(&mut group, name, round, |iters| {
            let took = (0..iters).map(|_| by_sqlite_alone(&db, some(BATCH), each));
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

fn by_sqlite_alone(
    db: &Connection,
    connections: impl Iterator<Item = Numbered>,
    each: u64,
) -> Duration {
    let mut number: i64 = db.query_row("SELECT seq FROM store", [], |row| row.get(0)).unwrap();
    let rows: Vec<_> = connections.map(|connection| Row::of(connection, &mut number)).collect();
    let began = Instant::now();
    for part in rows.chunks(each as usize) {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        part.iter().for_each(|row| row.insert(db));
        db.execute_batch("COMMIT").unwrap();
    }
    began.elapsed()
}

/// What one connect writes.
struct Row {
    number: u64,
    state: [u8; 32],
    code: [u8; 32],
    attempt: String,
    connection: String,
    token: String,
    event: String,
    sealed: [u8; 70],
}

impl Row {
    fn of(connection: Numbered, number: &mut i64) -> Self {
        *number += 3;
        let number = u64::try_from(*number).unwrap();
        let (attempt, token) = (AttemptId(Seq(number - 2)), TokenId(Seq(number)));
        let hash = |n: u64| *connection.secret(n).as_bytes().first_chunk().unwrap();
        let (customer, at) = (connection.customer(), filled_at());
        let end = Some(AttemptEnd::Stored(token));
        let attempt = Attempt {
            id: attempt,
            purpose: NewAttempt {
                customer: customer.clone(),
                flow: Flow::Embedded,
                finch_customer_id: customer.as_str().parse().ok(),
                products: vec![Product::Company],
                reauthenticates: None,
                for_disconnect: None,
                opened_at: at,
                expires_at: at,
            },
            exchange: Some(Exchange { began: Seq(number - 1), began_at: at, end }),
        };
        let event = Event {
            at,
            by: Actor::Customer(customer.clone()),
            connection_id: Some(connection.connection_id()),
            customer: Some(customer),
            kind: EventKind::Connected,
        };
        Self {
            number,
            state: hash(1),
            code: hash(2),
            attempt: serde_json::to_string(&attempt).unwrap(),
            connection: fill::row(connection, number),
            token: serde_json::to_string(&fill::token(connection, token, hash(3))).unwrap(),
            event: serde_json::to_string(&event).unwrap(),
            sealed: [7; 70],
        }
    }

    fn insert(&self, db: &Connection) {
        let number = self.number;
        let run = |sql: &str, row: &[&dyn rusqlite::ToSql]| {
            db.prepare_cached(sql).unwrap().execute(row).unwrap();
        };
        run(
            "INSERT INTO attempts (id, state, code, row, unsettled) VALUES (?1, ?2, ?3, ?4, 0)",
            params![number - 2, self.state, self.code, self.attempt],
        );
        run(
            "INSERT INTO connections (key, revision, row, attention) VALUES (?1, 1, ?2, 0)",
            params![number, self.connection],
        );
        run(
            "INSERT INTO tokens (id, connection, row) VALUES (?1, ?1, ?2)",
            params![number, self.token],
        );
        run(
            "INSERT INTO secrets (token, epoch, sealed) VALUES (?1, x'00000001', ?2)",
            params![number, self.sealed],
        );
        run(
            "INSERT INTO events (number, place, connection, row) VALUES (?1, 0, ?1, ?2)",
            params![number, self.event],
        );
        run("UPDATE store SET seq = ?1", params![number]);
    }
}
