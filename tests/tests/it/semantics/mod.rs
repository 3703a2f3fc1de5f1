//! The rows of the tables of `docs/reliability.md` on disconnects and exchanges that need the whole application.

mod ending;
mod exchange;
mod passes;
pub(crate) mod people;
mod race;
mod reconcilers;
mod revoke;

use std::{pin::pin, time::Duration};

use finch_app::{
    CompleteConnectError, CompletedConnect, ConnectRequest, DisconnectOutcome, Pass, Reconciled,
    TokenError,
};
use finch_core::{
    AccessToken, Answer, AuthorizationCode, Connection, ConnectionFilter, ConnectionId,
    FinchApiError, Flow, InstanceId, Product, RequestId, Selector, State, TokenId,
};
use finch_testkit::{Held, Reach};
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

/// What comes back from Connect.
pub(crate) type Callback = (State, AuthorizationCode);

/// An attempt, and the code of a login with these credentials. The calls to Finch that it took are forgotten, as are those
/// of [`connect`] and of [`disconnect_in_vain`].
pub(crate) async fn begin(world: &World, who: u8, with: &str) -> Callback {
    let begun = world.app.begin_connect(&customer(who), request()).await.expect("an attempt");
    let code = match &begun.reauthenticates {
        Some(id) => world.finch.login_again(id).expect("a live connection"),
        None => world.finch.login("gusto", "c", with, begun.finch_customer_id.as_ref()),
    };
    world.finch.take_calls();
    (begun.state, code)
}

/// The same, in a session of another customer id, or of none.
pub(crate) async fn begin_as(world: &World, who: u8, named: Option<&str>) -> Callback {
    let begun = world.app.begin_connect(&customer(who), request()).await.expect("an attempt");
    let named = named.map(|id| id.parse().expect("an id"));
    (begun.state, world.finch.login("gusto", "c", "x", named.as_ref()))
}

pub(crate) async fn complete(
    world: &World,
    who: u8,
    (state, code): Callback,
) -> Result<CompletedConnect, CompleteConnectError> {
    world.app.complete_connect(&customer(who), state, code).await
}

pub(crate) async fn connect(world: &World, who: u8, with: &str) -> ConnectionId {
    let callback = begin(world, who, with).await;
    let done = complete(world, who, callback).await.expect("a token");
    world.finch.take_calls();
    done.connection_id
}

/// A world with a connection.
pub(crate) async fn connected() -> (World, ConnectionId) {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    (world, id)
}

/// The same, and another customer shares it.
pub(crate) async fn shared() -> (World, ConnectionId) {
    let (world, id) = connected().await;
    connect(&world, BETA, "x").await;
    (world, id)
}

/// A connection of an employer of its own.
pub(crate) async fn connect_to(world: &World, who: u8, company: &str) -> ConnectionId {
    let begun = world.app.begin_connect(&customer(who), request()).await.expect("an attempt");
    let code = world.finch.login("gusto", company, "x", begun.finch_customer_id.as_ref());
    let done = complete(world, who, (begun.state, code)).await.expect("a token");
    world.finch.take_calls();
    done.connection_id
}

/// An exchange of which no answer comes, with or without a token at Finch.
pub(crate) async fn lose_an_exchange(world: &World, takes_effect: bool) {
    let callback = begin(world, ACME, "x").await;
    match takes_effect {
        true => world.finch.lose_next_answer(),
        false => world.finch.fail_next(lost()),
    }
    let lost = complete(world, ACME, callback).await;
    assert!(matches!(lost, Err(CompleteConnectError::Unknown(_))), "{lost:?}");
}

pub(crate) async fn begin_renewal(world: &World, who: u8, id: &ConnectionId) -> Callback {
    let begun = world.app.begin_reauthenticate(&customer(who), id, request()).await;
    let begun = begun.expect("an attempt");
    assert_eq!(begun.reauthenticates.as_ref(), Some(id));
    (begun.state, world.finch.login_again(id).expect("a live connection"))
}

