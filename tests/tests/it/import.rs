//! Moving in: tokens that the application has already.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use finch_app::{Finch, ImportRequest, ImportedToken, Pace, RunError, TokenError};
use finch_core::{
    AccessToken, Answer, ClientId, ConnectionId, ConnectionStatus, FailureKind, FinchApi as _,
    FinchApiError, Introspection, PartialFacts, TokenState,
};
use finch_testkit::MockFinchApi;
use finch_tests::{World, customer, open_finch, operator};

use crate::semantics::*;

const EVERY: Duration = Duration::from_millis(1000 / 3);

/// A token that Finch has issued, and that is not stored here.
async fn elsewhere(world: &World, company: &str, credentials: &str) -> AccessToken {
    let code = world.finch.login("gusto", company, credentials, None);
    let token = world.finch.exchange(&code, None).await.unwrap().secret;
    world.finch.take_calls();
    token
}

async fn one_elsewhere() -> (World, AccessToken) {
    let world = world().await;
    let token = elsewhere(&world, "c", "x").await;
    (world, token)
}

fn import_of(token: &AccessToken, who: u8) -> ImportRequest {
    let customer = customer(who).id().clone();
    ImportRequest { token: token.clone(), customer, connection_id: None }
}

async fn import(world: &World, token: &AccessToken, who: u8) -> Result<ImportedToken, RunError> {
    world.app.import(&operator(), &import_of(token, who), Pace::of(EVERY)).await
}

fn limited(after: u64) -> FinchApiError {
    let retry_after = Some(Duration::from_secs(after));
    Answer { status: 429, finch_shaped: true, retry_after, ..Answer::default() }.into_error()
}

