//! What `/auth/token` leaves out, and what becomes of the token.

use finch_app::CompleteConnectError;
use finch_core::{
    AccessToken, Answer, AuthorizationCode, FinchApiError, Introspection, State, TokenState,
    testing::{facts, grant},
};
use finch_tests::customer;

use crate::calls::{memory, mock, open, wire};

#[tokio::test]
async fn products_that_the_exchange_leaves_out_are_asked_for_once_the_token_is_stored() {
    let store = memory();
    open(&store, "s", 3600).await;
    let mut said = facts("k", "gusto", "c");
    said.products.clear();
    let mut api = mock();
    api.expect_exchange().times(1).returning(move |_, _| Ok(grant("t", said.clone())));
    api.expect_introspect().times(1).returning(|_| {
        let facts = facts("k", "gusto", "c").into();
        Ok(Introspection { facts, ..Introspection::default() })
    });
    let finch = wire(api, store);
    let scope = customer(0);
    let code = AuthorizationCode::new("c");
    let done = finch.complete_connect(&scope, State::new("s"), code).await.unwrap();
    assert_eq!(done.products, facts("k", "gusto", "c").products);
    finch.access_token(&scope, &done.connection_id, &done.products).await.unwrap();
}

#[tokio::test]
async fn a_customer_that_only_the_introspection_names_is_enough_without_a_state() {
    let mut api = mock();
    api.expect_exchange().times(1).returning(|_, _| Ok(grant("t", facts("k", "gusto", "c"))));
    api.expect_introspect().times(1).returning(|_| {
        let mut facts = facts("k", "gusto", "c");
        facts.finch_customer_id = "customer-0".parse().ok();
        Ok(Introspection { facts: facts.into(), ..Introspection::default() })
    });
    let store = memory();
    open(&store, "s", 3600).await;
    let finch = wire(api, store);
    let (scope, code) = (customer(0), AuthorizationCode::new("c"));
    let done = finch.complete_connect_without_state(&scope, State::new("s"), code).await.unwrap();
    assert_eq!(done.token_state, TokenState::Active);
}

#[tokio::test]
async fn a_token_whose_connection_finch_does_not_name_comes_back_with_the_error() {
    let mut api = mock();
    api.expect_exchange().times(1).returning(|_, _| {
        let answer = Some(Box::new(Answer { status: 200, ..Answer::default() }));
        let problem = "provider_id is missing".to_owned();
        let source = Box::new(FinchApiError::Unreadable { problem, answer });
        Err(FinchApiError::Unplaced { secret: AccessToken::new("canary"), source })
    });
    let store = memory();
    open(&store, "s", 3600).await;
    let finch = wire(api, store);
    let scope = customer(0);
    let complete = || finch.complete_connect(&scope, State::new("s"), AuthorizationCode::new("c"));
    let error = complete().await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
    assert_eq!(error.into_token().unwrap().expose(), "canary");
    assert_eq!(finch.possible_orphans(&scope, None, 10).await.unwrap().len(), 1);
    let again = complete().await.unwrap_err();
    assert!(matches!(again, CompleteConnectError::Unknown(_)), "{again:?}");
}
