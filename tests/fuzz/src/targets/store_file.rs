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

use finch_app::Finch;
use finch_core::{
    Actor, CompanyId, Connection, ConnectionFilter, CustomerId, CustomerScope, Draft, EventQuery,
    Fingerprint, Intent, Reseal, SecretRow, Selector, StoreError, Timestamp, TokenId, TokenStore,
    decide,
};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{FakeFinch, Reach, application, at, facts, grant, new_attempt};
use finch_tests::{StoreKeys, TestSystem, folder, keys, open_finch, operator, store_token};

use crate::{
    Target,
    canary::{chain, hidden},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "store_file",
    run: store_file,
    reaches: "store: opened; store: refused; store: read; store: a read refused; \
        store: written; store: a secret",
};

const CUSTOMERS: [&str; 3] = ["acme", "globex", "initech"];

struct Template {
    database: Vec<u8>,
    journal: Vec<u8>,
}

/// A small store: tokens of three customers, used today, one fenced, one lost exchange.
static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let folder = folder();
    let path = folder.path().join("finch.db");
    let store = Arc::new(SqliteTokenStore::open(options(&path).create(true)).unwrap());
    runtime().block_on(async {
        for (number, customer) in CUSTOMERS.iter().cycle().take(9).enumerate() {
            let what = facts(&format!("k{}", number / 2), "gusto", &format!("c{}", number / 2));
            store_token(store.clone(), customer, grant(&secret(customer, number), what)).await;
        }
        let finch = open_finch(finch_api(), store.clone(), Arc::default()).await;
        for (customer, id) in asked() {
            finch.access_token(&customer, &id.parse().unwrap(), &[]).await.unwrap();
        }
        fence(&store, "k1").await;
        store.open_attempt(new_attempt("acme"), &Fingerprint([1; 32])).await.unwrap();
    });
    let mut journal = path.clone().into_os_string();
    journal.push("-wal");
    let (database, journal) = (fs::read(&path).unwrap(), fs::read(journal).unwrap_or_default());
    Template { database, journal }
});

fn secret(customer: &str, number: usize) -> String {
    format!("qzCanaryOf{customer}Number{number}")
}

/// Each customer with each of its connections.
fn asked() -> impl Iterator<Item = (CustomerScope, String)> {
    let numbered = CUSTOMERS.iter().cycle().take(9).enumerate();
    numbered.map(|(number, customer)| {
        (CustomerScope::new(customer.parse().unwrap()), format!("k{}", number / 2))
    })
}

fn finch_api() -> Arc<FakeFinch> {
    Arc::new(FakeFinch::new(application(), Reach::Pair))
}

/// Fences a connection as the application does.
async fn fence(store: &SqliteTokenStore, id: &str) {
    let keyring = store.keyring().await.unwrap().unwrap();
    let keys = StoreKeys::open(store.binding(), &keyring).await.unwrap();
    let mut draft = Draft::of(by_id(store, id).await.unwrap().unwrap());
    decide::fence(&mut draft, Intent { by: Actor::Finch, reason: None, at: at(5) });
    let reseals = draft.reseals();
    let mut commit = draft.finish().unwrap();
    for Reseal { token, was } in reseals {
        let sealed = store.sealed(token.id).await.unwrap().unwrap();
        let secret = keys.secret(&token, was.unwrap(), &sealed).unwrap();
        let sealed = keys.seal(&token, token.sealed_as(), secret.expose()).unwrap();
        commit.secrets.push(SecretRow { token: token.id, sealed: Some(sealed) });
    }
    store.commit(commit).await.unwrap();
}

