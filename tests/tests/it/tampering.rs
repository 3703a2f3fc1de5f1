//! Stores that were edited, column by column and row by row: nothing is handed out that was not, no disconnect ends
//! while a token of it lives at Finch, and what can be seen is named.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use finch_app::{Finch, Pass};
use finch_core::{AccessToken, ConnectionId, CustomerId, CustomerScope, TokenState};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{FakeFinch, Reach, application};
use finch_tests::{World, folder, keys, open_finch, operator, secret, sqlite};
use rusqlite::types::Value;

use crate::semantics::*;

/// A store with one of everything, and the Finch of its connections.
struct Story {
    world: World,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

/// What may be handed out: to which customer, under which name, which secrets.
type Allowed = BTreeMap<(CustomerId, ConnectionId), BTreeSet<String>>;

async fn story() -> Story {
    let folder = folder();
    let path = folder.path().canonicalize().unwrap().join("finch.db");
    let world = World::new(Reach::Pair, sqlite(&path, application())).await;
    // One that two customers share, one of its own, one that a customer has given up.
    connect(&world, ACME, "x").await;
    connect(&world, BETA, "y").await;
    connect_to(&world, ACME, "own").await;
    connect_to(&world, BETA, "others").await;
    let left = connect_to(&world, 2, "left").await;
    connect_to(&world, 3, "left").await;
    disconnect(&world, 2, &left).await;
    // One that has ended, and one whose disconnect Finch does not answer.
    let ended = connect_to(&world, ACME, "ended").await;
    disconnect(&world, ACME, &ended).await;
    let ending = connect_to(&world, ACME, "ending").await;
    connect_to(&world, ACME, "ending").await;
    disconnect_in_vain(&world, ACME, &ending, away).await;
    Story { world, path, _folder: folder }
}

async fn allowed(story: &Story) -> Allowed {
    let mut allowed = Allowed::new();
    for connection in finch_testkit::connections(&*story.world.store, None).await.unwrap() {
        for named in &connection.tokens {
            let Some(customer) = &named.customer else { continue };
            let name = (customer.clone(), named.facts.connection_id.clone());
            let of_it = allowed.entry(name).or_default();
            let own = connection.tokens.iter().filter(|t| t.customer.as_ref() == Some(customer));
            for token in own.filter(|t| t.state == TokenState::Active) {
                let secret = secret(&*story.world.store, token).await.expect("a secret");
                of_it.insert(secret.expose().to_owned());
            }
        }
    }
    allowed
}

fn open(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

/// A copy of the store with this edit; none: the schema refuses it.
fn edited(
    story: &Story,
    edit: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<()>,
) -> Option<PathBuf> {
    let copy = story.path.with_file_name("edited.db");
    for file in ["edited.db", "edited.db-wal", "edited.db-shm"] {
        let _ = std::fs::remove_file(copy.with_file_name(file));
    }
    open(&story.path).execute("VACUUM INTO ?1", [copy.to_str()]).unwrap();
    std::fs::set_permissions(&copy, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let db = open(&copy);
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    edit(&db).ok().map(|()| copy)
}

/// Uses an edited store in every way, and checks both promises. Returns whether `verify` names the edit.
async fn check(story: &Story, allowed: &Allowed, copy: &Path, what: &str) -> bool {
    let store = match SqliteTokenStore::open(SqliteOptions::new(copy, application())) {
        Ok(store) => Arc::new(store),
        Err(_) => return true,
    };
    let finch = Arc::new(story.world.finch.copy());
    let system = story.world.system.clone();
    let builder = Finch::builder(finch.clone(), store.clone(), keys()).system(system);
    let Ok(app) = builder.open().await else { return true };
    let file = store.verify(|_, _| {}).await;
    let verified = app.verify(&operator(), |_| {}).await;
    let named = !file.is_ok_and(|damage| damage.is_empty())
        || !verified.is_ok_and(|found| found.is_sound());
    check_uses(&app, allowed, what).await;
    // Finch accepts every token, and answers no disconnect: nothing may end that had not.
    (0..100).for_each(|_| finch.fail_next(away()));
    let _ = app.reconcile(&operator(), Pass::Everything).await;
    finch.recover();
    check_uses(&app, allowed, what).await;
    // Finch answers again, and accepts what lives: that brings nothing into use.
    let _ = app.reconcile(&operator(), Pass::Everything).await;
    check_uses(&app, allowed, what).await;
    drop(app);
    check_secrets(story, &finch, what).await;
    named
}

async fn check_uses(app: &Finch, allowed: &Allowed, what: &str) {
    let customers: BTreeSet<_> = allowed.keys().map(|(customer, _)| customer).collect();
    let names: BTreeSet<_> = allowed.keys().map(|(_, name)| name).collect();
    for customer in customers {
        for name in &names {
            let scope = CustomerScope::new(customer.clone());
            let Ok(token) = app.access_token(&scope, name, &[]).await else { continue };
            let known = allowed.get(&(customer.clone(), (*name).clone()));
            let was = known.is_some_and(|known| known.contains(token.secret.expose()));
            assert!(was, "{what}: {customer} gets {name}, and did not before");
        }
    }
}

/// A secret that an open disconnect needs is still there, while its token lives at Finch.
async fn check_secrets(story: &Story, finch: &FakeFinch, what: &str) {
    for (token, secret) in pending(story).await {
        if !finch.accepts(&secret) {
            continue;
        }
        let db = open(&story.path.with_file_name("edited.db"));
        let sql = "SELECT count(*) FROM secrets WHERE token = ?1 AND epoch > x'00000000'";
        let left: i64 = db.query_row(sql, [token], |row| row.get(0)).unwrap();
        assert!(left == 1 || what.contains("secrets."), "{what}: a live token's secret was wiped");
    }
}

/// The tokens of the open disconnect, by number, with their secrets.
async fn pending(story: &Story) -> Vec<(i64, AccessToken)> {
    let mut pending = Vec::new();
    for connection in finch_testkit::connections(&*story.world.store, None).await.unwrap() {
        for token in connection.tokens.iter().filter(|t| t.state == TokenState::Fenced) {
            let secret = secret(&*story.world.store, token).await.expect("a secret");
            pending.push((i64::try_from(token.id.0.0).unwrap(), secret));
        }
    }
    assert!(!pending.is_empty());
    pending
}

#[rustfmt::skip]
const TABLES: [&str; 8] =
    ["store", "connections", "tokens", "secrets", "disconnects", "retirements", "events", "attempts"];

/// A value that an editor can change: how it is read, and how `?2` takes its place.
struct Cell {
    name: String,
    read: String,
    write: String,
}

/// The columns of a table, and each value in its rows of JSON.
fn cells(db: &rusqlite::Connection, table: &str) -> Vec<Cell> {
    let named = |sql: &str| {
        let mut statement = db.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        names.collect::<rusqlite::Result<Vec<_>>>().unwrap()
    };
    let columns = named(&format!("SELECT name FROM pragma_table_info('{table}')"));
    let paths = match columns.iter().any(|name| name == "row") {
        true => named(&format!(
            "SELECT DISTINCT fullkey FROM {table}, json_tree(row) WHERE atom IS NOT NULL"
        )),
        false => Vec::new(),
    };
    let column = |name: String| (name.clone(), format!("{name} = ?2"), name);
    let path = |name: String| {
        (format!("row -> '{name}'"), format!("row = json_set(row, '{name}', json(?2))"), name)
    };
    let cells = columns.into_iter().map(column).chain(paths.into_iter().map(path));
    cells.map(|(read, write, name)| Cell { name, read, write }).collect()
}

/// What names a row of this table.
fn key(table: &str) -> &'static str {
    if table == "events" { "number * 1000 + place" } else { "rowid" }
}

fn rows(db: &rusqlite::Connection, table: &str) -> Vec<i64> {
    let key = key(table);
    let mut statement = db.prepare(&format!("SELECT {key} FROM {table} ORDER BY 1")).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn value(db: &rusqlite::Connection, table: &str, cell: &Cell, row: i64) -> Value {
    let sql = format!("SELECT {} FROM {table} WHERE {} = ?1", cell.read, key(table));
    db.query_row(&sql, [row], |row| row.get(0)).unwrap()
}

/// Every cell takes the value of every other row in its column.
#[tokio::test]
async fn an_edited_cell_hands_nothing_out_and_ends_nothing() {
    let story = story().await;
    let allowed = allowed(&story).await;
    let db = open(&story.path);
    let (mut tried, mut unseen) = (0, BTreeMap::<String, usize>::new());
    for table in TABLES {
        for cell in cells(&db, table) {
            let rows = rows(&db, table);
            let values: Vec<_> =
                rows.iter().map(|row| (*row, value(&db, table, &cell, *row))).collect();
            // Of what is in JSON there is much: two rows of each, and one other value.
            let (tries, most) = if cell.name.starts_with('$') { (2, 1) } else { (usize::MAX, 4) };
            for (row, was) in values.iter().take(tries) {
                let mut others: Vec<&Value> = Vec::new();
                for (_, other) in values.iter().filter(|(_, other)| other != was) {
                    if !others.contains(&other) {
                        others.push(other);
                    }
                }
                for other in others.into_iter().take(most) {
                    let (write, key) = (&cell.write, key(table));
                    let sql = format!("UPDATE {table} SET {write} WHERE {key} = ?1");
                    let copy = edited(&story, |db| {
                        db.execute(&sql, rusqlite::params![row, other]).map(drop)
                    });
                    let Some(copy) = copy else { continue };
                    let what = format!("{table}.{} of row {row} is {other:?}", cell.name);
                    tried += 1;
                    if !check(&story, &allowed, &copy, &what).await {
                        *unseen.entry(format!("{table}.{}", cell.name)).or_default() += 1;
                    }
                }
            }
        }
    }
    assert!(tried > 100, "{tried} edits, of which verify does not see {unseen:?}");
}

/// Every row is deleted.
#[tokio::test]
async fn a_deleted_row_hands_nothing_out_and_ends_nothing() {
    let story = story().await;
    let allowed = allowed(&story).await;
    let db = open(&story.path);
    let mut unseen = BTreeMap::<&str, usize>::new();
    for table in TABLES {
        for row in rows(&db, table) {
            let sql = format!("DELETE FROM {table} WHERE {} = ?1", key(table));
            let Some(copy) = edited(&story, |db| db.execute(&sql, [row]).map(drop)) else {
                continue;
            };
            if !check(&story, &allowed, &copy, &format!("{table}. row {row} is deleted")).await {
                *unseen.entry(table).or_default() += 1;
            }
        }
    }
    assert!(unseen.len() < TABLES.len(), "verify sees nothing: {unseen:?}");
}

/// A row takes the state of a token in use, whatever it was.
#[tokio::test]
async fn a_row_that_was_edited_hands_nothing_out() {
    let story = story().await;
    let allowed = allowed(&story).await;
    for state in ["active", "unverified", "fenced", "retired", "superseded", "quarantined"] {
        let sql = format!(
            "UPDATE tokens SET row = json_set(row, '$.state.state', '{state}') WHERE state <> 'revoked'"
        );
        let copy = edited(&story, |db| db.execute(&sql, []).map(drop)).expect("an edit");
        let seen = check(&story, &allowed, &copy, &format!("every token is {state}")).await;
        assert!(seen, "verify sees blobs that do not open as their rows say");
    }
}

/// A refusal that Finch never gave is written beside a token of a disconnect that goes on.
#[tokio::test]
async fn a_refusal_that_was_written_by_hand_ends_nothing() {
    let story = story().await;
    let allowed = allowed(&story).await;
    let sql = "UPDATE tokens SET row = json_set(row, '$.progress.refused', \
        json_object('at', '2026-01-01T00:00:00Z', 'request_id', NULL)) WHERE state = 'fenced'";
    let copy = edited(&story, |db| {
        assert_eq!(db.execute(sql, [])?, 2);
        Ok(())
    });
    let seen =
        check(&story, &allowed, &copy.expect("an edit"), "every fenced one is refused").await;
    assert!(seen, "verify sees blobs that do not open as their rows say");
}

/// A store of its own is copied over, table by table, from another store of the same application.
#[tokio::test]
async fn rows_of_another_store_hand_nothing_out() {
    let (story, other) = (story().await, story().await);
    let allowed = allowed(&story).await;
    for table in ["connections", "tokens", "secrets", "disconnects"] {
        let copy = edited(&story, |db| {
            db.execute("ATTACH ?1 AS other", [other.path.to_str()])?;
            db.execute(&format!("DELETE FROM {table}"), [])?;
            let columns = "SELECT group_concat(name) FROM pragma_table_info(?1)";
            let columns: String = db.query_row(columns, [table], |row| row.get(0))?;
            let copy =
                format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM other.{table}");
            db.execute(&copy, []).map(drop)
        });
        let copy = copy.expect("an edit");
        check(&story, &allowed, &copy, &format!("secrets. {table} is another store's")).await;
    }
}

#[tokio::test]
async fn verification_finds_secrets_and_events_that_are_not_what_was_written() {
    let story = story().await;
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'events_are_kept'";
    let trigger = open(&story.path).query_row(trigger, [], |row| row.get::<_, String>(0)).unwrap();
    let newest = format!(
        "DROP TRIGGER events_are_kept;
         DELETE FROM events WHERE number = (SELECT max(number) FROM events);
         {trigger}"
    );
    let swapped = "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE token =
        (SELECT max(token) FROM secrets)) WHERE token = (SELECT min(token) FROM secrets)";
    for (edit, unreadable, broken) in [("", 0, 0), (swapped, 1, 0), (&newest, 0, 1)] {
        let copy = edited(&story, |db| db.execute_batch(edit)).expect("an edit");
        let store = sqlite(&copy, application());
        let app = open_finch(story.world.finch.clone(), store, story.world.system.clone()).await;
        let found = app.verify(&operator(), |_| {}).await.unwrap();
        assert_eq!((found.unreadable.len(), found.broken_records.len()), (unreadable, broken));
        assert_eq!(found.is_sound(), edit.is_empty());
    }
}
