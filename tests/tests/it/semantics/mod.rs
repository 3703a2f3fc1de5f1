//! Each row of the tables of `docs/reliability.md` on disconnects and exchanges, with a test named after it.

mod ending;
mod exchange;
mod passes;
mod people;
mod race;
mod reconcilers;
mod revoke;

use finch_app::{ConnectRequest, DisconnectOutcome, Pass, TokenError};
use finch_core::{
    Answer, AuthorizationCode, Connection, ConnectionId, FinchApiError, Flow, Product, RequestId,
    Selector, State, TokenState,
};
use finch_testkit::Reach;
use finch_tests::{World, customer, operator};

/// Customers of the same employer, at the same provider.
pub(crate) const ACME: u8 = 0;
pub(crate) const BETA: u8 = 1;

pub(crate) async fn world() -> World {
    World::in_memory(Reach::Pair).await
}

pub(crate) fn request() -> ConnectRequest {
    ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded)
}

/// An attempt, and the code of a login with these credentials.
pub(crate) async fn begin(world: &World, who: u8, with: &str) -> (State, AuthorizationCode) {
    let begun = world.app.begin_connect(&customer(who), request()).await.expect("an attempt");
    let code = match &begun.reauthenticates {
        Some(id) => world.finch.login_again(id).expect("a live connection"),
        None => world.finch.login("gusto", "c", with, begun.finch_customer_id.as_ref()),
    };
    (begun.state, code)
}

pub(crate) async fn connect(world: &World, who: u8, with: &str) -> ConnectionId {
    let (state, code) = begin(world, who, with).await;
    let connected = world.app.complete_connect(&customer(who), state, code).await;
    connected.expect("a token").connection_id
}

/// A connection of an employer of its own.
pub(crate) async fn connect_to(world: &World, who: u8, company: &str) -> ConnectionId {
    let begun = world.app.begin_connect(&customer(who), request()).await.expect("an attempt");
    let code = world.finch.login("gusto", company, "x", begun.finch_customer_id.as_ref());
    let connected = world.app.complete_connect(&customer(who), begun.state, code).await;
    connected.expect("a token").connection_id
}

pub(crate) async fn load(world: &World, id: &ConnectionId) -> Connection {
    let found =
        world.store.load(Selector::ConnectionId(id), None).await.expect("the store answers");
    found.expect("the connection")
}

pub(crate) async fn states(world: &World, id: &ConnectionId) -> Vec<&'static str> {
    load(world, id).await.tokens.iter().map(|t| t.state.name()).collect()
}

pub(crate) async fn disconnect(world: &World, who: u8, id: &ConnectionId) -> DisconnectOutcome {
    world.app.disconnect(&customer(who), id.clone()).await.expect("the store answers")
}

pub(crate) async fn reconcile(world: &World) {
    world.app.reconcile(&operator(), Pass::Due).await.expect("the store answers");
}

/// Passes of the reconciler, an hour apart, until nothing is left to do.
pub(crate) async fn settle(world: &World) {
    for _ in 0..48 {
        reconcile(world).await;
        world.system.pass(std::time::Duration::from_secs(3600));
    }
    let left = world
        .store
        .connections(&finch_core::ConnectionFilter::Due(None), None, 10)
        .await
        .expect("the store answers");
    assert!(left.is_empty(), "work is left after two days");
}

pub(crate) async fn why_none(world: &World, who: u8, id: &ConnectionId) -> TokenError {
    world.app.access_token(&customer(who), id, &[]).await.expect_err("no token")
}

/// An answer of Finch's with this status and name.
pub(crate) fn answer(status: u16, name: &str) -> FinchApiError {
    Answer {
        status,
        finch_shaped: !name.is_empty(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        request_id: RequestId::new("request-7").ok(),
        ..Answer::default()
    }
    .into_error()
}

pub(crate) fn lost() -> FinchApiError {
    FinchApiError::NoAnswer { problem: "lost".into(), sent: true }
}

pub(crate) fn all_revoked(connection: &Connection) -> bool {
    connection.tokens.iter().all(|t| matches!(t.state, TokenState::Revoked { .. }))
}
