//! Using a token, and what happens when Finch says 401.

use finch_app::{ConnectRequest, TokenError, Unauthorized};
use finch_core::{AccessToken, ConnectionId, ConnectionStatus, Flow, Product};
use finch_testkit::Reach;
use finch_tests::{Step, World, customer};

async fn connected(world: &World) -> ConnectionId {
    world.step(Step::Connect { customer: 0, provider: 0, company: 0, credentials: 0 }).await;
    let views = world.app.connections(&customer(0)).page(None, 10).await.unwrap();
    views.items[0].connection_ids[0].clone()
}

async fn report(world: &World, token: &AccessToken) -> Unauthorized {
    world.app.report_unauthorized(&customer(0), token).await.unwrap()
}

#[tokio::test]
async fn the_hosts_word_alone_revokes_nothing() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world).await;
    let token = world.app.access_token(&customer(0), &id, &[]).await.unwrap().secret;
    assert_eq!(report(&world, &token).await, Unauthorized::StillAccepted);
    for kind in 0..6 {
        world.step(Step::FailNext { kind }).await;
        let said = report(&world, &token).await;
        assert_ne!(said, Unauthorized::Revoked, "failure {kind}");
        assert_eq!(
            report(&world, &token).await,
            Unauthorized::StillAccepted,
            "after failure {kind}"
        );
    }
    world.app.access_token(&customer(0), &id, &[]).await.unwrap();
    let foreign = world.app.report_unauthorized(&customer(1), &token).await.unwrap_err();
    assert!(matches!(foreign, TokenError::NotFound));
}

#[tokio::test]
async fn reauth_keeps_the_token_and_a_new_one_joins() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world).await;
    let token = world.app.access_token(&customer(0), &id, &[]).await.unwrap().secret;
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    assert_eq!(report(&world, &token).await, Unauthorized::NeedsReauth);
    let needs = world.app.access_token(&customer(0), &id, &[]).await.unwrap_err();
    assert!(matches!(needs, TokenError::NeedsReauth), "{needs}");
    world.step(Step::Reauthenticate { customer: 0, which: 0 }).await;
    let new = world.app.access_token(&customer(0), &id, &[]).await.unwrap();
    assert_ne!(new.secret.expose(), token.expose());
    assert_eq!(new.connection_id, id);
}

#[tokio::test]
async fn products_decide_which_token_is_handed_out() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connected(&world).await;
    world.app.access_token(&customer(0), &id, &[Product::Company]).await.unwrap();
    let missing = world.app.access_token(&customer(0), &id, &[Product::Ssn]).await.unwrap_err();
    let TokenError::ProductsNotGranted { granted } = missing else { panic!("{missing}") };
    assert_eq!(granted, [Product::Company, Product::Directory]);
}

#[tokio::test]
async fn an_existing_connection_at_finch_is_renewed_not_doubled() {
    let world = World::in_memory(Reach::Pair).await;
    // Finch knows a connection of this customer id that this store does not: a lost answer.
    world.step(Step::ConnectAndLoseTheAnswer { customer: 0, provider: 0, company: 0 }).await;
    assert_eq!(world.finch.alive().len(), 1);
    let request = ConnectRequest::new("Customer", vec![Product::Company], Flow::Embedded);
    let begun = world.app.begin_connect(&customer(0), request.clone()).await.unwrap();
    let (_, existing, ..) = &world.finch.alive()[0];
    assert_eq!(begun.reauthenticates.as_ref(), Some(existing));
    // Of the second one, too, which goes by `customer-0~2`, the answer is lost. Another customer of that id does
    // not renew it.
    connected(&world).await;
    world.step(Step::ConnectAndLoseTheAnswer { customer: 0, provider: 0, company: 1 }).await;
    let other = finch_core::CustomerScope::new("customer-0~2".parse().unwrap());
    let begun = world.app.begin_connect(&other, request).await.unwrap();
    assert_eq!(begun.reauthenticates, None);
}
