//! What Finch says of every token, against what is written here.

use std::time::Duration;

use finch_app::{
    Audit, AuditOptions, ConnectRequest, DisconnectOutcome, Drift, Finding, Pace, RunError,
};
use finch_core::{
    Answer, ConnectionId, ConnectionStatus, FinchApiError, Flow, Product, TokenState,
};
use finch_testkit::Reach;
use finch_tests::{Step, World, customer, operator};

const EVERY: Duration = Duration::from_millis(1000 / 3);

async fn begin(world: &World, fix: bool) -> Audit {
    world
        .app
        .begin_audit(&operator(), AuditOptions { fix, ..AuditOptions::default() })
        .await
        .unwrap()
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

async fn connected(world: &World, company: u8, credentials: u8) -> ConnectionId {
    let step = Step::Connect { customer: 0, provider: 0, company, credentials };
    world.step(step).await;
    world.tokens().await.last().unwrap().1.facts.connection_id.clone()
}

fn rejected() -> FinchApiError {
    Answer { status: 403, finch_shaped: true, ..Answer::default() }.into_error()
}

#[tokio::test]
async fn where_all_agree_nothing_is_found() {
    let world = World::in_memory(Reach::Pair).await;
    connected(&world, 0, 0).await;
    connected(&world, 1, 0).await;
    let mut audit = begin(&world, false).await;
    assert_eq!(audit.tokens, 2);
    go_on(&world, &mut audit).await.unwrap();
    assert_eq!((audit.asked, audit.connections), (2, 2));
    assert!(audit.findings.is_empty(), "{:?}", audit.findings);
}

#[tokio::test]
async fn a_dead_token_in_use_is_found_and_only_fix_writes_it_down() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world, 0, 0).await;
    world.finch.end_from_dashboard(&id);
    let before = world.tokens().await;
    let found = audit(&world, false).await;
    assert!(matches!(found[..], [Finding { drift: Drift::DeadInUse { .. }, fixed: false, .. }]));
    assert_eq!(found[0].connection_id.as_ref(), Some(&id));
    assert_eq!(found[0].customers, [customer(0).id().clone()]);
    assert_eq!(world.tokens().await, before, "an audit changes nothing");
    let fixed = audit(&world, true).await;
    assert!(matches!(fixed[..], [Finding { drift: Drift::DeadInUse { .. }, fixed: true, .. }]));
    assert!(world.tokens().await[0].1.state.is_revoked());
    assert!(audit(&world, false).await.is_empty());
}

