//! The end of a story: whatever was killed, everything can be brought to its end.

use std::time::Duration;

use finch_app::{ConnectionState, ConnectionView, Pass};
use finch_testkit::Chance;

use crate::{
    action::{fingerprints_of, handle},
    app::{App, operator},
    look::Look,
    promises::broken,
    run::Ended,
    stage::{Account, Stage},
};

/// After so long, every lease of a dead process and every wait is over, and an exchange that was cut
/// off is listed.
pub(crate) const LATER: Duration = Duration::from_secs(15 * 60);

/// Rounds until everything is at rest: each finishes what is open, connects the customers of lost
/// exchanges again, and disconnects.
const ROUNDS: usize = 6;

/// Brings everything but the bystander's connection to its end, and says which promises are broken.
pub(crate) fn end(stage: &Stage, app: &App, chance: &mut Chance) -> Vec<String> {
    let mut open = Vec::new();
    for _ in 0..ROUNDS {
        stage.clock.pass(LATER);
        reconcile(stage, app, chance);
        stage.block_on(reconnect(stage, app));
        open = stage.accounts().iter().filter(|&a| a != stage.bystander()).collect();
        open.retain(|account| !disconnect(stage, app, account, chance));
        let listed = stage.block_on(Look::at(stage, app)).orphans.len();
        if open.is_empty() && listed == 0 {
            break;
        }
    }
    stage.block_on(dismiss_dead(stage, app));
    let (look, mut broken) = broken(stage, app);
    for account in open {
        broken.push(format!("the disconnect of {} does not end", account.customer));
    }
    broken.extend(unrest(stage, &look));
    broken
}

/// A lost token may have ended with a connection at Finch of which the store never learned that it was this token's:
/// its exchange stays listed. The operator sees in Finch's dashboard that nothing is left of it.
async fn dismiss_dead(stage: &Stage, app: &App) {
    let tokens = stage.finch.state().tokens;
    for orphan in app.finch.possible_orphans(&operator()).all().await.unwrap() {
        let of_customer =
            |at_finch: &str| at_finch.split('~').next() == Some(orphan.customer.as_str());
        let mut living = tokens.iter().filter(|token| !token.revoked);
        if !living.any(|token| token.customer_id.as_deref().is_some_and(of_customer)) {
            let reason = "Finch's dashboard shows no connection of it";
            app.finch.dismiss_orphan(&operator(), orphan.exchange, reason).await.unwrap();
        }
    }
}

/// Everything that is not as it must be at the end.
fn unrest(stage: &Stage, look: &Look) -> Vec<String> {
    let mut unrest = Vec::new();
    let bystander = stage.bystander();
    for token in stage.finch.state().tokens.iter().filter(|t| t.company != bystander.company) {
        if !token.revoked {
            unrest.push(format!("Finch still accepts token {}", token.fingerprint));
        }
    }
    for orphan in &look.orphans {
        unrest.push(format!("an exchange of {} stays listed", orphan.customer));
    }
    let theirs = fingerprints_of(stage, bystander);
    for connection in &look.connections {
        let view = ConnectionView::of(connection, None);
        let ended = view.state == ConnectionState::Disconnected;
        let is_theirs = connection
            .tokens
            .iter()
            .any(|token| look.stored.get(&token.id).is_some_and(|stored| theirs.contains(stored)));
        if ended == is_theirs {
            unrest.push(format!("a connection is {:?} in the end", view.state));
        }
    }
    let served = look.handed_out.iter().any(|(customer, _)| customer == bystander.customer);
    if !theirs.is_empty() && !served {
        unrest.push("the bystander's connection does not work any more".to_owned());
    }
    unrest
}

fn reconcile(stage: &Stage, app: &App, chance: &mut Chance) {
    if chance.one_in(4) {
        let ran = stage.run(&["reconcile", "--rate", "1000", "--json"], "");
        let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let code = if report["left_open"] == true { 4 } else { 0 };
        assert_eq!(ran.ended, Ended::Code(code), "{ran:?}");
    } else {
        let report = stage.block_on(app.finch.reconcile(&operator(), Pass::Everything)).unwrap();
        assert_eq!(report.failed, 0);
    }
}

/// Connects the customers of lost exchanges again, as the listing says.
pub(crate) async fn reconnect(stage: &Stage, app: &App) {
    let orphans = app.finch.possible_orphans(&operator()).all().await.unwrap();
    for account in stage.accounts() {
        if orphans.iter().any(|orphan| orphan.customer.as_str() == account.customer) {
            app.connect(stage, account).await;
        }
    }
}

/// Disconnects an account: whether nothing of it is left.
fn disconnect(stage: &Stage, app: &App, account: &Account, chance: &mut Chance) -> bool {
    let Some(id) = stage.block_on(handle(app, account)) else { return true };
    if chance.one_in(4) {
        stage.run(&["disconnect", id.as_str(), "--yes", "--json"], "").ended == Ended::Code(0)
    } else {
        let outcome = stage.block_on(app.finch.disconnect(&operator(), id)).unwrap();
        use finch_app::DisconnectOutcome::{AlreadyDisconnected, Disconnected};
        matches!(outcome, Disconnected { .. } | AlreadyDisconnected)
    }
}