pub(crate) async fn renew(world: &World, who: u8, id: &ConnectionId) -> CompletedConnect {
    let callback = begin_renewal(world, who, id).await;
    complete(world, who, callback).await.expect("a token")
}

/// An exchange begins and waits; meanwhile this happens; then it goes on.
pub(crate) async fn meanwhile(
    world: &World,
    (who, with): (u8, &str),
    held: Held,
    happens: impl AsyncFnOnce(),
) -> Result<CompletedConnect, CompleteConnectError> {
    let callback = begin(world, who, with).await;
    let hold = world.finch.hold_next(held);
    let mut exchange = pin!(complete(world, who, callback));
    tokio::select! {
        _ = &mut exchange => panic!("the exchange waits"),
        () = hold.reached() => {}
    }
    happens().await;
    hold.release();
    exchange.await
}

pub(crate) async fn load(world: &World, id: &ConnectionId) -> Connection {
    let found = world.store.load(Selector::ConnectionId(id), None).await;
    found.expect("the store answers").expect("the connection")
}

pub(crate) async fn states(world: &World, id: &ConnectionId) -> Vec<&'static str> {
    load(world, id).await.tokens.iter().map(|t| t.state.name()).collect()
}

pub(crate) async fn is_sealed(world: &World, token: TokenId) -> bool {
    world.store.sealed(token).await.expect("the store answers").is_some()
}

/// Another instance holds the connection's lease from now on.
pub(crate) async fn lease_elsewhere(world: &World, id: &ConnectionId) {
    let (key, now) = (load(world, id).await.key, world.system.now_quietly());
    let other = InstanceId::new([9; 16]);
    world.store.lease(key, &other, now).await.expect("the store answers");
}

pub(crate) async fn disconnect(world: &World, who: u8, id: &ConnectionId) -> DisconnectOutcome {
    world.app.disconnect(&customer(who), id.clone()).await.expect("the store answers")
}

/// A disconnect that Finch does not answer.
pub(crate) async fn disconnect_in_vain(
    world: &World,
    who: u8,
    id: &ConnectionId,
    why: impl Fn() -> FinchApiError,
) {
    world.fail(200, why);
    let outcome = disconnect(world, who, id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { .. }), "{outcome:?}");
    world.finch.recover();
    world.finch.take_calls();
}

pub(crate) async fn reconcile(world: &World) -> Reconciled {
    world.app.reconcile(&operator(), Pass::Due).await.expect("the store answers")
}

/// A pass that a person asks for.
pub(crate) async fn everything(world: &World) -> Reconciled {
    world.app.reconcile(&operator(), Pass::Everything).await.expect("the store answers")
}

/// Passes of the reconciler, an hour apart, until nothing is left to do.
pub(crate) async fn settle(world: &World) {
    for _ in 0..48 {
        reconcile(world).await;
        world.system.pass(Duration::from_secs(3600));
    }
    assert!(is_at_rest(world).await, "work is left after two days");
}

pub(crate) async fn is_at_rest(world: &World) -> bool {
    let due = world.store.connections(&ConnectionFilter::Due(None), None, 10).await;
    due.expect("the store answers").is_empty()
}

pub(crate) async fn token(world: &World, who: u8, id: &ConnectionId) -> AccessToken {
    world.app.access_token(&customer(who), id, &[]).await.expect("a token").secret
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

/// No answer came.
pub(crate) fn lost() -> FinchApiError {
    FinchApiError::NoAnswer { problem: "lost".into(), sent: true }
}

/// Nothing went out.
pub(crate) fn away() -> FinchApiError {
    FinchApiError::NoAnswer { problem: "refused".into(), sent: false }
}

pub(crate) fn all_revoked(connection: &Connection) -> bool {
    connection.tokens.iter().all(|t| t.state.is_revoked())
}
