//! Which calls are made to Finch, and which are not. A mock without an expectation fails on a call.

use std::sync::Arc;

use finch_app::{CompleteConnectError, DisconnectOutcome, DisconnectRequest, Finch};
use finch_core::{
    AccessToken, Answer, Application, AuthorizationCode, ClientId, FinchApiError, Grant,
    Introspection, NewAttempt, Quarantine, State, TokenFacts, TokenState, TokenStore,
};
use finch_testkit::{MemoryTokenStore, MockFinchApi, application, at, facts, grant, new_attempt};
use finch_tests::{TestSystem, customer, keys, open_attempt, open_finch, operator, store_token};

use crate::semantics::*;

fn mock() -> MockFinchApi {
    let mut api = MockFinchApi::new();
    api.expect_application().return_const(application());
    api
}

/// A host with one open attempt, under the state "s", whose exchange gets this answer.
async fn exchanging(
    mut api: MockFinchApi,
    store: Arc<MemoryTokenStore>,
    attempt: NewAttempt,
    answer: impl FnOnce() -> Result<Grant, FinchApiError> + Send + 'static,
) -> Finch {
    api.expect_exchange().times(1).return_once(|_, _| answer());
    let finch = open_finch(Arc::new(api), store.clone(), Arc::new(TestSystem::default())).await;
    open_attempt(&*store, NewAttempt { expires_at: at(3700), ..attempt }, "s").await;
    finch
}

fn memory() -> Arc<MemoryTokenStore> {
    Arc::new(MemoryTokenStore::new(application()))
}

fn introspected(facts: TokenFacts) -> Introspection {
    Introspection { facts: facts.into(), ..Introspection::default() }
}

fn code() -> AuthorizationCode {
    AuthorizationCode::new("a-code")
}

#[tokio::test]
async fn products_that_the_exchange_leaves_out_are_asked_for_once_the_token_is_stored() {
    let whole = facts("k", "gusto", "c");
    let (said, answer) = (TokenFacts { products: Vec::new(), ..whole.clone() }, whole.clone());
    let mut api = mock();
    api.expect_introspect().times(1).return_once(|_| Ok(introspected(answer)));
    let attempt = new_attempt("customer-0");
    let finch = exchanging(api, memory(), attempt, || Ok(grant("t", said))).await;
    let done = finch.complete_connect(&customer(0), State::new("s"), code()).await.unwrap();
    assert_eq!(done.products, whole.products);
    finch.access_token(&customer(0), &done.connection_id, &done.products).await.unwrap();
}

#[tokio::test]
async fn a_customer_that_only_the_introspection_names_is_enough_without_a_state() {
    let mut named = facts("k", "gusto", "c");
    named.finch_customer_id = "customer-0".parse().ok();
    let mut api = mock();
    api.expect_introspect().times(1).return_once(|_| Ok(introspected(named)));
    let answer = || Ok(grant("t", facts("k", "gusto", "c")));
    let finch = exchanging(api, memory(), new_attempt("customer-0"), answer).await;
    let state = State::new("s");
    let done = finch.complete_connect_without_state(&customer(0), state, code()).await.unwrap();
    assert_eq!(done.token_state, TokenState::Active);
}

#[tokio::test]
async fn a_token_whose_connection_finch_does_not_name_comes_back_with_the_error() {
    let unplaced = || {
        // The question that would have named it was not looked at.
        let source = Box::new(Answer { status: 402, ..Answer::default() }.into_error());
        Err(FinchApiError::Unplaced { secret: AccessToken::new("canary"), source })
    };
    let finch = exchanging(mock(), memory(), new_attempt("customer-0"), unplaced).await;
    let complete = async || finch.complete_connect(&customer(0), State::new("s"), code()).await;
    let error = complete().await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
    assert_eq!(error.into_token().unwrap().expose(), "canary");
    assert_eq!(finch.possible_orphans(&customer(0)).all().await.unwrap().len(), 1);
    let again = complete().await.unwrap_err();
    assert!(matches!(again, CompleteConnectError::Unknown(_)), "{again:?}");
}

