//! Moving in: tokens that the application has already.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use finch_app::{ImportRequest, ImportedToken, Pace, Pass, RunError};
use finch_core::{
    AccessToken, Answer, ConnectionId, ConnectionStatus, FailureKind, FinchApi as _, FinchApiError,
    Introspection, PartialFacts, TokenState,
};
use finch_testkit::Reach;
use finch_tests::{World, customer, open_finch, operator};

const EVERY: Duration = Duration::from_millis(1000 / 3);

/// A token that Finch has issued, and that is not stored here.
pub(crate) async fn elsewhere(world: &World, company: &str, credentials: &str) -> AccessToken {
    let code = world.finch.login("gusto", company, credentials, None);
    let token = world.finch.exchange(&code, None).await.unwrap().secret;
    world.finch.take_calls();
    token
}

async fn one_elsewhere() -> (World, AccessToken) {
    let world = World::in_memory(Reach::Pair).await;
    let token = elsewhere(&world, "c", "x").await;
    (world, token)
}

pub(crate) async fn import(
    world: &World,
    token: &AccessToken,
    who: u8,
) -> Result<ImportedToken, RunError> {
    let whose = customer(who).id().clone();
    let import = ImportRequest { token: token.clone(), customer: whose, connection_id: None };
    world.app.import(&operator(), &import, Pace::of(EVERY)).await
}

fn answered(status: u16, retry_after: Option<Duration>) -> FinchApiError {
    Answer { status, finch_shaped: true, retry_after, ..Answer::default() }.into_error()
}

