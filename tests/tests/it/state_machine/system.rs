// Long because every transition of the model is played on the one system under test.
//! What is tested: the application over a store, with a Finch that does as it is told.

use std::{fmt::Debug, sync::Arc, time::Duration};

use finch_app::{
    CompleteConnectError, ConnectRequest, DisconnectError, DisconnectOutcome, DisconnectTarget,
    Finch, FinchOptions, Pass, TokenError, Unauthorized,
};
use finch_core::{
    AccessToken, AuthorizationCode, ConnectionId, Flow, MemoryTokenStore, Product, State,
    TokenState,
    decide::Plan,
    testing::{FakeFinch, application},
};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_tests::{StoreDebug, TestSystem, customer, keys, operator};

use super::{
    expected::{Ended, Expected},
    finch::MoodyFinch,
    model::{FinchCustomer, Model, State as Is, Subject},
    moves::{How, Move},
};

/// Where tokens are kept.
#[derive(Debug)]
pub(crate) enum Kept {
    Memory(Arc<MemoryTokenStore>),
    Sqlite(tempfile::TempDir),
}

impl Kept {
    /// A store of its own, on what is quick.
    pub(crate) fn sqlite() -> Self {
        let quick = std::path::Path::new("/dev/shm");
        let folder = if quick.is_dir() { tempfile::tempdir_in(quick) } else { tempfile::tempdir() };
        Self::Sqlite(folder.expect("a folder"))
    }

    fn open(&self) -> Arc<dyn StoreDebug> {
        match self {
            Self::Memory(store) => store.clone(),
            Self::Sqlite(folder) => {
                let path = folder.path().join("finch.db");
                let options = SqliteOptions::new(path, application()).create(true);
                Arc::new(SqliteTokenStore::open(options).expect("a store"))
            }
        }
    }
}

/// The application, as one process has it.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) kept: Kept,
    pub(crate) store: Arc<dyn StoreDebug>,
    pub(crate) app: Finch,
    pub(crate) finch: Arc<MoodyFinch>,
    clock: Arc<TestSystem>,
    attempts: Vec<(u8, State, AuthorizationCode)>,
    plan: Option<(Option<u8>, Plan)>,
}

impl System {
    pub(crate) async fn new(model: &Model, kept: Kept) -> Self {
        let finch = Arc::new(MoodyFinch::new(FakeFinch::new(application(), model.reach)));
        let (store, clock) = (kept.open(), Arc::new(TestSystem::default()));
        let app = wire(&finch, &store, &clock).await;
        Self { kept, store, app, finch, clock, attempts: Vec::new(), plan: None }
    }

    pub(crate) fn secret(&self, token: usize) -> AccessToken {
        self.finch.fake.issued().swap_remove(token)
    }

    /// Lets one thing happen, and tells what it came to. `model` is how things must be afterwards.
    pub(crate) async fn happen(&mut self, happens: Move, model: &Model) -> Expected {
        self.tell(happens, model).await.unwrap_or(Expected::Nothing)
    }