/// The token's own connection is at another provider: that is a conflict (R5), whatever customer Finch names.
#[tokio::test]
async fn a_renewal_that_comes_back_with_another_provider_is_a_conflict() {
    for (provider, company) in [("justworks", "c"), ("justworks", ""), ("gusto", "d")] {
        for named_customer in [None, Some("customer-0"), Some("another")] {
            let mut odd = facts("k", provider, company);
            odd.finch_customer_id = named_customer.and_then(|id| id.parse().ok());
            let store = memory();
            let known = grant("t1", facts("k", "gusto", "c"));
            store_token(store.clone(), "customer-0", known).await;
            let renewal =
                NewAttempt { reauthenticates: "k".parse().ok(), ..new_attempt("customer-0") };
            let finch = exchanging(mock(), store, renewal, || Ok(grant("t2", odd))).await;
            for _ in 0..2 {
                let done = finch.complete_connect(&customer(0), State::new("s"), code()).await;
                let what = format!("{provider} {company} {named_customer:?}: {done:?}");
                let Err(CompleteConnectError::Quarantined { reason, .. }) = done else {
                    panic!("{what}")
                };
                assert_eq!(reason, Quarantine::Conflict, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_store_of_another_application_is_refused_before_any_call() {
    let other = Application { client_id: ClientId::new("another").unwrap(), ..application() };
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokenStore::new(other));
    let error = Finch::builder(Arc::new(mock()), store, keys()).open().await.unwrap_err();
    assert!(error.to_string().contains("another"), "{error}");
}

#[tokio::test]
async fn anothers_connection_at_finch_is_not_renewed_but_passed_over() {
    let world = world().await;
    let theirs = connect(&world, BETA, "x").await;
    let (finch_code, connection_id) = (Some("connection_already_exists".into()), Some(theirs));
    let exists = Answer { status: 400, finch_code, connection_id, ..Answer::default() };
    world.finch.fail_next(exists.into_error());
    let begun = world.app.begin_connect(&customer(ACME), request()).await.unwrap();
    assert_eq!(begun.reauthenticates, None);
    assert_eq!(begun.finch_customer_id.unwrap().as_str(), "customer-0~2");
}

#[tokio::test]
async fn a_customer_sees_its_own_tokens_only() {
    let (world, id) = shared().await;
    connect(&world, BETA, "x").await;
    world.fail(200, || answer(503, "later"));
    let everyone = DisconnectRequest { for_everyone: Some("why".into()), ..id.clone().into() };
    let outcome = world.app.disconnect(&operator(), everyone).await.unwrap();
    assert!(matches!(outcome, DisconnectOutcome::Pending { unproven: 3, .. }), "{outcome:?}");
    // The newest token, which was tried, is the other customer's.
    let outcome = world.app.disconnect(&customer(ACME), id).await.unwrap();
    let own = matches!(outcome, DisconnectOutcome::Pending { unproven: 1, trouble: None, .. });
    assert!(own, "{outcome:?}");
}

#[tokio::test]
async fn a_customers_plan_asks_finch_about_its_own_tokens_only() {
    let world = world().await;
    world.finch.hide_company(true);
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    world.finch.fail_next(answer(401, "invalid_token"));
    world.app.plan_disconnect(&customer(ACME), id.clone()).await.unwrap();
    assert_eq!(world.finch.take_calls(), ["introspect"]);
    assert_eq!(states(&world, &id).await, ["revoked", "active"]);
    token(&world, BETA, &id).await;
}

#[tokio::test]
async fn all_connections_of_a_customer_are_disconnected_and_no_other() {
    let world = world().await;
    let own = [connect_to(&world, ACME, "c").await, connect_to(&world, ACME, "d").await];
    let other = connect_to(&world, BETA, "e").await;
    assert_eq!(world.app.disconnect_all(&customer(ACME)).await.unwrap().len(), 2);
    assert!(world.app.disconnect_all(&customer(ACME)).await.unwrap().is_empty());
    for id in &own {
        assert!(all_revoked(&load(&world, id).await));
    }
    token(&world, BETA, &other).await;
}

#[tokio::test]
async fn requests_at_once_are_one_disconnect_with_one_outcome() {
    let (world, id) = connected().await;
    let ask = |_| {
        let (finch, id) = (world.app.clone(), id.clone());
        tokio::spawn(async move { finch.disconnect(&customer(ACME), id).await.unwrap() })
    };
    for asked in (0..20).map(ask).collect::<Vec<_>>() {
        let outcome = asked.await.unwrap();
        let ended = DisconnectOutcome::Disconnected { tokens: 1 };
        assert!([ended, DisconnectOutcome::AlreadyDisconnected].contains(&outcome), "{outcome:?}");
    }
    assert_eq!(world.finch.take_calls(), ["disconnect", "introspect"]);
}
