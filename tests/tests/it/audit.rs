//! What Finch says of every token, against what is written here.

use std::time::Duration;

use finch_app::{Audit, AuditOptions, Drift, Finding, Pace, RunError};
use finch_core::{Answer, ConnectionStatus, LATE_EFFECT, TokenState};
use finch_testkit::Reach;
use finch_tests::{Step, World, customer, operator};

use crate::semantics::*;

const EVERY: Duration = Duration::from_millis(1000 / 3);

async fn begin(world: &World, fix: bool) -> Audit {
    let options = AuditOptions { fix, ..AuditOptions::default() };
    world.app.begin_audit(&operator(), options).await.unwrap()
}

async fn go_on(world: &World, audit: &mut Audit) -> Result<(), RunError> {
    while world.app.audit_next(&operator(), audit, Pace::of(EVERY)).await? {}
    Ok(())
}

async fn audit(world: &World, fix: bool) -> Vec<Finding> {
    let mut audit = begin(world, fix).await;
    go_on(world, &mut audit).await.unwrap();
    audit.findings
}

/// The state of the one token that is found to live though it has ended here.
fn alive_though(found: &[Finding]) -> &str {
    match found {
        [Finding { drift: Drift::AliveThoughEnded { state, .. }, .. }] => state,
        found => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn where_all_agree_nothing_is_found() {
    let world = world().await;
    connect_to(&world, ACME, "c").await;
    connect_to(&world, ACME, "d").await;
    let mut audit = begin(&world, false).await;
    assert_eq!(audit.tokens, 2);
    go_on(&world, &mut audit).await.unwrap();
    assert_eq!((audit.asked, audit.connections), (2, 2));
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
}

#[tokio::test]
async fn a_dead_token_in_use_is_found_and_only_fix_writes_it_down() {
    let (world, id) = connected().await;
    world.finch.end_from_dashboard(&id);
    let before = world.tokens().await;
    for fix in [false, true] {
        assert_eq!(world.tokens().await, before, "an audit changes nothing");
        let found = audit(&world, fix).await;
        let [Finding { drift: Drift::DeadInUse, fixed, .. }] = found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(fixed, fix);
        assert_eq!(found[0].connection_id.as_ref(), Some(&id));
        assert_eq!(found[0].customers, [customer(ACME).id().clone()]);
    }
    assert!(world.tokens().await[0].1.state.is_revoked());
    assert!(audit(&world, false).await.is_empty());
}

#[tokio::test]
async fn a_token_that_is_alive_while_its_disconnect_is_open_is_a_bill() {
    let (world, id) = connected().await;
    disconnect_in_vain(&world, ACME, &id, || answer(402, "")).await;
    assert_eq!(alive_though(&audit(&world, false).await), "fenced");
    // What is safe is done: the disconnect goes on.
    let found = audit(&world, true).await;
    assert!(found.iter().all(|finding| finding.fixed), "{found:?}");
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn a_retired_token_is_found_unless_its_connection_is_in_use() {
    for (reach, billed) in [(Reach::Pair, false), (Reach::Connection, true)] {
        let world = World::in_memory(reach).await;
        let id = connect(&world, ACME, "x").await;
        connect(&world, BETA, "y").await;
        disconnect(&world, ACME, &id).await;
        let found = audit(&world, false).await;
        let is_retired = |f: &&Finding| match &f.drift {
            Drift::AliveThoughEnded { state, .. } => state == "retired",
            _ => false,
        };
        let retired = found.iter().find(is_retired);
        assert_eq!(retired.is_some(), billed, "{reach:?}: {found:?}");
        assert!(retired.is_none_or(|f| f.connection_id.as_ref() == Some(&id)));
    }
}

#[tokio::test]
async fn a_quarantined_token_is_never_fixed_by_itself() {
    let world = world().await;
    let callback = begin_as(&world, ACME, Some("another")).await;
    complete(&world, ACME, callback).await.unwrap_err();
    for fix in [false, true] {
        let found = audit(&world, fix).await;
        assert_eq!((alive_though(&found), found[0].fixed), ("quarantined", false));
    }
}

#[tokio::test]
async fn a_need_to_authenticate_again_is_found_and_written_down() {
    let (world, id) = connected().await;
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    for fix in [false, true] {
        token(&world, ACME, &id).await;
        let found = audit(&world, fix).await;
        let [Finding { drift: Drift::NeedsReauth, fixed: false, .. }] = found[..] else {
            panic!("{found:?}: a person has to authenticate")
        };
    }
    why_none(&world, ACME, &id).await;
}

#[tokio::test]
async fn two_living_ids_of_one_employer_are_billed_twice() {
    let world = World::in_memory(Reach::Connection).await;
    let ids = [connect(&world, ACME, "x").await, connect(&world, ACME, "y").await];
    let found = audit(&world, true).await;
    let [Finding { drift: Drift::BilledTwice { connection_ids }, fixed: false, .. }] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert!(ids[0] != ids[1] && ids.iter().all(|id| connection_ids.contains(id)));
}

#[tokio::test]
async fn lost_exchanges_are_listed() {
    let world = world().await;
    lose_an_exchange(&world, true).await;
    let found = audit(&world, false).await;
    assert!(matches!(found[..], [Finding { drift: Drift::PossibleOrphan { .. }, .. }]));
    assert_eq!(found[0].customers, [customer(ACME).id().clone()]);
}

#[tokio::test]
async fn an_unused_connection_is_found_by_its_last_use() {
    let world = world().await;
    let used = connect_to(&world, ACME, "c").await;
    let unused = connect_to(&world, ACME, "d").await;
    world.system.pass(Duration::from_secs(91 * 24 * 3600));
    token(&world, ACME, &used).await;
    let found = audit(&world, false).await;
    assert!(matches!(found[..], [Finding { drift: Drift::Unused { .. }, .. }]), "{found:?}");
    assert_eq!(found[0].connection_id, Some(unused));
}

#[tokio::test]
async fn an_end_on_an_operators_word_is_listed_and_a_life_after_it_is_a_bill() {
    let (world, id) = connected().await;
    disconnect_in_vain(&world, ACME, &id, || answer(403, "no")).await;
    world.app.close_disconnect(&operator(), &id, "ticket 4711").await.unwrap();
    let found = audit(&world, false).await;
    let [Finding { drift: Drift::Vouched { reason, .. }, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(reason, "ticket 4711");
    // The operator was wrong: Finch goes on with the same connection.
    world.system.pass(LATE_EFFECT);
    assert_eq!(connect(&world, ACME, "x").await, id);
    let found = audit(&world, false).await;
    let alive = |f: &Finding| matches!(f.drift, Drift::AliveThoughClosed);
    assert!(found.iter().any(alive), "{found:?}");
}

#[tokio::test]
async fn what_finch_does_not_say_is_said() {
    let world = world().await;
    connect(&world, ACME, "x").await;
    world.finch.fail_next(answer(403, "no"));
    let found = audit(&world, false).await;
    let [Finding { drift: Drift::NoAnswer { failure }, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(failure.status, Some(403));
}

#[tokio::test]
async fn fix_settles_what_was_in_doubt() {
    let world = world().await;
    world.step(Step::Connect([0; 4])).await;
    world.step(Step::ConnectDuringDisconnect([0; 4], false)).await;
    world.system.pass(LATE_EFFECT);
    audit(&world, true).await;
    let tokens = world.tokens().await;
    assert!(tokens.iter().all(|(_, token)| token.state != TokenState::Unverified), "{tokens:?}");
}

#[tokio::test]
async fn a_run_that_finch_stops_goes_on_where_it_was() {
    let world = world().await;
    for company in ["c", "d", "e"] {
        connect_to(&world, ACME, company).await;
    }
    let mut run = begin(&world, false).await;
    assert!(world.app.audit_next(&operator(), &mut run, Pace::of(EVERY)).await.unwrap());
    for (errors, status) in [(5, 503), (1, 402)] {
        world.finch.take_calls();
        world.fail(errors, || Answer { status, ..Answer::default() }.into_error());
        let before = run.clone();
        let stopped = go_on(&world, &mut run).await.unwrap_err();
        assert!(matches!(stopped, RunError::Finch(_)), "{stopped:?}");
        assert_eq!(world.finch.take_calls().len(), errors);
        assert_eq!(run, before);
    }
    // Kept, and read by another process.
    let kept = serde_json::to_string(&run).unwrap();
    assert!(world.finch.issued().iter().all(|secret| !kept.contains(secret.expose())));
    let mut run: Audit = serde_json::from_str(&kept).unwrap();
    go_on(&world, &mut run).await.unwrap();
    assert_eq!(world.finch.take_calls().len(), 2, "nothing is asked twice");
    assert_eq!((run.asked, run.connections), (3, 3));
}