fn stored(imported: ImportedToken) -> (ConnectionId, TokenState) {
    match imported {
        ImportedToken::Stored { connection_id, state } => (connection_id, state),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_imported_token_is_used_and_disconnected_like_any_other() {
    let (world, token) = one_elsewhere().await;
    let (id, state) = stored(import(&world, &token, 0).await.unwrap());
    assert_eq!(state, TokenState::Active);
    assert_eq!(world.finch.take_calls(), ["introspect"]);
    let used = world.app.access_token(&customer(0), &id, &[]).await.unwrap();
    assert_eq!(used.secret.expose(), token.expose());
    world.app.disconnect(&customer(0), id).await.unwrap();
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn importing_again_sends_nothing_and_says_so() {
    let (world, token) = one_elsewhere().await;
    import(&world, &token, 0).await.unwrap();
    world.finch.take_calls();
    let again = import(&world, &token, 0).await.unwrap();
    assert!(matches!(again, ImportedToken::AlreadyHere { state: TokenState::Active, .. }));
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(world.tokens().await.len(), 1);
}

#[tokio::test]
async fn another_customers_token_is_left_as_it_is() {
    let (world, token) = one_elsewhere().await;
    import(&world, &token, 0).await.unwrap();
    let before = world.tokens().await;
    assert_eq!(import(&world, &token, 1).await.unwrap(), ImportedToken::Foreign);
    assert_eq!(world.tokens().await, before);
    assert!(world.app.connections(&customer(1)).all().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_dead_token_is_not_stored() {
    let world = World::in_memory(Reach::Pair).await;
    let token = AccessToken::new("unknown");
    let refused = import(&world, &token, 0).await.unwrap();
    assert!(matches!(refused, ImportedToken::Refused { .. }), "{refused:?}");
    assert!(world.tokens().await.is_empty());
}

#[tokio::test]
async fn a_token_of_another_application_or_connection_is_not_stored() {
    let (world, token) = one_elsewhere().await;
    let other: finch_core::ClientId = "another".parse().unwrap();
    world.finch.say_application(Some(other.clone()));
    let said = import(&world, &token, 0).await.unwrap();
    assert_eq!(said, ImportedToken::OtherApplication { client_id: other });
    world.finch.say_application(None);
    let named = ImportRequest {
        token: token.clone(),
        customer: customer(0).id().clone(),
        connection_id: "another".parse().ok(),
    };
    let said = world.app.import(&operator(), &named, Pace::of(EVERY)).await.unwrap();
    assert!(matches!(said, ImportedToken::OtherConnection { .. }), "{said:?}");
    assert!(world.tokens().await.is_empty());
}

#[tokio::test]
async fn a_connection_id_of_another_employer_is_quarantined_and_stays_so() {
    let world = World::in_memory(Reach::Pair).await;
    let (one, two) = (elsewhere(&world, "c", "x").await, elsewhere(&world, "d", "x").await);
    let (id, _) = stored(import(&world, &one, 0).await.unwrap());
    // Finch names the first connection for a token of another employer.
    let mut said = world.finch.introspect(&two).await.unwrap();
    said.facts.connection_id = Some(id.clone());
    let mut finch = finch_testkit::MockFinchApi::new();
    finch.expect_application().return_const(finch_testkit::application());
    finch.expect_introspect().times(1).returning(move |_| Ok(said.clone()));
    let app = open_finch(Arc::new(finch), world.store.clone(), world.system.clone()).await;
    let whose = customer(1).id().clone();
    let conflict = ImportRequest { token: two, customer: whose, connection_id: None };
    for _ in 0..2 {
        let said = app.import(&operator(), &conflict, Pace::of(EVERY)).await.unwrap();
        assert_eq!(said, ImportedToken::Conflict { connection_id: id.clone() });
    }
    assert_eq!(world.tokens().await[1].1.state, TokenState::Quarantined);
}

#[tokio::test]
async fn an_employer_who_must_authenticate_again_is_known_at_once() {
    let (world, token) = one_elsewhere().await;
    let (_, id, ..) = world.finch.alive().pop().unwrap();
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    import(&world, &token, 0).await.unwrap();
    let needs = world.app.access_token(&customer(0), &id, &[]).await.unwrap_err();
    assert!(matches!(needs, finch_app::TokenError::NeedsReauth), "{needs}");
}

#[tokio::test]
async fn a_token_without_an_employer_waits_for_its_name() {
    let (world, token) = one_elsewhere().await;
    world.finch.hide_company(true);
    let (id, _) = stored(import(&world, &token, 0).await.unwrap());
    assert_eq!(world.finch.take_calls(), ["introspect"], "asked once, and not again at once");
    world.finch.hide_company(false);
    world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
    let view = world.app.connection(&customer(0), &id).await.unwrap().unwrap();
    assert_eq!(view.company_id.unwrap().as_str(), "c");
}

#[tokio::test]
async fn a_token_that_a_disconnect_covers_is_ended_with_it() {
    let world = World::in_memory(Reach::Pair).await;
    let (one, two) = (elsewhere(&world, "c", "x").await, elsewhere(&world, "c", "y").await);
    let (id, _) = stored(import(&world, &one, 0).await.unwrap());
    world.fail(9, || answered(402, None));
    let open = world.app.disconnect(&operator(), id).await.unwrap();
    assert!(matches!(open, finch_app::DisconnectOutcome::Pending { .. }), "{open:?}");
    world.finch.recover();
    let (_, state) = stored(import(&world, &two, 0).await.unwrap());
    assert_eq!(state, TokenState::Unverified, "imported since: it waits for the end");
    world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn finchs_limit_is_waited_for_however_often() {
    let (world, token) = one_elsewhere().await;
    world.fail(20, || answered(429, Some(Duration::from_secs(90))));
    let waits = AtomicU32::new(0);
    let on_wait = |wait: Duration| {
        assert!(wait >= Duration::from_secs(90), "{wait:?}");
        waits.fetch_add(1, Ordering::SeqCst);
    };
    let began = world.system.now_quietly();
    let import = ImportRequest { token, customer: customer(0).id().clone(), connection_id: None };
    let done =
        world.app.import(&operator(), &import, Pace { on_wait: &on_wait, ..Pace::of(EVERY) }).await;
    stored(done.unwrap());
    assert_eq!(waits.into_inner(), 20);
    let waited = world.system.now_quietly().duration_since(began).unsigned_abs();
    assert!(waited >= Duration::from_secs(20 * 90), "{waited:?}");
}

#[tokio::test]
async fn a_finch_that_is_down_stops_the_run_after_some_tries() {
    let (world, token) = one_elsewhere().await;
    for status in [503, 502, 500] {
        world.finch.fail_next(answered(status, None));
    }
    stored(import(&world, &token, 0).await.unwrap());
    let token = elsewhere(&world, "d", "x").await;
    world.fail(5, || FinchApiError::NoAnswer { problem: "down".into(), sent: false });
    let down = import(&world, &token, 0).await.unwrap_err();
    assert!(matches!(down, RunError::Finch(FinchApiError::NoAnswer { .. })), "{down:?}");
    assert_eq!(world.finch.take_calls().len(), 5);
    stored(import(&world, &token, 0).await.unwrap());
}

#[tokio::test]
async fn unpaid_invoices_stop_the_run_at_once() {
    let (world, token) = one_elsewhere().await;
    world.finch.fail_next(answered(402, None));
    let unpaid = import(&world, &token, 0).await.unwrap_err();
    let is_unpaid = |e: &FinchApiError| e.failure_kind() == FailureKind::PaymentRequired;
    assert!(matches!(&unpaid, RunError::Finch(e) if is_unpaid(e)), "{unpaid:?}");
    assert_eq!(world.finch.take_calls(), ["introspect"]);
}

#[tokio::test]
async fn an_answer_that_decides_nothing_stores_nothing_and_stops_nothing() {
    let (world, token) = one_elsewhere().await;
    world.finch.fail_next(answered(403, None));
    let said = import(&world, &token, 0).await.unwrap();
    let ImportedToken::Undecided { failure } = said else { panic!("{said:?}") };
    assert_eq!((failure.kind, failure.status), (FailureKind::Rejected, Some(403)));
    assert!(world.tokens().await.is_empty());
}

#[tokio::test]
async fn calls_keep_their_distance() {
    let world = World::in_memory(Reach::Pair).await;
    let tokens = [elsewhere(&world, "c", "x").await, elsewhere(&world, "d", "x").await];
    import(&world, &tokens[0], 0).await.unwrap();
    let began = world.system.now_quietly();
    import(&world, &tokens[1], 0).await.unwrap();
    let took = world.system.now_quietly().duration_since(began).unsigned_abs();
    assert!(took >= EVERY - Duration::from_millis(50), "{took:?}");
}

#[tokio::test]
async fn a_run_that_is_stopped_stores_nothing_more() {
    let (world, token) = one_elsewhere().await;
    world.finch.fail_next(answered(429, Some(Duration::from_secs(3600))));
    let looks = AtomicU32::new(0);
    let goes_on = || looks.fetch_add(1, Ordering::SeqCst) < 10;
    let import = ImportRequest { token, customer: customer(0).id().clone(), connection_id: None };
    let stopped =
        world.app.import(&operator(), &import, Pace { goes_on: &goes_on, ..Pace::of(EVERY) }).await;
    assert!(matches!(stopped, Err(RunError::Stopped)), "{stopped:?}");
    assert!(world.tokens().await.is_empty());
}

/// An import of a token of which `/introspect` says this.
async fn import_of(said: Introspection, connection_id: Option<&str>) -> (World, ImportedToken) {
    let world = World::in_memory(Reach::Pair).await;
    let mut finch = finch_testkit::MockFinchApi::new();
    finch.expect_application().return_const(finch_testkit::application());
    finch.expect_introspect().times(1).returning(move |_| Ok(said.clone()));
    let app = open_finch(Arc::new(finch), world.store.clone(), world.system.clone()).await;
    let token = ImportRequest {
        token: AccessToken::new("t"),
        customer: customer(0).id().clone(),
        connection_id: connection_id.map(|id| id.parse().unwrap()),
    };
    let imported = app.import(&operator(), &token, Pace::of(EVERY)).await.unwrap();
    (world, imported)
}

#[tokio::test]
async fn an_import_needs_no_more_than_identity() {
    let facts = |connection_id: Option<&str>| PartialFacts {
        connection_id: connection_id.map(|id| id.parse().unwrap()),
        provider_id: "gusto".parse().ok(),
        company_id: "c".parse().ok(),
        ..PartialFacts::default()
    };
    for (said, named) in [(Some("k"), None), (Some("k"), Some("k")), (None, Some("k"))] {
        let said = Introspection { facts: facts(said), ..Introspection::default() };
        let (world, imported) = import_of(said, named).await;
        assert_eq!(stored(imported), ("k".parse().unwrap(), TokenState::Active));
        assert_eq!(world.tokens().await.len(), 1);
    }
    for facts in [facts(None), PartialFacts { provider_id: None, ..facts(Some("k")) }] {
        let (world, imported) =
            import_of(Introspection { facts, ..Default::default() }, None).await;
        let ImportedToken::Undecided { failure } = imported else { panic!("{imported:?}") };
        assert_eq!(failure.kind, FailureKind::Unplaced);
        assert!(world.tokens().await.is_empty());
    }
}
