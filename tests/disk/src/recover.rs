//! Recovery: a new process over what is left. Every open disconnect ends, and nothing that it covers
//! works any more.

use std::{sync::Arc, time::Duration};

use finch_app::{ConnectRequest, DisconnectOutcome, Finch, OpenFinchError, Pass, System as _};
use finch_core::{FinchApi, Flow, Product, TokenStore};
use finch_testkit::FakeFinch;
use finch_tests::{TestSystem, customer, keys, operator};

use crate::{
    judge::{Broken, OrBroken as _, ensure, usable},
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

pub(crate) async fn application(
    api: Arc<dyn FinchApi>,
    store: Arc<dyn TokenStore>,
    system: Arc<TestSystem>,
) -> Result<Finch, OpenFinchError> {
    Finch::builder(api, store, keys()).system(system).open().await
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
    Err(Broken::new("a disconnect does not end"))
}

/// What must hold once nothing is open: what is dead here is dead at Finch, what is handed out works
/// there.
pub(crate) async fn at_rest(
    store: &dyn TokenStore,
    finch: &FakeFinch,
    ledger: &Ledger,
    found: &crate::judge::Found,
) -> Result<(), Broken> {
    let connections = finch_testkit::connections(store, None).await.or_broken("connections")?;
    for connection in &connections {
        ensure(connection.open_disconnect().is_none(), || "a disconnect is still open".into())?;
        for token in connection.tokens.iter().filter(|t| t.state.is_revoked()) {
            let secret = found.secrets.get(&token.id).map(finch_core::AccessToken::new);
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
    let products = vec![Product::Company];
    let request = ConnectRequest::new("A customer", products, Flow::Embedded);
    let begun = app.begin_connect(&newcomer, request).await.or_broken("begin")?;
    let code = finch.login("provider-9", "company-9", "x", begun.finch_customer_id.as_ref());
    let done = app.complete_connect(&newcomer, begun.state, code).await.or_broken("complete")?;
    let id = done.connection_id;
    let token = app.access_token(&newcomer, &id, &[]).await.or_broken("use")?;
    ensure(finch.accepts(&token.secret), || "a new token does not work".into())?;
    let outcome = app.disconnect(&newcomer, id).await.or_broken("disconnect")?;
    ensure(outcome == DisconnectOutcome::Disconnected { tokens: 1 }, || format!("{outcome:?}"))
}
