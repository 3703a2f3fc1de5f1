//! A world to tell histories in.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{
    BegunConnect, ConnectRequest, DisconnectError, DisconnectOutcome, Finch, FinchOptions, Pass,
    System,
};
use finch_core::{
    AccessToken, Answer, AuthorizationCode, CompanyId, ConnectionId, ConnectionView, CustomerId,
    CustomerScope, FinchApiError, Flow, MemoryTokenStore, OperatorScope, Product, ProviderId,
    Selector, State, Timestamp, Token, TokenStore,
    testing::{FakeFinch, Held, Reach, application, at},
};

use crate::Step;

/// A clock that only moves when somebody waits, and randomness that can be repeated.
#[derive(Debug, Default)]
pub struct TestSystem {
    millis: AtomicI64,
    random: AtomicU64,
}

impl TestSystem {
    /// Lets time pass.
    pub fn pass(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

#[async_trait]
impl System for TestSystem {
    fn now(&self) -> Timestamp {
        // A moment passes between any two looks at the clock.
        let millis = self.millis.fetch_add(1, Ordering::SeqCst);
        at(100) + jiff::SignedDuration::from_millis(millis)
    }

    async fn sleep(&self, duration: Duration) {
        self.pass(duration);
        tokio::task::yield_now().await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // A step of a well-known generator (SplitMix64): enough for states that differ.
            let seed = self
                .random
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A connection that a disconnect has ended: whose handle it was, and what was planned.
#[derive(Clone, Debug)]
pub struct Ended {
    /// In whose scope; none for the operator.
    pub customer: Option<u8>,
    /// By which handle.
    pub connection_id: ConnectionId,
    /// The provider and company that it named.
    pub pair: (ProviderId, Option<CompanyId>),
    /// How it came out.
    pub outcome: DisconnectOutcome,
}

/// A Finch, a store, and the application between them.
#[derive(Debug)]
pub struct World {
    /// The truth.
    pub finch: Arc<FakeFinch>,
    /// What the application knows.
    pub store: Arc<dyn StoreDebug>,
    /// What is tested.
    pub app: Finch,
    /// Its clock.
    pub system: Arc<TestSystem>,
    /// Every attempt that was completed, to be repeated.
    pub attempts: Mutex<Vec<(State, AuthorizationCode)>>,
    /// How the last disconnect came out, if the last step was one.
    pub ended: Mutex<Option<Ended>>,
}

/// A store that can be shown.
pub trait StoreDebug: TokenStore + std::fmt::Debug {}
impl<T: TokenStore + std::fmt::Debug> StoreDebug for T {}

/// The scope of customer number `n`.
pub fn customer(n: u8) -> CustomerScope {
    CustomerScope::new(CustomerId::new(format!("customer-{n}")).unwrap())
}

/// The operator's scope.
pub fn operator() -> OperatorScope {
    OperatorScope::acting_as("tests".parse().unwrap())
}

impl World {
    /// An empty world over `store`, which must be a store of [`application`].
    pub fn new(reach: Reach, store: Arc<dyn StoreDebug>) -> Self {
        let finch = Arc::new(FakeFinch::new(application(), reach));
        let system = Arc::new(TestSystem::default());
        let app = Finch::with_system(
            finch.clone(),
            store.clone(),
            system.clone(),
            FinchOptions::default(),
        );
        let app = app.expect("one application");
        Self {
            finch,
            store,
            app,
            system,
            attempts: Mutex::default(),
            ended: Mutex::default(),
        }
    }

    /// An empty world over a store in memory.
    pub fn in_memory(reach: Reach) -> Self {
        Self::new(reach, Arc::new(MemoryTokenStore::new(application())))
    }

    /// Lets one thing happen. Whatever comes of it is a history too.
    pub async fn step(&self, step: Step) {
        *self.ended.lock().unwrap() = None;
        match step {
            Step::Connect {
                customer,
                provider,
                company,
                credentials,
            } => {
                self.connect(customer, provider, company, credentials).await;
            }
            Step::ConnectNameless {
                customer,
                provider,
                company,
            } => {
                self.finch.hide_company(true);
                self.connect(customer, provider, company, 0).await;
                self.finch.hide_company(false);
            }
            Step::ConnectAndLoseTheAnswer {
                customer,
                provider,
                company,
            } => {
                if let Some((begun, code)) = self.begin(customer, provider, company, 0).await {
                    self.finch.lose_next_answer();
                    self.complete(customer, begun.state, code).await;
                }
            }
            Step::ConnectDuringDisconnect {
                customer,
                provider,
                company,
                issued_before,
            } => {
                self.race(customer, provider, company, issued_before).await;
            }
            Step::Reauthenticate {
                customer: who,
                which,
            } => {
                let Some((handle, ..)) = self.handle(Some(who), which).await else {
                    return;
                };
                let begun = self
                    .app
                    .begin_reauthenticate(&customer(who), &handle, request())
                    .await;
                if let (Ok(begun), Some(code)) = (begun, self.finch.login_again(&handle)) {
                    self.complete(who, begun.state, code).await;
                }
            }
            Step::Disconnect {
                customer: who,
                which,
            } => {
                let Some((handle, provider, company)) = self.handle(Some(who), which).await else {
                    return;
                };
                let outcome = self.app.disconnect(&customer(who), handle.clone()).await;
                self.note(Some(who), handle, (provider, company), outcome);
            }
            Step::DisconnectForEveryone { which } => {
                let Some((handle, provider, company)) = self.handle(None, which).await else {
                    return;
                };
                let plan = self
                    .app
                    .plan_disconnect_for_everyone(&operator(), handle.clone(), "a test")
                    .await;
                let Ok(plan) = plan else { return };
                let outcome = self.app.carry_out(&operator(), plan).await;
                self.note(None, handle, (provider, company), outcome);
            }
            Step::EndFromDashboard { which } => {
                if let Some((handle, ..)) = self.handle(None, which).await {
                    self.finch.end_from_dashboard(&handle);
                }
            }
            Step::ReportUnauthorized {
                customer: who,
                which,
            } => {
                let Some((handle, ..)) = self.handle(Some(who), which).await else {
                    return;
                };
                if let Ok(token) = self.app.access_token(&customer(who), &handle, &[]).await {
                    let reported = self
                        .app
                        .report_unauthorized(&customer(who), &token.secret)
                        .await;
                    reported.expect("the store answers");
                }
            }
            Step::CompleteAgain { which } => {
                let attempt = self
                    .attempts
                    .lock()
                    .unwrap()
                    .get(usize::from(which))
                    .cloned();
                if let Some((state, code)) = attempt {
                    drop(self.app.complete_connect(&operator(), state, code).await);
                }
            }
            Step::FailNext { kind } => self.finch.fail_next(failure(kind)),
            Step::Reconcile => {
                self.app
                    .reconcile(&operator(), Pass::Everything)
                    .await
                    .expect("the store answers");
            }
            Step::Wait => self.system.pass(Duration::from_secs(3600)),
        }
    }

    async fn begin(
        &self,
        who: u8,
        provider: u8,
        company: u8,
        credentials: u8,
    ) -> Option<(BegunConnect, AuthorizationCode)> {
        let begun = self
            .app
            .begin_connect(&customer(who), request())
            .await
            .ok()?;
        if let Some(existing) = &begun.reauthenticates {
            return self.finch.login_again(existing).map(|code| (begun, code));
        }
        let (provider, company) = (format!("provider-{provider}"), format!("company-{company}"));
        let credentials = credentials.to_string();
        let code = self.finch.login(
            &provider,
            &company,
            &credentials,
            begun.finch_customer_id.as_ref(),
        );
        Some((begun, code))
    }

    async fn connect(&self, who: u8, provider: u8, company: u8, credentials: u8) {
        if let Some((begun, code)) = self.begin(who, provider, company, credentials).await {
            self.complete(who, begun.state, code).await;
        }
    }

    async fn complete(&self, who: u8, state: State, code: AuthorizationCode) {
        self.attempts
            .lock()
            .unwrap()
            .push((state.clone(), code.clone()));
        drop(self.app.complete_connect(&customer(who), state, code).await);
    }

    async fn race(&self, who: u8, provider: u8, company: u8, issued_before: bool) {
        let pair = (format!("provider-{provider}"), format!("company-{company}"));
        let views = self
            .app
            .connections(&customer(who), None, 100)
            .await
            .unwrap()
            .items;
        let same = |v: &&ConnectionView| {
            v.provider_id.as_str() == pair.0
                && v.company_id.as_ref().is_some_and(|c| c.as_str() == pair.1)
        };
        let handle = views
            .iter()
            .find(same)
            .and_then(|v| v.connection_ids.last().cloned());
        let Some((begun, code)) = self.begin(who, provider, company, 0).await else {
            return;
        };
        let held = if issued_before {
            Held::BeforeItsAnswer
        } else {
            Held::BeforeItsEffect
        };
        let hold = self.finch.hold_next_exchange(held);
        let mut exchange = std::pin::pin!(self.complete(who, begun.state, code));
        let waits = tokio::select! {
            () = &mut exchange => false,
            () = hold.reached() => true,
        };
        if let Some(handle) = handle {
            drop(self.app.disconnect(&customer(who), handle).await);
        }
        self.finch.hold_none();
        hold.release();
        if waits {
            exchange.await;
        }
    }

    /// The `which`-th connection that this customer (or the operator) sees: its newest handle.
    async fn handle(
        &self,
        who: Option<u8>,
        which: u8,
    ) -> Option<(ConnectionId, ProviderId, Option<CompanyId>)> {
        let views = match who {
            Some(who) => self.app.connections(&customer(who), None, 100).await,
            None => self.app.connections(&operator(), None, 100).await,
        };
        let views = views.unwrap().items;
        let view = views.get(usize::from(which) % views.len().max(1))?;
        let newest = view.tokens.last()?.connection_id.clone();
        Some((newest, view.provider_id.clone(), view.company_id.clone()))
    }

    fn note(
        &self,
        customer: Option<u8>,
        connection_id: ConnectionId,
        pair: (ProviderId, Option<CompanyId>),
        outcome: Result<DisconnectOutcome, DisconnectError>,
    ) {
        if let Ok(outcome) = outcome {
            *self.ended.lock().unwrap() = Some(Ended {
                customer,
                connection_id,
                pair,
                outcome,
            });
        }
    }

    /// Every token record of every connection, with the connection's pair.
    pub async fn tokens(&self) -> Vec<((ProviderId, Option<CompanyId>), Token)> {
        let query = finch_core::Query {
            customer: None,
            connection: None,
            after: None,
            limit: 1000,
        };
        let connections = self.store.connections(&query).await.unwrap();
        let each = connections.into_iter().flat_map(|c| {
            let pair = (c.provider, c.company);
            c.tokens.into_iter().map(move |t| (pair.clone(), t))
        });
        each.collect()
    }

    /// The record of each token that Finch ever issued, if there is one.
    pub async fn records(&self) -> Vec<(AccessToken, Option<Token>)> {
        let mut records = Vec::new();
        for secret in self.finch.issued() {
            let record = match self.store.token_of(&secret, None).await.unwrap() {
                Some(id) => {
                    let connection = self.store.load(Selector::TokenId(id), None).await.unwrap();
                    connection.and_then(|c| c.token(id).cloned())
                }
                None => None,
            };
            records.push((secret, record));
        }
        records
    }

    /// Everything that a customer sees, as a host would print it.
    pub async fn view(&self, who: u8) -> String {
        let views = self
            .app
            .connections(&customer(who), None, 1000)
            .await
            .unwrap()
            .items;
        let mut seen = vec![serde_json::to_string(&views).unwrap()];
        for view in &views {
            for id in &view.connection_ids {
                let token = self.app.access_token(&customer(who), id, &[]).await;
                seen.push(match token {
                    Ok(token) => format!("{id}: {}", token.secret.expose()),
                    Err(error) => format!("{id}: {error}"),
                });
            }
        }
        let orphans = self
            .app
            .possible_orphans(&customer(who), None, 1000)
            .await
            .unwrap();
        seen.push(serde_json::to_string(&orphans).unwrap());
        seen.join("\n")
    }

    /// Which tokens Finch accepts, by pair.
    pub fn alive_by_pair(&self) -> BTreeMap<(ProviderId, CompanyId), Vec<String>> {
        let mut alive: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (secret, _, provider, company) in self.finch.alive() {
            alive
                .entry((provider, company))
                .or_default()
                .push(secret.expose().to_owned());
        }
        alive
    }
}

fn request() -> ConnectRequest {
    ConnectRequest::new(
        "A customer",
        vec![Product::Company, Product::Directory],
        Flow::Embedded,
    )
}

fn failure(kind: u8) -> FinchApiError {
    let answer = |status, name: &str| Answer {
        status,
        finch_shaped: true,
        name: Some(name.into()),
        ..Answer::default()
    };
    match kind {
        0 => answer(503, "server_error").into_error(),
        1 => answer(401, "something_new").into_error(),
        2 => answer(402, "payment_required").into_error(),
        3 => answer(401, "reauthenticate_user").into_error(),
        4 => FinchApiError::NoAnswer {
            problem: "refused".into(),
            sent: false,
        },
        _ => FinchApiError::NoAnswer {
            problem: "timed out".into(),
            sent: true,
        },
    }
}
