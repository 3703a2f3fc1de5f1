//! Recovery: a new process over what is left. Every open disconnect ends, and nothing that it covers
//! works any more.

use std::{path::Path, sync::Arc, time::Duration};

use finch_app::{ConnectRequest, DisconnectOutcome, Finch, Pass, System as _};
use finch_core::{AccessToken, Flow, Product, TokenStore};
use finch_sqlite::SqliteTokenStore;
use finch_testkit::FakeFinch;
use finch_tests::{TestSystem, customer, finish, operator};
use rusqlite::Connection;

use crate::{
    host::{open_finch, options},
    judge::{Broken, Found, OrBroken as _, ensure, judge, usable},
    ledger::Ledger,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A clock that is far beyond every wait of the history, and randomness that it has not used up.
pub(crate) fn later() -> Arc<TestSystem> {
    let system = Arc::new(TestSystem::default());
    system.pass(30 * DAY);
    system.fill(&mut [0; 32 * 1024]);
    system
}

/// A store that was recovered.
pub(crate) struct Recovered {
    pub(crate) app: Finch,
    pub(crate) finch: Arc<FakeFinch>,
    /// How many tokens it held.
    pub(crate) tokens: usize,
    /// How many disconnects were ended.
    pub(crate) ended: usize,
}

/// Opens what is left in a folder, judges it, and recovers. `first` sees the file before anything is changed.
pub(crate) fn recover(
    folder: &Path,
    ledger: &Ledger,
    finch: &FakeFinch,
    first: impl FnOnce(&Connection) -> Result<(), Broken>,
) -> Result<Recovered, Broken> {
    let store = Arc::new(SqliteTokenStore::open(options(folder)).or_broken("open")?);
    let db = Connection::open(folder.join("finch.db")).or_broken("a second look")?;
    first(&db)?;
    let (system, copy) = (later(), Arc::new(finch.copy()));
    finish(async {
        let found = judge(&*store, &db, ledger, finch, system.now()).await?;
        let app = open_finch(copy.clone(), store.clone(), system.clone()).await;
        let app = app.or_broken("the application")?;
        let ended = reconcile(&app, &system).await?;
        at_rest(&*store, &copy, ledger, &found).await?;
        Ok(Recovered { app, finch: copy, tokens: found.tokens().count(), ended })
    })
}

/// Reconciles until nothing is open. Returns how many disconnects it ended.
pub(crate) async fn reconcile(app: &Finch, system: &TestSystem) -> Result<usize, Broken> {
    let mut ended = 0;
    for _ in 0..20 {
        let report = app.reconcile(&operator(), Pass::Everything).await.or_broken("reconcile")?;
        ensure(report.failed == 0, || format!("reconcile: {report:?}"))?;
        ended += report.disconnected;
        if report.pending.is_empty() && report.unverified == 0 {
            return Ok(ended);
        }
        system.pass(DAY);
    }
    Err(Broken("a disconnect does not end".into()))
}

/// What must hold once nothing is open: what is dead here is dead at Finch, what is handed out works
/// there.
async fn at_rest(
    store: &dyn TokenStore,
    finch: &FakeFinch,
    ledger: &Ledger,
    found: &Found,
) -> Result<(), Broken> {
    let connections = finch_testkit::connections(store, None).await.or_broken("connections")?;
    for connection in &connections {
        ensure(connection.open_disconnect().is_none(), || "a disconnect is still open".into())?;
        for token in connection.tokens.iter().filter(|t| t.state.is_revoked()) {
            let secret = found.secrets.get(&token.id).map(AccessToken::new);
            let works = secret.is_some_and(|secret| finch.accepts(&secret));
            ensure(!works, || format!("{} is revoked here, and works at Finch", token.id))?;
        }
    }
    for (_, connection, secret) in usable(store, found).await? {
        let ended = ledger.outside.contains(secret.expose());
        ensure(ended || finch.accepts(&secret), || {
            format!("{connection} hands out a token that Finch refuses")
        })?;
    }
    Ok(())
}

/// Life goes on: a customer connects, uses, and disconnects.
pub(crate) async fn life_goes_on(app: &Finch, finch: &FakeFinch) -> Result<(), Broken> {
    let newcomer = customer(9);
    let request = ConnectRequest::new("A customer", vec![Product::Company], Flow::Embedded);
    let begun = app.begin_connect(&newcomer, request).await.or_broken("begin")?;
    let code = finch.login("provider-9", "company-9", "x", begun.finch_customer_id.as_ref());
    let done = app.complete_connect(&newcomer, begun.state, code).await.or_broken("complete")?;
    let id = done.connection_id;
    let token = app.access_token(&newcomer, &id, &[]).await.or_broken("use")?;
    ensure(finch.accepts(&token.secret), || "a new token does not work".into())?;
    let outcome = app.disconnect(&newcomer, id).await.or_broken("disconnect")?;
    ensure(outcome == DisconnectOutcome::Disconnected { tokens: 1 }, || format!("{outcome:?}"))
}