fn options(path: &Path) -> SqliteOptions {
    SqliteOptions::new(path, application()).busy_timeout(Duration::from_millis(100))
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
/// length`, `w offset hex`; after `j` of its journal, and `d` does without that one. Or `!` and a
/// whole file.
fn store_file(data: &[u8]) {
    let template = &*TEMPLATE;
    let (mut database, mut journal) = (template.database.clone(), template.journal.clone());
    match data.strip_prefix(b"!") {
        Some(whole) => (database, journal) = (whole.to_vec(), Vec::new()),
        None => edit(&mut database, &mut journal, &String::from_utf8_lossy(data)),
    }
    let folder = fresh();
    let path = folder.join("finch.db");
    write(&path, &database);
    if !journal.is_empty() {
        write(&folder.join("finch.db-wal"), &journal);
    }
    match SqliteTokenStore::open(options(&path)) {
        Ok(store) => {
            note("store: opened");
            let store = Arc::new(store);
            runtime().block_on(async {
                use_it(store.clone()).await;
                walk(&store).await;
                change(&store).await;
            });
        }
        Err(error) => {
            hidden(&chain(&error), &["qzCanaryOf"]);
            note("store: refused");
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn edit(database: &mut Vec<u8>, journal: &mut Vec<u8>, script: &str) {
    let mut file = &mut *database;
    let mut journal = Some(journal);
    for line in script.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let length = file.len();
        let number = |at: usize| words.get(at).and_then(|w| w.parse::<usize>().ok());
        let place = |at| number(at).unwrap_or(0) % length.max(1);
        let room = |from: usize, at| number(at).unwrap_or(1).min(length - from.min(length));
        match words.first() {
            Some(&"x") => {
                let bits = words.get(2).and_then(|b| u8::from_str_radix(b, 16).ok()).unwrap_or(1);
                if let Some(byte) = file.get_mut(place(1)) {
                    *byte ^= bits;
                }
            }
            Some(&"t") => file.truncate(number(1).unwrap_or(0)),
            Some(&"z") => file[place(1)..][..room(place(1), 2)].fill(0),
            Some(&"c") => {
                let (from, to) = (place(1), place(2));
                let size = room(from.max(to), 3);
                file.copy_within(from..from + size, to);
            }
            Some(&"w") => {
                let digits = words.get(2).copied().unwrap_or_default().as_bytes();
                let pairs = digits.chunks_exact(2).map(|pair| {
                    std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok())
                });
                let at = place(1);
                for (byte, new) in file.iter_mut().skip(at).zip(pairs) {
                    *byte = new.unwrap_or(0);
                }
            }
            Some(&"j") => {
                if let Some(next) = journal.take() {
                    file = next;
                }
            }
            Some(&"d") => {
                if let Some(journal) = journal.as_deref_mut() {
                    journal.clear();
                }
            }
            _ => {}
        }
    }
}

/// What a call came to: its errors are typed, and show nothing.
fn seen<T>(result: Result<T, impl Error + 'static>) -> Option<T> {
    match result {
        Ok(value) => {
            note("store: read");
            Some(value)
        }
        Err(error) => {
            hidden(&chain(&error), &["qzCanaryOf"]);
            note("store: a read refused");
            None
        }
    }
}

async fn by_id(store: &dyn TokenStore, id: &str) -> Result<Option<Connection>, StoreError> {
    store.load(Selector::ConnectionId(&id.parse().unwrap()), None).await
}

const ALL: EventQuery<'static> =
    EventQuery { customer: None, connection: None, since: None, after: None, limit: 1000 };

/// The application over it.
async fn use_it(store: Arc<SqliteTokenStore>) {
    // By the clock of the template, so that no use needs to be noted.
    let finch = Finch::builder(finch_api(), store, keys()).system(Arc::new(TestSystem::default()));
    let Some(finch) = seen(finch.open().await) else { return };
    for (customer, id) in asked() {
        let token = finch.access_token(&customer, &id.parse().unwrap(), &[]).await;
        if let Some(token) = seen(token) {
            let start = format!("qzCanaryOf{}Number", customer.id());
            assert!(token.secret.expose().starts_with(&start), "another customer's token");
            note("store: a secret");
        }
    }
    seen(finch.verify(&operator(), |_| ()).await);
}

/// Everything else that a store can be asked.
async fn walk(store: &SqliteTokenStore) {
    let all = store.connections(&ConnectionFilter::All, None, 1000).await;
    for key in seen(all).into_iter().flatten() {
        let Some(connection) = seen(store.load(Selector::Key(key), None).await).flatten() else {
            continue;
        };
        let query = EventQuery { connection: connection.handle(None), ..ALL };
        seen(store.events(&query).await);
        for token in &connection.tokens {
            seen(store.sealed(token.id).await);
            seen(store.load(Selector::Fingerprint(&token.fingerprint), None).await);
        }
    }
    for (customer, id) in asked() {
        let id = id.parse().unwrap();
        seen(store.load(Selector::ConnectionId(&id), Some(customer.id())).await);
    }
    seen(store.sealed(TokenId(finch_core::Seq(u64::MAX))).await);
    let customer = CustomerId::new("customer-0").unwrap();
    let company = CompanyId::new("c").unwrap();
    for filter in [
        ConnectionFilter::Customer(&customer),
        ConnectionFilter::Company(&company),
        ConnectionFilter::Due(None),
        ConnectionFilter::Question(None),
        ConnectionFilter::Attention,
        ConnectionFilter::SealedBefore(u32::MAX),
    ] {
        seen(store.connections(&filter, None, 100).await);
    }
    seen(store.possible_orphans(None, Timestamp::MAX, None, 100).await);
}

/// A few things to write into a store.
async fn change(store: &SqliteTokenStore) {
    let (state, code) = (Fingerprint([2; 32]), Fingerprint([3; 32]));
    if seen(store.open_attempt(new_attempt("acme"), &state).await).is_some() {
        seen(store.claim_attempt(None, &state, &code, at(9)).await);
        note("store: written");
    }
    if let Some(Some(connection)) = seen(by_id(store, "k2").await) {
        let intent = Intent { by: Actor::Finch, reason: None, at: at(9) };
        let mut draft = Draft::of(connection);
        decide::fence(&mut draft, intent);
        let Some(commit) = draft.finish() else { return };
        if seen(store.commit(commit).await).is_some()
            && let Some(Some(after)) = seen(by_id(store, "k2").await)
        {
            assert!(after.open_disconnect().is_some(), "what was written is there");
        }
    }
}