    async fn tell(&mut self, happens: Move, model: &Model) -> Option<Expected> {
        Some(match happens {
            Move::Begin { customer: who, .. } => {
                let begun = self.app.begin_connect(&customer(who), request()).await;
                self.begun(who, begun, model)
            }
            Move::Reauthenticate { customer: who, what } => {
                let name = self.finch.name(model.name_of(Some(who), what)?);
                let begun = self.app.begin_reauthenticate(&customer(who), &name, request()).await;
                self.begun(who, begun, model)
            }
            Move::Complete { which, how } => {
                self.complete(model.nth_attempt(which)?, how, model).await
            }
            Move::CompleteNewest { nameless } => {
                let which = model.attempts.len().checked_sub(1)?;
                self.complete(which, if nameless { How::Nameless } else { How::Right }, model).await
            }
            Move::Use { customer, what, granted } => {
                let name = model.name_of(Some(customer), what)?;
                self.usable(customer, name, granted, model).await
            }
            Move::Report { customer: who, what } => {
                let secret = self.secret(model.token_of(Some(who), what)?);
                match self.app.report_unauthorized(&customer(who), &secret).await {
                    Ok(finding) => Expected::Reported(match finding {
                        Unauthorized::StillAccepted => "StillAccepted",
                        Unauthorized::NeedsReauth => "NeedsReauth",
                        Unauthorized::Revoked => "Revoked",
                        Unauthorized::Disconnecting => "Disconnecting",
                        _ => "NothingProven",
                    }),
                    Err(error) => Expected::NoToken(why(&error)),
                }
            }
            Move::Disconnect { customer: who, what } => {
                let target = self.target(model.subject(Some(who), what)?);
                Expected::Ended(ended(self.app.disconnect(&customer(who), target).await))
            }
            Move::DisconnectAll { customer: who } => {
                let all = self.app.disconnect_all(&customer(who)).await.expect("the store works");
                let name = |id| self.number(&id, model);
                Expected::AllEnded(
                    all.into_iter().map(|(id, o)| (name(id), ended(Ok(o)))).collect(),
                )
            }
            Move::OperatorDisconnects { what, for_everyone } => {
                let target = self.target(model.subject(None, what)?);
                if for_everyone {
                    let plan = self
                        .app
                        .plan_disconnect_for_everyone(&operator(), target, "a reason")
                        .await;
                    match plan {
                        Ok(plan) => {
                            Expected::Ended(ended(self.app.carry_out(&operator(), plan).await))
                        }
                        Err(error) => Expected::Ended(ended(Err(error))),
                    }
                } else {
                    Expected::Ended(ended(self.app.disconnect(&operator(), target).await))
                }
            }
            Move::Plan { scope, what, for_everyone } => {
                let target = self.target(model.subject(scope, what)?);
                self.plan(scope, target, for_everyone).await
            }
            Move::CarryOut => {
                let (scope, plan) = self.plan.take()?;
                // Where the model cannot tell whether the plan holds, nothing is asked.
                if model.expected == Expected::Nothing {
                    return None;
                }
                Expected::Ended(ended(match scope {
                    Some(who) => self.app.carry_out(&customer(who), plan).await,
                    None => self.app.carry_out(&operator(), plan).await,
                }))
            }
            Move::Close { which } => {
                let name = self.finch.name(model.nth_name(which)?);
                match self.app.close_disconnect(&operator(), &name, "a reason").await {
                    Ok(tokens) => Expected::Closed(tokens),
                    Err(finch_app::CloseError::NotFound) => Expected::NotClosed("NotFound"),
                    Err(error) => {
                        assert!(
                            matches!(error, finch_app::CloseError::NotDisconnecting),
                            "{error}"
                        );
                        Expected::NotClosed("NotDisconnecting")
                    }
                }
            }
            Move::Dismiss { which } => {
                let lost = self.app.possible_orphans(&operator(), None, 1000).await.unwrap();
                let lost = lost.get(usize::from(which) % lost.len().max(1))?;
                self.app.dismiss_orphan(&operator(), lost.id, "a reason").await.unwrap();
                Expected::Dismissed
            }
            Move::EndFromDashboard { which } => {
                self.finch.fake.end_from_dashboard(&self.finch.name(model.nth_name(which)?));
                return None;
            }
            Move::Becomes(mode) => {
                self.finch.becomes(mode);
                return None;
            }
            Move::Reconcile => {
                let report = self.app.reconcile(&operator(), Pass::Everything).await.unwrap();
                assert_eq!(report.failed, 0);
                Expected::Reconciled {
                    disconnected: report.disconnected.len(),
                    pending: report.pending.len(),
                    verified: report.verified.iter().map(|verified| verified.tokens).sum(),
                    refused: report.refused.iter().map(|ended| ended.tokens).sum(),
                }
            }
            Move::AnHour => {
                self.clock.pass(Duration::from_secs(3600));
                return None;
            }
            Move::ADay => {
                self.clock.pass(Duration::from_secs(24 * 3600));
                return None;
            }
            Move::Reopen => {
                self.reopen().await;
                return None;
            }
        })
    }

