//! A real client, a breaking network, and Finch.

use std::{sync::Arc, time::Duration};

use finch_app::{
    AuthorizationCode, ClientSecret, CompletedConnect, ConnectRequest, CustomerScope, Finch,
    FinchOptions, Flow, HttpFinch, HttpFinchConfig, Pass, Product,
};
use finch_core::{AccessToken, ConnectionId, CustomerId, FinchApi, State, Token};
use finch_emulator::{
    DisconnectScope, Emulator, EmulatorConfig, Fault, FaultKind, IssuedToken, Login, Then,
};
use finch_testkit::{MemoryTokenStore, in_process};
use finch_tests::{StoreDebug, TestSystem, folder, keys, operator, secret, sqlite};
use tempfile::TempDir;

/// A host's clients are patient here, and hasty where a network that stays silent is to be tested.
const PATIENT: Duration = Duration::from_secs(60);
const HASTY: Duration = Duration::from_millis(100);

pub(crate) struct Net {
    pub(crate) emulator: Emulator,
    pub(crate) finch: Finch,
    hasty: Finch,
    /// The same application past the network, for what comes before a test.
    direct: Finch,
    store: Arc<dyn StoreDebug>,
    system: Arc<TestSystem>,
    people: usize,
    worlds: usize,
    _folder: TempDir,
}

/// A customer with an employer of its own.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) scope: CustomerScope,
    company: String,
}

impl Net {
    pub(crate) async fn start(disconnect_scope: DisconnectScope, in_sqlite: bool) -> Self {
        let config =
            EmulatorConfig { disconnect_scope, seed: Some(7), ..EmulatorConfig::default() };
        let emulator = Emulator::start_with(config).await.unwrap();
        let config = |timeout| HttpFinchConfig { timeout, ..http_config(&emulator) };
        let patient = Arc::new(HttpFinch::new(config(PATIENT)).unwrap());
        let hasty = Arc::new(HttpFinch::new(config(HASTY)).unwrap());
        let direct = in_process(config(PATIENT), Arc::new(emulator.local()));
        let (application, folder) = (patient.application().clone(), folder());
        let store: Arc<dyn StoreDebug> = match in_sqlite {
            true => sqlite(&folder.path().join("finch.db"), application),
            false => Arc::new(MemoryTokenStore::new(application)),
        };
        let system = Arc::new(TestSystem::default());
        let open = async |api: Arc<HttpFinch>| {
            // A few tries are enough to fail as often.
            let disconnect_patience = Duration::from_secs(3);
            let options = FinchOptions { disconnect_patience, ..FinchOptions::default() };
            let builder = Finch::builder(api, store.clone(), keys()).system(system.clone());
            builder.options(options).open().await.unwrap()
        };
        let finch = open(patient).await;
        let hasty = open(hasty).await;
        let direct = open(Arc::new(direct)).await;
        let (people, worlds, _folder) = (0, 0, folder);
        Self { emulator, finch, hasty, direct, store, system, people, worlds, _folder }
    }

    /// A customer who was not there before. A hundred share a world, so that none grows slow; every third world
    /// is in SQLite.
    pub(super) async fn person(&mut self) -> Person {
        if self.people == 100 {
            let worlds = self.worlds + 1;
            *self = Self::start(DisconnectScope::Pair, worlds % 3 == 1).await;
            self.worlds = worlds;
        }
        self.people += 1;
        let number = self.people;
        let id = CustomerId::new(format!("customer-{number:06}")).unwrap();
        Person { scope: CustomerScope::new(id), company: format!("Company {number:06}") }
    }

    /// A person has logged in: what comes back from Connect.
    pub(crate) async fn log_in(
        &self,
        scope: &CustomerScope,
        [user, provider, company, credentials]: [&str; 4],
    ) -> (State, AuthorizationCode) {
        let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
        let begun = self.direct.begin_connect(scope, request).await.unwrap();
        let login = Login::new(user, provider, company, credentials);
        let login = match &begun.finch_customer_id {
            Some(id) => login.customer_id(id.as_str()),
            None => login,
        };
        (begun.state, AuthorizationCode::new(self.emulator.issue_code(login)))
    }

    /// A person connects, and nothing goes wrong.
    pub(crate) async fn connect_with(
        &self,
        scope: &CustomerScope,
        login: [&str; 4],
    ) -> CompletedConnect {
        let (state, code) = self.log_in(scope, login).await;
        self.finch.complete_connect(scope, state, code).await.unwrap()
    }

    pub(super) async fn connect(&self, person: &Person) -> ConnectionId {
        self.connect_with(&person.scope, person.login()).await.connection_id
    }

    /// The same, past the network.
    pub(super) async fn connect_directly(&self, person: &Person) -> ConnectionId {
        let (state, code) = self.log_in(&person.scope, person.login()).await;
        self.direct.complete_connect(&person.scope, state, code).await.unwrap().connection_id
    }

    /// Lets this go wrong. Returns the client that meets it.
    pub(super) fn breaks(&self, fault: &Fault) -> &Finch {
        self.emulator.push_fault(fault.clone());
        match fault.kind {
            FaultKind::Cut { then: Then::Silence, .. } => &self.hasty,
            FaultKind::Trickle { pause, .. } if pause > HASTY => &self.hasty,
            _ => &self.finch,
        }
    }

    /// The truth: every token that Finch issued for this person's employer.
    pub(super) fn issued(&self, person: &Person) -> Vec<IssuedToken> {
        let issued = self.emulator.issued_tokens().into_iter();
        issued.filter(|token| token.state.company == person.company).collect()
    }

    /// How many of them live.
    pub(super) fn alive(&self, person: &Person) -> usize {
        self.issued(person).iter().filter(|token| token.is_alive()).count()
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
            assert_eq!(secret.is_none(), token.state.is_revoked(), "{what}: {:?}", token.state);
        }
        let listed = self.possible_orphans(person).await > 0;
        for alive in self.issued(person).iter().filter(|token| token.is_alive()) {
            let here = kept.iter().any(|(token, secret)| {
                token.facts.connection_id.as_str() == alive.state.connection_id && secret.is_some()
            });
            assert!(here || listed, "{what}: a live token is neither kept nor listed");
        }
    }

    /// The network is whole again: the reconciler ends what is open in so many passes, and Finch refuses every
    /// token.
    pub(super) async fn assert_ends(&self, person: &Person, passes: usize, what: &str) {
        for _ in 0..passes {
            self.system.pass(Duration::from_secs(2 * 3600));
            self.finch.reconcile(&operator(), Pass::Everything).await.unwrap();
            if self.kept(person).await.iter().all(|(token, _)| token.state.is_revoked()) {
                return assert_eq!(self.alive(person), 0, "{what}");
            }
        }
        panic!("{what}: it has not ended after {passes} passes");
    }
}

impl Person {
    pub(super) fn login(&self) -> [&str; 4] {
        ["User A", "Gusto", &self.company, "X"]
    }
}

pub(crate) fn http_config(emulator: &Emulator) -> HttpFinchConfig {
    let secret = ClientSecret::new(emulator.client_secret());
    let mut http = HttpFinchConfig::new(emulator.client_id().parse().unwrap(), secret);
    http.base_url = emulator.url().to_owned();
    http.backoff.first = Duration::ZERO;
    http
}
