//! What `finch` is doing when it is killed.

use std::collections::{BTreeMap, BTreeSet};

use finch_app::{DisconnectOutcome, State};
use finch_core::ConnectionId;
use finch_emulator::Fault;
use finch_testkit::Chance;

use crate::{
    app::{App, operator},
    look::Look,
    stage::{Account, Stage},
};

/// A command, and how things stand when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// `connect` where there is no store yet.
    Create,
    /// `connect`.
    Connect,
    /// `exchange` of a customer's first code.
    First,
    /// `exchange` of a second code for the same connection.
    Second,
    /// `exchange` while a disconnect of the connection is open.
    During,
    /// `exchange` after the connection was disconnected.
    Reconnect,
    /// `disconnect` of two tokens.
    Disconnect,
    /// `disconnect` of what is being disconnected.
    Join,
    /// `reconcile` with two disconnects open.
    Reconcile,
}

impl Action {
    pub(crate) const ALL: [Self; 9] = [
        Self::Create,
        Self::Connect,
        Self::First,
        Self::Second,
        Self::During,
        Self::Reconnect,
        Self::Disconnect,
        Self::Join,
        Self::Reconcile,
    ];

    /// How it ends undisturbed.
    pub(crate) fn code(self) -> i32 {
        // A token that arrives while a disconnect is open stays in doubt.
        if self == Self::During { 4 } else { 0 }
    }

    /// The call to Finch that it is about.
    pub(crate) fn call(self) -> &'static str {
        match self {
            Self::Create | Self::Connect => "POST /connect/sessions",
            Self::First | Self::Second | Self::During | Self::Reconnect => "POST /auth/token",
            Self::Disconnect | Self::Join | Self::Reconcile => "POST /disconnect",
        }
    }

    /// Sets the stage, and says what to run.
    pub(crate) fn prepare(self, stage: &Stage, chance: &mut Chance) -> Ready {
        if self == Self::Create {
            return Ready::connect(stage);
        }
        let app = App::open(stage);
        let ready = stage.block_on(async {
            let acme = stage.acme();
            app.connect(stage, stage.bystander()).await;
            match self {
                Self::Create | Self::Connect => Ready::connect(stage),
                Self::First => Ready::exchange(stage, &app, acme).await,
                Self::Second => {
                    app.connect(stage, acme).await;
                    Ready::exchange(stage, &app, acme).await
                }
                Self::During => {
                    let id = app.connect(stage, acme).await.connection_id;
                    if chance.one_in(2) {
                        let ready = Ready::exchange(stage, &app, acme).await;
                        fence(stage, &app, acme, id).await;
                        return ready;
                    }
                    fence(stage, &app, acme, id).await;
                    Ready::exchange(stage, &app, acme).await
                }
                Self::Reconnect => {
                    let id = app.connect(stage, acme).await.connection_id;
                    let covered = fingerprints_of(stage, acme);
                    let outcome = app.finch.disconnect(&operator(), id).await.unwrap();
                    assert!(matches!(outcome, DisconnectOutcome::Disconnected { .. }));
                    stage.ledger.borrow_mut().dead.extend(covered);
                    Ready::exchange(stage, &app, acme).await
                }
                Self::Disconnect | Self::Join => {
                    app.connect(stage, acme).await;
                    let id = app.connect(stage, acme).await.connection_id;
                    if self == Self::Join {
                        fence(stage, &app, acme, id.clone()).await;
                    }
                    Ready::disconnect(stage, &app, acme, &id).await
                }
                Self::Reconcile => {
                    for account in [acme, acme, stage.gamma()] {
                        app.connect(stage, account).await;
                    }
                    for account in [acme, stage.gamma()] {
                        let id = handle(&app, account).await.unwrap();
                        fence(stage, &app, account, id).await;
                    }
                    let mut ready = Ready::reconcile(stage);
                    for account in [acme, stage.gamma()] {
                        ready.covered.extend(held(stage, &app, account).await);
                    }
                    ready
                }
            }
        });
        // Everything that is stored now was acknowledged to this process.
        let (_, broken) = crate::promises::broken(stage, &app);
        assert!(broken.is_empty(), "before the kill: {broken:?}");
        let stored: Vec<_> = stage.ledger.borrow().records.values().cloned().collect();
        stage.ledger.borrow_mut().kept.extend(stored);
        ready
    }
}