    /// The process ends, and another one begins.
    async fn reopen(&mut self) {
        // The old store must be gone before the new one is opened.
        let parting: Arc<dyn StoreDebug> = Arc::new(MemoryTokenStore::new(application()));
        self.app = wire(&self.finch, &parting, &self.clock).await;
        self.store = parting;
        self.store = self.kept.open();
        self.app = wire(&self.finch, &self.store, &self.clock).await;
    }

    fn begun(
        &mut self,
        who: u8,
        begun: Result<finch_app::BegunConnect, finch_app::BeginConnectError>,
        model: &Model,
    ) -> Expected {
        use finch_app::BeginConnectError as E;
        match begun {
            Ok(begun) => {
                let attempt = model.attempts.last().expect("one has begun");
                let login = &attempt.login;
                let (provider, company) =
                    (format!("provider-{}", login.pair.0), format!("company-{}", login.pair.1));
                let id = login.finch_customer.map_or("a-stranger".into(), customer_id);
                let id = id.parse().expect("an id");
                let credentials = login.credentials.to_string();
                let code = self.finch.fake.login(&provider, &company, &credentials, Some(&id));
                let said = begun.finch_customer_id.as_ref().map(|id| id.as_str().to_owned());
                assert_eq!(said, attempt.finch_customer.map(customer_id));
                self.attempts.push((who, begun.state, code));
                let renews = begun.reauthenticates.map(|id| self.number(&id, model));
                Expected::Begun { renews }
            }
            Err(E::NotFound) => Expected::NotBegun("NotFound"),
            Err(E::Ended) => Expected::NotBegun("Ended"),
            Err(E::Disconnecting) => Expected::NotBegun("Disconnecting"),
            Err(error) => {
                assert!(matches!(error, E::Finch(_)), "{error:?}");
                Expected::NotBegun("Finch")
            }
        }
    }

    async fn complete(&self, which: usize, how: How, model: &Model) -> Expected {
        let (who, state, code) = self.attempts[which].clone();
        let code = if how == How::OtherCode { AuthorizationCode::new("no code") } else { code };
        self.finch.fake.hide_company(how == How::Nameless);
        let result = match how {
            How::AsOperator => self.app.complete_connect(&operator(), state, code).await,
            How::OtherCustomer => {
                self.app.complete_connect(&customer((who + 1) % 3), state, code).await
            }
            _ => self.app.complete_connect(&customer(who), state, code).await,
        };
        self.finch.fake.hide_company(false);
        match result {
            Ok(completed) => {
                assert_eq!(completed.customer, *customer(who).id());
                // The newest token of that name, unless an earlier result is told again.
                let token = match model.expected {
                    Expected::Connected { token, .. } => token,
                    _ => usize::MAX,
                };
                assert_eq!(self.number(&completed.connection_id, model), model.tokens[token].name);
                let state = is(&completed.token_state);
                Expected::Connected { token, state, joined: completed.joined_tokens }
            }
            Err(error) => Expected::NotConnected(match error {
                CompleteConnectError::UnknownState => "UnknownState",
                CompleteConnectError::Expired => "Expired",
                CompleteConnectError::StateUsed => "StateUsed",
                CompleteConnectError::NotSent(_) => "NotSent",
                CompleteConnectError::Failed(_) => "Failed",
                CompleteConnectError::Unknown(_) => "Unknown",
                CompleteConnectError::OtherCustomer { .. } => "OtherCustomer",
                error => panic!("{error:?}"),
            }),
        }
    }

    /// What a customer gets for a call to Finch.
    pub(crate) async fn usable(
        &self,
        who: u8,
        name: usize,
        granted: bool,
        model: &Model,
    ) -> Expected {
        let product = if granted { Product::Company } else { Product::from("a-product-of-nobody") };
        let name = self.finch.name(name);
        match self.app.access_token(&customer(who), &name, &[product]).await {
            Ok(token) => {
                let issued = self.finch.fake.issued();
                let which = issued.iter().position(|t| t.expose() == token.secret.expose());
                let which = which.expect("a token of Finch's");
                assert_eq!(token.connection_id, self.finch.name(which));
                assert!(model.tokens[which].ours.is_some());
                Expected::Token(which)
            }
            Err(error) => Expected::NoToken(why(&error)),
        }
    }

