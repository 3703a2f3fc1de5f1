//! I12 secrecy: a whole life over real HTTP and real SQLite, with everything switched on that prints or
//! writes; then every secret of it is looked for, in every disguise.

use std::{cell::RefCell, error::Error, fmt::Debug, fs, path::Path, sync::Arc, time::Duration};

use finch_app::{
    AccessToken, AuditOptions, AuthorizationCode, ClientSecret, ConnectRequest, EventFilter, Finch,
    FinchOptions, Flow, HttpFinch, HttpFinchConfig, ImportRequest, Kek, Pace, Pass, Product,
    SqliteOptions, SqliteTokenStore, State,
};
use finch_core::TokenStore as _;
use finch_emulator::{Emulator, Fault, Login};
use finch_testkit::{EveryLine, disguises};
use finch_tests::{customer, folder, operator};

thread_local! {
    static PRINTED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What crates print that know of no `tracing`.
struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        print(&format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

fn print(text: &str) {
    PRINTED.with_borrow_mut(|printed| {
        printed.push_str(text);
        printed.push('\n');
    });
}

/// As a careless host would: with everything below it.
fn print_error(error: &(dyn Error + 'static)) {
    print(&format!("{error:?} {error:#?} {error}"));
    if let Some(source) = error.source() {
        print_error(source);
    }
}

/// What was answered, printed; and what there is of it.
fn printed<T: Debug, E: Error + 'static>(answer: Result<T, E>) -> Option<T> {
    print(&format!("{answer:?}"));
    answer.inspect_err(|error| print_error(error)).ok()
}

struct Life {
    emulator: Emulator,
    http: HttpFinchConfig,
    finch: Finch,
    store: Arc<SqliteTokenStore>,
    secrets: Vec<String>,
}

impl Life {
    async fn begin(folder: &Path) -> Self {
        let emulator = Emulator::start().await.unwrap();
        let secret = ClientSecret::new(emulator.client_secret());
        let mut http = HttpFinchConfig::new(emulator.client_id().parse().unwrap(), secret);
        http.base_url = emulator.url().to_owned();
        http.backoff.first = Duration::ZERO;
        print(&format!("{http:?}"));
        let client = HttpFinch::new(http.clone()).unwrap();
        print(&format!("{client:?}"));
        let application = finch_core::FinchApi::application(&client).clone();
        let options = SqliteOptions::new(folder.join("finch.db"), application);
        print(&format!("{options:?}"));
        let store =
            Arc::new(SqliteTokenStore::open(SqliteOptions { create: true, ..options }).unwrap());
        let options = FinchOptions {
            disconnect_patience: Duration::ZERO,
            reconcile_interval: Duration::ZERO,
            ..FinchOptions::default()
        };
        let builder = Finch::builder(Arc::new(client), store.clone(), Self::key()).options(options);
        print(&format!("{builder:?}"));
        let finch = builder.open().await.unwrap();
        print(&format!("{finch:?} {store:?}"));
        let secrets = vec![emulator.client_secret().to_owned(), "5a".repeat(32), "Z".repeat(32)];
        Self { emulator, http, finch, store, secrets }
    }

    fn key() -> Arc<Kek> {
        let key = Kek::parse(&"5a".repeat(32)).unwrap();
        print(&format!("{key:?}"));
        Arc::new(key)
    }

    /// Brings in what Finch has issued, and what it has not; then asks about all of it.
    async fn move_in_and_compare(&mut self) {
        let pace = Pace::of(Duration::ZERO);
        let mut tokens: Vec<_> =
            self.emulator.issued_tokens().into_iter().map(|token| token.secret).collect();
        tokens.push("CANARY-of-another-application".to_owned());
        self.secrets.extend(tokens.last().cloned());
        for token in tokens {
            let customer = customer(0).id().clone();
            let token = AccessToken::new(token);
            let import = ImportRequest { token, customer, connection_id: None };
            print(&format!("{import:?}"));
            printed(self.finch.import(&operator(), &import, pace).await);
        }
        self.emulator.push_fault(Fault::on("/introspect").garbage());
        let mut audit = printed(
            self.finch.begin_audit(&operator(), AuditOptions { unused_days: 0, fix: true }).await,
        )
        .unwrap();
        while printed(self.finch.audit_next(&operator(), &mut audit, pace).await) == Some(true) {}
        print(&format!("{audit:?} {}", serde_json::to_string(&audit).unwrap()));
    }

    async fn back_up_and_restore(&self, folder: &Path) {
        let backup = folder.join("backup");
        printed(self.store.backup(&backup, |_, _| {}).await).unwrap();
        let application = self.store.binding().application.clone();
        let options = SqliteOptions::new(folder.join("restored.db"), application);
        let restoring = printed(finch_sqlite::restore(&backup, &options, |_, _| {})).unwrap();
        let store = Arc::new(printed(restoring.store()).unwrap());
        let api = HttpFinch::new(self.http.clone()).unwrap();
        let finch =
            printed(Finch::builder(Arc::new(api), store, Self::key()).open().await).unwrap();
        printed(finch.doubt_all(&operator()).await).unwrap();
        drop(finch);
        printed(restoring.finish()).unwrap();
        let again = printed(finch_sqlite::restore(&backup, &options, |_, _| {}));
        assert!(again.is_none(), "it is there already");
    }

    async fn connect(&mut self, who: u8, company: &str) -> Option<finch_app::CompletedConnect> {
        let who = customer(who);
        let products = vec![Product::Company, Product::Directory];
        let request = ConnectRequest::new("Acme", products, Flow::Embedded);
        let begun = printed(self.finch.begin_connect(&who, request).await)?;
        let at_finch = begun.finch_customer_id.as_ref().unwrap().as_str();
        let login = Login::new("User A", "Gusto", company, "X").customer_id(at_finch);
        let code = self.emulator.issue_code(login);
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: looked for in everything printed")]
        let state = begun.state.expose().to_owned();
        self.secrets.extend([code.clone(), state.clone()]);
        let (state, code) = (State::new(state), AuthorizationCode::new(code));
        printed(self.finch.complete_connect(&who, state, code).await)
    }
}

// On one thread, so that everything printed is this life's.
#[tokio::test]
async fn no_secret_of_a_whole_life_is_printed_or_written() {
    // With one subscriber alone, a place that another test's thread reaches first stays silent for good.
    let everything = EveryLine(|line| print(&line));
    let _another = tracing::Dispatch::new(everything);
    let _heard = tracing::subscriber::set_default(everything);
    log::set_logger(&Log).expect("no other log");
    log::set_max_level(log::LevelFilter::Trace);
    let folder = folder();
    let mut life = Life::begin(folder.path()).await;
    let connected = life.connect(0, "Company C").await.unwrap();
    life.connect(1, "Company C").await;
    life.connect(0, "Company D").await;
    life.emulator.push_fault(Fault::on("/auth/token").drop_after_effect());
    life.connect(0, "Company E").await;
    life.emulator.push_fault(Fault::on("/auth/token").status(500));
    life.connect(0, "Company F").await;
    life.emulator.push_fault(Fault::on("/auth/token").garbage());
    life.connect(0, "Company G").await;
    let (finch, id) = (life.finch.clone(), &connected.connection_id);
    let token = printed(finch.access_token(&customer(0), id, &[]).await).unwrap();
    printed(finch.access_token(&customer(2), id, &[]).await);
    for fault in [Fault::on("/introspect").status(500), Fault::on("/introspect").garbage()] {
        life.emulator.push_fault(fault);
        printed(finch.report_unauthorized(&customer(0), &token.secret).await);
    }
    printed(finch.rotate(&operator(), |_| {}).await);
    printed(finch.key_status(&operator()).await);
    life.move_in_and_compare().await;
    life.back_up_and_restore(folder.path()).await;
    for fault in [
        Fault::on("/disconnect").drop_after_effect(),
        Fault::on("/disconnect").garbage(),
        Fault::on("/disconnect").status(403),
    ] {
        life.emulator.push_fault(fault);
        printed(finch.plan_disconnect(&operator(), id.clone()).await);
        printed(finch.disconnect(&customer(0), id.clone()).await);
        printed(finch.reconcile(&operator(), Pass::Everything).await);
    }
    for who in 0..3 {
        printed(finch.connections(&customer(who)).page(None, 100).await);
        printed(finch.possible_orphans(&customer(who)).page(None, 100).await);
        printed(finch.events(&customer(who), EventFilter::default()).page(None, 100).await);
    }
    printed(finch.attention(&operator()).page(None, 100).await);
    printed(finch.events(&operator(), EventFilter::default()).page(None, 1000).await);
    printed(life.store.verify(|_, _| {}).await);
    printed(finch.verify(&operator(), |_| {}).await);
    let tokens = life.emulator.issued_tokens();
    assert!(tokens.len() >= 4, "{}", tokens.len());
    life.secrets.extend(tokens.iter().map(|token| token.secret.clone()));
    let printed = PRINTED.take();
    for heard in ["hyper_util", "finch_http", id.as_str()] {
        assert!(printed.contains(heard), "{heard} is not heard");
    }
    let mut places = vec![("printed".to_owned(), printed.into_bytes())];
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        places.push((path.display().to_string(), fs::read(&path).unwrap()));
    }
    assert!(places.len() >= 5, "printed, three databases, and a log");
    for secret in &life.secrets {
        for disguise in disguises(secret) {
            for (place, content) in &places {
                let found = memchr::memmem::find(content, &disguise);
                let about =
                    found.map(|at| String::from_utf8_lossy(&content[at.saturating_sub(80)..at]));
                assert!(found.is_none(), "{secret} in {place}, after {about:?}");
            }
        }
    }
}