#[track_caller]
fn stored(imported: Result<ImportedToken, RunError>) -> (ConnectionId, TokenState) {
    match imported.expect("an import") {
        ImportedToken::Stored { connection_id, state } => (connection_id, state),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_imported_token_is_used_and_disconnected_like_any_other() {
    let (world, secret) = one_elsewhere().await;
    let (id, state) = stored(import(&world, &secret, ACME).await);
    assert_eq!(state, TokenState::Active);
    assert_eq!(world.finch.take_calls(), ["introspect"]);
    assert_eq!(token(&world, ACME, &id).await.expose(), secret.expose());
    // Again: nothing is sent. And another customer's is left as it is.
    let before = world.tokens().await;
    let again = import(&world, &secret, ACME).await.unwrap();
    assert!(matches!(again, ImportedToken::AlreadyHere { state: TokenState::Active, .. }));
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(import(&world, &secret, BETA).await.unwrap(), ImportedToken::Foreign);
    assert_eq!(world.tokens().await, before);
    assert!(world.app.connections(&customer(BETA)).all().await.unwrap().is_empty());
    disconnect(&world, ACME, &id).await;
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn what_is_dead_or_of_another_application_or_connection_is_not_stored() {
    let (world, token) = one_elsewhere().await;
    let refused = import(&world, &AccessToken::new("unknown"), ACME).await.unwrap();
    assert!(matches!(refused, ImportedToken::Refused { .. }), "{refused:?}");
    let client_id: ClientId = "another".parse().unwrap();
    world.finch.say_application(Some(client_id.clone()));
    let said = import(&world, &token, ACME).await.unwrap();
    assert_eq!(said, ImportedToken::OtherApplication { client_id });
    world.finch.say_application(None);
    let connection_id = "another".parse().ok();
    let named = ImportRequest { connection_id, ..import_of(&token, ACME) };
    let said = world.app.import(&operator(), &named, Pace::of(EVERY)).await.unwrap();
    assert!(matches!(said, ImportedToken::OtherConnection { .. }), "{said:?}");
    // An answer that decides nothing stops nothing, either.
    world.finch.fail_next(answer(403, "no"));
    let said = import(&world, &token, ACME).await.unwrap();
    let ImportedToken::Undecided { failure } = said else { panic!("{said:?}") };
    assert_eq!((failure.kind, failure.status), (FailureKind::Rejected, Some(403)));
    assert!(world.tokens().await.is_empty());
}

/// The application, with a Finch whose `/introspect` says this.
async fn saying(world: &World, said: Introspection) -> Finch {
    let mut finch = MockFinchApi::new();
    finch.expect_application().return_const(finch_testkit::application());
    finch.expect_introspect().times(1).return_once(move |_| Ok(said));
    open_finch(Arc::new(finch), world.store.clone(), world.system.clone()).await
}

#[tokio::test]
async fn a_connection_id_of_another_employer_is_quarantined_and_stays_so() {
    let world = world().await;
    let (one, two) = (elsewhere(&world, "c", "x").await, elsewhere(&world, "d", "x").await);
    let (id, _) = stored(import(&world, &one, ACME).await);
    // Finch names the first connection for a token of another employer.
    let mut said = world.finch.introspect(&two).await.unwrap();
    said.facts.connection_id = Some(id.clone());
    let app = saying(&world, said).await;
    for _ in 0..2 {
        let said = app.import(&operator(), &import_of(&two, BETA), Pace::of(EVERY)).await.unwrap();
        assert_eq!(said, ImportedToken::Conflict { connection_id: id.clone() });
    }
    assert_eq!(world.tokens().await[1].1.state, TokenState::Quarantined);
}

#[tokio::test]
async fn an_employer_who_must_authenticate_again_is_known_at_once() {
    let (world, token) = one_elsewhere().await;
    let (_, id, ..) = world.finch.alive().pop().unwrap();
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    import(&world, &token, ACME).await.unwrap();
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::NeedsReauth));
}

#[tokio::test]
async fn a_token_without_an_employer_waits_for_its_name() {
    let (world, token) = one_elsewhere().await;
    world.finch.hide_company(true);
    let (id, _) = stored(import(&world, &token, ACME).await);
    assert_eq!(world.finch.take_calls(), ["introspect"], "asked once, and not again at once");
    world.finch.hide_company(false);
    everything(&world).await;
    let view = world.app.connection(&customer(ACME), &id).await.unwrap().unwrap();
    assert_eq!(view.company_id.unwrap().as_str(), "c");
}

#[tokio::test]
async fn a_token_that_a_disconnect_covers_is_ended_with_it() {
    let world = world().await;
    let (one, two) = (elsewhere(&world, "c", "x").await, elsewhere(&world, "c", "y").await);
    let (id, _) = stored(import(&world, &one, ACME).await);
    disconnect_in_vain(&world, ACME, &id, || answer(402, "pay")).await;
    let (_, state) = stored(import(&world, &two, ACME).await);
    assert_eq!(state, TokenState::Unverified, "imported since: it waits for the end");
    everything(&world).await;
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn finchs_limit_is_waited_for_however_often_unless_the_run_is_stopped() {
    for (at_most, waits_for) in [(u32::MAX, 20), (10, 10)] {
        let (world, token) = one_elsewhere().await;
        world.fail(20, || limited(90));
        let (waits, looks) = (AtomicU32::new(0), AtomicU32::new(0));
        let on_wait = |wait: Duration| {
            assert!(wait >= Duration::from_secs(90), "{wait:?}");
            waits.fetch_add(1, Ordering::SeqCst);
        };
        let goes_on = || looks.fetch_add(1, Ordering::SeqCst) < at_most;
        let pace = Pace { on_wait: &on_wait, goes_on: &goes_on, ..Pace::of(EVERY) };
        let began = world.system.now_quietly();
        let done = world.app.import(&operator(), &import_of(&token, ACME), pace).await;
        if at_most < u32::MAX {
            assert!(matches!(done, Err(RunError::Stopped)), "{done:?}");
            assert!(world.tokens().await.is_empty());
            continue;
        }
        stored(done);
        assert_eq!(waits.into_inner(), waits_for);
        let waited = world.system.now_quietly().duration_since(began).unsigned_abs();
        assert!(waited >= Duration::from_secs(20 * 90), "{waited:?}");
    }
}

/// After how many failures a run stops: `a_run_that_finch_stops_goes_on_where_it_was`.
#[tokio::test]
async fn a_finch_that_is_down_for_a_moment_is_asked_again() {
    let (world, token) = one_elsewhere().await;
    for status in [503, 502, 500] {
        world.finch.fail_next(answer(status, "later"));
    }
    stored(import(&world, &token, ACME).await);
    assert_eq!(world.finch.take_calls(), ["introspect"; 4]);
}

#[tokio::test]
async fn calls_keep_their_distance() {
    let world = world().await;
    let tokens = [elsewhere(&world, "c", "x").await, elsewhere(&world, "d", "x").await];
    import(&world, &tokens[0], ACME).await.unwrap();
    let began = world.system.now_quietly();
    import(&world, &tokens[1], ACME).await.unwrap();
    let took = world.system.now_quietly().duration_since(began).unsigned_abs();
    assert!(took >= EVERY - Duration::from_millis(50), "{took:?}");
}

#[tokio::test]
async fn an_import_needs_no_more_than_identity() {
    for (said, named, provider, is_enough) in [
        (Some("k"), None, Some("gusto"), true),
        (Some("k"), Some("k"), Some("gusto"), true),
        (None, Some("k"), Some("gusto"), true),
        (None, None, Some("gusto"), false),
        (Some("k"), None, None, false),
    ] {
        let facts = PartialFacts {
            connection_id: said.map(|id| id.parse().unwrap()),
            provider_id: provider.map(|id| id.parse().unwrap()),
            company_id: "c".parse().ok(),
            ..PartialFacts::default()
        };
        let world = world().await;
        let app = saying(&world, Introspection { facts, ..Introspection::default() }).await;
        let connection_id = named.map(|id| id.parse().unwrap());
        let request = ImportRequest { connection_id, ..import_of(&AccessToken::new("t"), ACME) };
        let imported = app.import(&operator(), &request, Pace::of(EVERY)).await;
        if is_enough {
            assert_eq!(stored(imported), ("k".parse().unwrap(), TokenState::Active));
        } else {
            let imported = imported.unwrap();
            let ImportedToken::Undecided { failure } = imported else { panic!("{imported:?}") };
            assert_eq!(failure.kind, FailureKind::Unplaced);
        }
        assert_eq!(world.tokens().await.len(), usize::from(is_enough));
    }
}