    async fn plan(
        &mut self,
        scope: Option<u8>,
        target: DisconnectTarget,
        for_everyone: bool,
    ) -> Expected {
        self.plan = None;
        let plan = match scope {
            Some(who) => self.app.plan_disconnect(&customer(who), target).await,
            None if for_everyone => {
                self.app.plan_disconnect_for_everyone(&operator(), target, "a reason").await
            }
            None => self.app.plan_disconnect(&operator(), target).await,
        };
        match plan {
            Ok(plan) => {
                let verdict = serde_json::to_value(plan.verdict).unwrap();
                let known = [
                    "disconnects",
                    "joins",
                    "already_disconnected",
                    "retires",
                    "shared_with_others",
                ];
                let verdict = known.into_iter().find(|word| verdict == *word).expect("a verdict");
                let (tokens, shared) = (plan.tokens, plan.shared);
                self.plan = Some((scope, plan));
                Expected::Planned { verdict, tokens, shared }
            }
            Err(error) => Expected::Ended(ended(Err(error))),
        }
    }

    fn target(&self, subject: Subject) -> DisconnectTarget {
        match subject {
            Subject::Name(name) => self.finch.name(name).into(),
            Subject::Token(token) => self.secret(token).into(),
        }
    }

    /// The model's word for a name of Finch's.
    fn number(&self, id: &ConnectionId, model: &Model) -> usize {
        let of = |t: &usize| self.finch.name(*t) == *id;
        (0..model.tokens.len()).find(of).expect("a name that Finch has given")
    }
}

async fn wire(
    finch: &Arc<MoodyFinch>,
    store: &Arc<dyn StoreDebug>,
    clock: &Arc<TestSystem>,
) -> Finch {
    let mut options = FinchOptions::default();
    // What waits for a minute altogether is over in less than seven.
    options.disconnect_patience = Duration::from_millis(500);
    Finch::builder(finch.clone(), store.clone(), keys())
        .system(clock.clone())
        .options(options)
        .open()
        .await
        .expect("one application")
}

fn request() -> ConnectRequest {
    ConnectRequest::new("A customer", vec![Product::Company, Product::Directory], Flow::Embedded)
}

fn customer_id((customer, number): FinchCustomer) -> String {
    match number {
        1 => format!("customer-{customer}"),
        number => format!("customer-{customer}~{number}"),
    }
}

fn ended(outcome: Result<DisconnectOutcome, DisconnectError>) -> Ended {
    match outcome {
        Ok(DisconnectOutcome::Disconnected { tokens }) => Ended::Disconnected(tokens),
        Ok(DisconnectOutcome::Pending { unproven, .. }) => Ended::Pending(unproven),
        Ok(DisconnectOutcome::AlreadyDisconnected) => Ended::Already,
        Ok(DisconnectOutcome::Retired { tokens }) => Ended::Retired(tokens),
        Ok(_) => Ended::Shared,
        Err(DisconnectError::NotFound) => Ended::NotFound,
        Err(DisconnectError::PlanChanged) => Ended::PlanChanged,
        Err(error) => panic!("{error:?}"),
    }
}

fn why(error: &TokenError) -> &'static str {
    match error {
        TokenError::NotFound => "NotFound",
        TokenError::Unverified => "Unverified",
        TokenError::Disconnecting => "Disconnecting",
        TokenError::Disconnected => "Disconnected",
        TokenError::NeedsReauth => "NeedsReauth",
        TokenError::ProductsNotGranted { .. } => "ProductsNotGranted",
        error => panic!("{error:?}"),
    }
}

/// The model's word for a state.
pub(crate) fn is(state: &TokenState) -> Is {
    match state {
        TokenState::Active => Is::Good,
        TokenState::Unverified => Is::Doubted,
        TokenState::Fenced => Is::Closing,
        TokenState::Retired => Is::Retired,
        TokenState::Superseded => Is::Superseded,
        TokenState::Quarantined => Is::Aside,
        _ => Is::Dead,
    }
}
