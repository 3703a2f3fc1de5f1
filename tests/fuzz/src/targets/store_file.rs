//! A store's file with wrong bytes in it: it is refused, or it works, or a call says what is wrong;
//! and a secret comes out only for its own customer.

use std::{
    cell::RefCell,
    error::Error,
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use finch_app::{ConnectRequest, DisconnectOutcome, EventFilter, Finch, Flow, Pass};
use finch_core::{ConnectionId, CustomerScope, Product};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{FakeFinch, Reach, application, chain};
use finch_tests::{Step, TestSystem, World, customer, folder, keys, operator};

use crate::{Target, canary::hidden, note};

pub(crate) const TARGET: Target = Target {
    name: "store_file",
    run: store_file,
    reaches: "store: opened; store: refused; store: read; store: a read refused; \
        store: written; store: a secret",
};

struct Template {
    database: Vec<u8>,
    journal: Vec<u8>,
    finch: FakeFinch,
    /// Each customer with each of its tokens: the token's connection, and its secret.
    tokens: Vec<(CustomerScope, ConnectionId, String)>,
}

/// A small store: tokens of three customers, one connection fenced, one exchange lost.
static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let folder = folder();
    let path = folder.path().join("finch.db");
    let store = SqliteTokenStore::open(SqliteOptions { create: true, ..options(&path) }).unwrap();
    let (finch, tokens) = runtime().block_on(async {
        let world = World::new(Reach::Pair, Arc::new(store)).await;
        for n in 0..9 {
            world.step(Step::Connect([n % 3, 0, n / 2, n])).await;
        }
        let records = world.records().await.into_iter();
        let own = |token: finch_core::Token| Some((token.customer?, token.facts.connection_id));
        let tokens = records.filter_map(|(secret, record)| {
            let (customer, id) = own(record?)?;
            Some((CustomerScope::new(customer), id, secret.expose().to_owned()))
        });
        let tokens = tokens.collect();
        for _ in 0..50 {
            world.step(Step::FailNext(0)).await;
        }
        world.step(Step::DisconnectForEveryone(1)).await;
        let finch = world.finch.copy();
        world.finch.recover();
        world.step(Step::ConnectAndLoseTheAnswer([1, 1, 1, 0])).await;
        (finch, tokens)
    });
    let database = fs::read(&path).unwrap();
    let journal = fs::read(path.with_extension("db-wal")).unwrap_or_default();
    Template { database, journal, finch, tokens }
});

fn options(path: &Path) -> SqliteOptions {
    let busy_timeout = Duration::from_millis(100);
    SqliteOptions { busy_timeout, ..SqliteOptions::new(path, application()) }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

thread_local! {
    static HERE: RefCell<Option<(tempfile::TempDir, u64)>> = const { RefCell::new(None) };
}

/// A path where nothing has been before: SQLite knows files that are open by their place.
fn fresh() -> PathBuf {
    HERE.with_borrow_mut(|here| {
        let (folder, count) = here.get_or_insert_with(|| (folder(), 0));
        *count += 1;
        let path = folder.path().join(count.to_string());
        fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        path
    })
}

/// Edits of a store's file, one a line: `x offset bits`, `t length`, `z offset length`, `c from to
/// length`; after `j` of its journal, and `d` does without that one. Or `!` and a whole file.
fn store_file(data: &[u8]) {
    let template = &*TEMPLATE;
    let mut files = [template.database.clone(), template.journal.clone()];
    match data.strip_prefix(b"!") {
        Some(whole) => files = [whole.to_vec(), Vec::new()],
        None => edit(&mut files, &String::from_utf8_lossy(data)),
    }
    let folder = fresh();
    for (name, bytes) in ["finch.db", "finch.db-wal"].into_iter().zip(files) {
        let path = folder.join(name);
        if name == "finch.db" || !bytes.is_empty() {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    match SqliteTokenStore::open(options(&folder.join("finch.db"))) {
        Ok(store) => {
            note("store: opened");
            runtime().block_on(use_it(store, template));
        }
        Err(error) => {
            shows_nothing(&error);
            note("store: refused");
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}

fn edit(files: &mut [Vec<u8>; 2], script: &str) {
    let mut which = 0;
    for line in script.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let file = &mut files[which];
        let length = file.len().max(1);
        let number = |at: usize| words.get(at).and_then(|w| w.parse::<usize>().ok()).unwrap_or(1);
        let bits = || words.get(2).and_then(|word| u8::from_str_radix(word, 16).ok()).unwrap_or(1);
        let place = |at| number(at) % length;
        match words.first().copied() {
            Some("x") => file.iter_mut().skip(place(1)).take(1).for_each(|byte| *byte ^= bits()),
            Some("t") => file.truncate(number(1)),
            Some("z") => {
                file.iter_mut().skip(place(1)).take(number(2)).for_each(|byte| *byte = 0);
            }
            Some("c") => {
                let part: Vec<u8> = file.iter().skip(place(1)).take(number(3)).copied().collect();
                let there = file.iter_mut().skip(place(2));
                there.zip(part).for_each(|(byte, new)| *byte = new);
            }
            Some("j") => which = 1,
            Some("d") => files[1].clear(),
            _ => {}
        }
    }
}

fn shows_nothing(error: &(impl Error + 'static)) {
    let secrets: Vec<&str> = TEMPLATE.tokens.iter().map(|(.., secret)| secret.as_str()).collect();
    hidden(&chain(error), &secrets);
}

/// What a call came to: its errors are typed, and show nothing.
fn seen<T>(result: Result<T, impl Error + 'static>) -> Option<T> {
    match result {
        Ok(value) => {
            note("store: read");
            Some(value)
        }
        Err(error) => {
            shows_nothing(&error);
            note("store: a read refused");
            None
        }
    }
}

/// Everything that an application asks a store, and then some changes.
async fn use_it(store: SqliteTokenStore, template: &Template) {
    let (finch, system) = (Arc::new(template.finch.copy()), Arc::new(TestSystem::default()));
    system.pass(Duration::from_secs(3600));
    let app = Finch::builder(finch, Arc::new(store), keys()).system(system);
    let Some(app) = seen(app.open().await) else { return };
    for (customer, id, _) in &template.tokens {
        if let Some(token) = seen(app.access_token(customer, id, &[]).await) {
            let secret = token.secret.expose();
            let mut own = template.tokens.iter().filter(|(of, ..)| of.id() == customer.id());
            assert!(own.any(|(.., known)| known == secret), "another customer's token");
            note("store: a secret");
        }
        seen(app.connection(customer, id).await);
    }
    let operator = operator();
    seen(app.verify(&operator, |_| ()).await);
    seen(app.connections(&operator).all().await);
    seen(app.attention(&operator).all().await);
    seen(app.possible_orphans(&operator).all().await);
    seen(app.events(&operator, EventFilter::default()).all().await);
    seen(app.reconcile(&operator, Pass::Everything).await);
    let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
    if seen(app.begin_connect(&customer(0), request).await).is_some() {
        note("store: written");
    }
    for (customer, id, _) in &template.tokens {
        let outcome = seen(app.disconnect(customer, id.clone()).await);
        if let Some(DisconnectOutcome::Disconnected { .. }) = outcome {
            let token = app.access_token(customer, id, &[]).await;
            assert!(token.is_err(), "a disconnected token is handed out");
        }
    }
}
