//! A real client, a breaking network, and Finch.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use finch_app::{
    AuthorizationCode, BegunConnect, ClientSecret, CompleteConnectError, CompletedConnect,
    ConnectRequest, CustomerScope, Finch, Flow, HttpFinch, HttpFinchConfig, Pass, Product,
};
use finch_core::{AccessToken, ConnectionId, CustomerId, FinchApi, State, Token, TokenState};
use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig, IssuedToken, Login};
use finch_testkit::MemoryTokenStore;
use finch_tests::{Passed, Proxy, StoreDebug, TestSystem, open_finch, operator, secret};
use tempfile::TempDir;

/// How many people share a world before a new one is made, so that none grows slow.
pub(super) const PEOPLE: usize = 100;

/// A host's clients are patient here, and hasty where a network that stays silent is to be tested.
const PATIENT: Duration = Duration::from_secs(60);
const HASTY: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    InMemory,
    InSqlite,
}

pub(super) struct Net {
    pub(super) emulator: Emulator,
    pub(super) proxy: Proxy,
    pub(super) finch: Finch,
    /// The same application with little patience.
    pub(super) hasty: Finch,
    pub(super) store: Arc<dyn StoreDebug>,
    pub(super) system: Arc<TestSystem>,
    pub(super) people: usize,
    _folder: Option<TempDir>,
}

/// A customer with an employer of its own.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) scope: CustomerScope,
    pub(super) company: String,
}

impl Net {
    pub(super) async fn start(kept: Kept) -> Self {
        let config = EmulatorConfig {
            disconnect_scope: DisconnectScope::Pair,
            seed: Some(7),
            ..EmulatorConfig::default()
        };
        let emulator = Emulator::start_with(config).await.unwrap();
        let proxy = Proxy::start(emulator.url()).await;
        let client = |timeout| {
            let secret = ClientSecret::new(emulator.client_secret());
            let id = emulator.client_id().parse().unwrap();
            let mut http = HttpFinchConfig::new(id, secret);
            http.base_url = proxy.url().to_owned();
            http.timeout = timeout;
            http.backoff = Duration::ZERO;
            Arc::new(HttpFinch::new(http).unwrap())
        };
        let (patient, hasty) = (client(PATIENT), client(HASTY));
        let application = patient.application().clone();
        let (store, folder): (Arc<dyn StoreDebug>, _) = match kept {
            Kept::InMemory => (Arc::new(MemoryTokenStore::new(application)), None),
            Kept::InSqlite => {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("finch.db");
                let options = finch_app::SqliteOptions::create(path, application);
                (Arc::new(finch_app::SqliteTokenStore::open(options).unwrap()), Some(folder))
            }
        };
        let system = Arc::new(TestSystem::default());
        let finch = open_finch(patient, store.clone(), system.clone()).await;
        let hasty = open_finch(hasty, store.clone(), system.clone()).await;
        Self { emulator, proxy, finch, hasty, store, system, people: 0, _folder: folder }
    }

    /// A customer who was not there before.
    pub(super) fn person(&mut self) -> Person {
        self.people += 1;
        let number = self.people;
        let id = CustomerId::new(format!("customer-{number:06}")).unwrap();
        Person { scope: CustomerScope::new(id), company: format!("Company {number:06}") }
    }

    /// A person has logged in: what comes back from Connect.
    pub(super) async fn log_in(&self, person: &Person) -> (State, AuthorizationCode) {
        let begun = self.begin(person).await;
        let login = Login::new("User A", "Gusto", &person.company, "X");
        let login = match &begun.finch_customer_id {
            Some(id) => login.customer_id(id.as_str()),
            None => login,
        };
        (begun.state, AuthorizationCode::new(self.emulator.issue_code(login)))
    }

    async fn begin(&self, person: &Person) -> BegunConnect {
        let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
        self.finch.begin_connect(&person.scope, request).await.unwrap()
    }

    /// A person connects, and nothing goes wrong.
    pub(super) async fn connect(&self, person: &Person) -> CompletedConnect {
        let (state, code) = self.log_in(person).await;
        let done = self.finch.complete_connect(&person.scope, state, code).await;
        done.unwrap_or_else(|error| panic!("{error}: {:?}", source(&error)))
    }

    /// The truth: every token that Finch issued for this person's employer.
    pub(super) fn issued(&self, person: &Person) -> Vec<IssuedToken> {
        let issued = self.emulator.issued_tokens().into_iter();
        issued.filter(|token| token.state.company == person.company).collect()
    }

    /// What the store has of a person's tokens, with the secrets that are still there.
    pub(super) async fn kept(&self, person: &Person) -> Vec<(Token, Option<AccessToken>)> {
        let customer = Some(person.scope.id());
        let mut kept = Vec::new();
        for connection in finch_testkit::connections(&*self.store, customer).await.unwrap() {
            for token in connection.tokens {
                let secret = secret(&*self.store, &token).await;
                kept.push((token, secret));
            }
        }
        kept
    }

    pub(super) async fn possible_orphans(&self, person: &Person) -> usize {
        self.finch.possible_orphans(&person.scope).all().await.unwrap().len()
    }

    /// The secret that a call would be made with.
    pub(super) async fn usable(&self, person: &Person, id: &ConnectionId) -> Option<String> {
        let token = self.finch.access_token(&person.scope, id, &[]).await.ok()?;
        Some(token.secret.expose().to_owned())
    }

    /// Whatever has happened: a secret is gone only where its token is revoked, and a token that lives is
    /// kept here, or is listed, or ends with the disconnect of one that is kept.
    pub(super) async fn assert_nothing_wiped_that_lives(&self, person: &Person, what: &str) {
        let kept = self.kept(person).await;
        for (token, secret) in &kept {
            let revoked = matches!(token.state, TokenState::Revoked { .. });
            assert_eq!(secret.is_none(), revoked, "{what}: {:?}", token.state);
        }
        let listed = self.possible_orphans(person).await > 0;
        for alive in self.issued(person).iter().filter(|token| token.is_alive()) {
            let ends_with = |(token, secret): &(Token, Option<AccessToken>)| {
                let same = token.facts.connection_id.as_str() == alive.state.connection_id;
                same && secret.is_some()
            };
            let here = kept.iter().any(ends_with);
            assert!(here || listed, "{what}: a live token is neither kept nor listed");
        }
    }

    /// The network is whole again: the reconciler ends what is open, and Finch refuses every token.
    pub(super) async fn assert_ends(&self, person: &Person, what: &str) -> usize {
        let began = Instant::now();
        for pass in 1.. {
            self.system.pass(Duration::from_secs(2 * 3600));
            self.finch.reconcile(&operator(), Pass::Everything).await.unwrap();
            let kept = self.kept(person).await;
            if kept.iter().all(|(token, _)| token.state.is_revoked()) {
                assert!(self.issued(person).iter().all(|token| !token.is_alive()), "{what}");
                return pass;
            }
            assert!(began.elapsed() < PATIENT, "{what}: not ended after {pass} passes");
        }
        unreachable!()
    }
}

/// The requests of a path among those that passed.
pub(super) fn of_path<'a>(passed: &'a [Passed], path: &str) -> Vec<&'a Passed> {
    passed.iter().filter(|passed| passed.line.ends_with(path)).collect()
}

fn source(error: &CompleteConnectError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