#[tokio::test]
async fn a_token_that_is_alive_while_its_disconnect_is_open_is_a_bill() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world, 0, 0).await;
    world.finch.fail_next(Answer { status: 402, ..Answer::default() }.into_error());
    let open = world.app.disconnect(&customer(0), id).await.unwrap();
    assert!(matches!(open, DisconnectOutcome::Pending { .. }), "{open:?}");
    world.finch.recover();
    let found = audit(&world, false).await;
    let [Finding { drift: Drift::AliveThoughEnded { state, .. }, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(state, "fenced");
    // What is safe is done: the disconnect goes on.
    let found = audit(&world, true).await;
    assert!(found.iter().all(|finding| finding.fixed), "{found:?}");
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn a_retired_token_is_found_unless_its_connection_is_in_use() {
    for (reach, billed) in [(Reach::Pair, false), (Reach::Connection, true)] {
        let world = World::in_memory(reach).await;
        let id = connected(&world, 0, 0).await;
        world.step(Step::Connect { customer: 1, provider: 0, company: 0, credentials: 1 }).await;
        let gone = world.app.disconnect(&customer(0), id.clone()).await.unwrap();
        assert!(matches!(gone, DisconnectOutcome::Retired { .. }), "{gone:?}");
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
    let world = World::in_memory(Reach::Pair).await;
    // The login comes back under another customer id than the session's.
    let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
    let begun = world.app.begin_connect(&customer(0), request).await.unwrap();
    let code = world.finch.login("gusto", "c", "x", "another".parse().ok().as_ref());
    world.app.complete_connect(&customer(0), begun.state, code).await.unwrap_err();
    for fix in [false, true] {
        let found = audit(&world, fix).await;
        let [Finding { drift: Drift::AliveThoughEnded { state, .. }, fixed: false, .. }] =
            &found[..]
        else {
            panic!("{found:?}")
        };
        assert_eq!(state, "quarantined");
    }
}

#[tokio::test]
async fn a_need_to_authenticate_again_is_found_and_written_down() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world, 0, 0).await;
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    let found = audit(&world, false).await;
    assert!(matches!(found[..], [Finding { drift: Drift::NeedsReauth { .. }, .. }]), "{found:?}");
    world.app.access_token(&customer(0), &id, &[]).await.unwrap();
    let found = audit(&world, true).await;
    assert!(!found[0].fixed, "a person has to authenticate");
    assert!(world.app.access_token(&customer(0), &id, &[]).await.is_err());
}

#[tokio::test]
async fn two_living_ids_of_one_employer_are_billed_twice() {
    let world = World::in_memory(Reach::Connection).await;
    let one = connected(&world, 0, 0).await;
    let two = connected(&world, 0, 1).await;
    assert_ne!(one, two);
    let found = audit(&world, true).await;
    let [Finding { drift: Drift::BilledTwice { connection_ids }, fixed: false, .. }] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert!(connection_ids.contains(&one) && connection_ids.contains(&two));
}

#[tokio::test]
async fn lost_exchanges_are_listed() {
    let world = World::in_memory(Reach::Pair).await;
    world.step(Step::ConnectAndLoseTheAnswer { customer: 0, provider: 0, company: 0 }).await;
    let found = audit(&world, false).await;
    assert!(matches!(found[..], [Finding { drift: Drift::PossibleOrphan { .. }, .. }]));
    assert_eq!(found[0].customers, [customer(0).id().clone()]);
}

#[tokio::test]
async fn an_unused_connection_is_found_by_its_last_use() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world, 0, 0).await;
    connected(&world, 1, 0).await;
    world.system.pass(Duration::from_secs(91 * 24 * 3600));
    world.app.access_token(&customer(0), &id, &[]).await.unwrap();
    let found = audit(&world, false).await;
    assert!(matches!(found[..], [Finding { drift: Drift::Unused { .. }, .. }]), "{found:?}");
    assert_ne!(found[0].connection_id.as_ref(), Some(&id));
}

#[tokio::test]
async fn an_end_on_an_operators_word_is_listed_and_a_life_after_it_is_a_bill() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world, 0, 0).await;
    world.finch.fail_next(rejected());
    world.app.disconnect(&customer(0), id.clone()).await.unwrap();
    world.app.close_disconnect(&operator(), &id, "ticket 4711").await.unwrap();
    let found = audit(&world, false).await;
    let [Finding { drift: Drift::Vouched { reason, .. }, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(reason, "ticket 4711");
    // The operator was wrong: Finch goes on with the same connection.
    world.finch.recover();
    world.system.pass(finch_core::LATE_EFFECT);
    assert_eq!(connected(&world, 0, 0).await, id);
    let found = audit(&world, false).await;
    let alive = |f: &Finding| matches!(f.drift, Drift::AliveThoughClosed { .. });
    assert!(found.iter().any(alive), "{found:?}");
}

#[tokio::test]
async fn what_finch_does_not_say_is_said() {
    let world = World::in_memory(Reach::Pair).await;
    connected(&world, 0, 0).await;
    world.finch.fail_next(rejected());
    let found = audit(&world, false).await;
    let [Finding { drift: Drift::NoAnswer { failure }, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(failure.status, Some(403));
}

#[tokio::test]
async fn fix_settles_what_was_in_doubt() {
    let world = World::in_memory(Reach::Pair).await;
    connected(&world, 0, 0).await;
    let during = Step::ConnectDuringDisconnect {
        customer: 0,
        provider: 0,
        company: 0,
        issued_before: false,
    };
    world.step(during).await;
    world.system.pass(finch_core::LATE_EFFECT);
    audit(&world, true).await;
    for (_, token) in world.tokens().await {
        assert_ne!(token.state, TokenState::Unverified);
    }
}

#[tokio::test]
async fn a_run_that_finch_stops_goes_on_where_it_was() {
    let world = World::in_memory(Reach::Pair).await;
    for company in 0..3 {
        connected(&world, company, 0).await;
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
    for secret in world.finch.issued() {
        assert!(!kept.contains(secret.expose()));
    }
    let mut run: Audit = serde_json::from_str(&kept).unwrap();
    go_on(&world, &mut run).await.unwrap();
    assert_eq!(world.finch.take_calls().len(), 2, "nothing is asked twice");
    assert_eq!((run.asked, run.connections), (3, 3));
}