/// The state and the code come on standard input.
pub(crate) const EXCHANGE: [&str; 4] = ["exchange", "--state-file", "-", "--json"];

/// What to run, and what to compare with afterwards.
pub(crate) struct Ready {
    pub(crate) arguments: Vec<String>,
    pub(crate) input: String,
    /// Whose attempt is exchanged.
    pub(crate) attempt: Option<(Account, State, String)>,
    /// Every token that Finch had issued before.
    pub(crate) issued: BTreeSet<String>,
    /// The calls that Finch had seen before.
    calls: BTreeMap<String, u64>,
    /// The tokens that a disconnect covers.
    pub(crate) covered: BTreeSet<String>,
}

impl Ready {
    /// How often Finch had seen this call before.
    pub(crate) fn count(&self, call: &str) -> u64 {
        self.calls.get(call).copied().unwrap_or(0)
    }

    fn new(stage: &Stage, arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            input: String::new(),
            attempt: None,
            issued: issued(stage),
            calls: stage.finch.state().calls,
            covered: BTreeSet::new(),
        }
    }

    fn connect(stage: &Stage) -> Self {
        let name = ["connect", "--customer", stage.acme().customer, "--name", "Acme"];
        Self::new(stage, &[&name[..], &["--products", "company,directory", "--json"]].concat())
    }

    pub(crate) async fn exchange(stage: &Stage, app: &App, account: &Account) -> Self {
        let (state, code) = app.begin(stage, account).await;
        let mut ready = Self::new(stage, &EXCHANGE);
        ready.input = format!("{}\n{code}\n", state.expose());
        ready.attempt = Some((account.clone(), state, code));
        ready
    }

    pub(crate) async fn disconnect(
        stage: &Stage,
        app: &App,
        account: &Account,
        id: &ConnectionId,
    ) -> Self {
        let mut ready = Self::new(stage, &["disconnect", id.as_str(), "--yes", "--json"]);
        ready.covered = held(stage, app, account).await;
        ready
    }

    pub(crate) fn reconcile(stage: &Stage) -> Self {
        Self::new(stage, &["reconcile", "--rate", "1000", "--json"])
    }
}

/// Begins a disconnect that Finch does not let end.
async fn fence(stage: &Stage, app: &App, account: &Account, id: ConnectionId) {
    stage.fault(Fault::on("/disconnect").times(1000).status(503));
    let outcome = app.finch.disconnect(&operator(), id).await.unwrap();
    assert!(matches!(outcome, DisconnectOutcome::Pending { .. }), "{outcome:?}");
    stage.clear_faults();
    let held = held(stage, app, account).await;
    stage.ledger.borrow_mut().never.extend(held);
}

/// The account's tokens that the store holds: what a disconnect can cover. A token whose exchange was
/// lost is not among them, and its connection at Finch may be another one (other credentials).
async fn held(stage: &Stage, app: &App, account: &Account) -> BTreeSet<String> {
    let stored = Look::at(stage, app).await.stored;
    let of_account = fingerprints_of(stage, account);
    stored.into_values().filter(|fingerprint| of_account.contains(fingerprint)).collect()
}

/// A handle of this account's connection: of its newest token that has not ended.
pub(crate) async fn handle(app: &App, account: &Account) -> Option<ConnectionId> {
    let page = app.finch.connections(&account.scope()).page(None, 100).await.unwrap();
    let tokens = page.items.iter().flat_map(|connection| &connection.tokens);
    let mut live = tokens.filter(|token| !token.state.is_revoked());
    live.next_back().map(|token| token.connection_id.clone())
}

/// Every token that Finch has issued.
pub(crate) fn issued(stage: &Stage) -> BTreeSet<String> {
    stage.finch.state().tokens.into_iter().map(|token| token.fingerprint).collect()
}

/// The tokens of an account's employer, dead or alive.
pub(crate) fn fingerprints_of(stage: &Stage, account: &Account) -> BTreeSet<String> {
    let tokens = stage.finch.state().tokens.into_iter();
    tokens.filter(|t| t.company == account.company).map(|t| t.fingerprint).collect()
}
