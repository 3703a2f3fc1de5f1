//! Using a token, and what happens when Finch says 401.

use finch_app::{TokenError, Unauthorized};
use finch_core::{AccessToken, ConnectionStatus, Product};
use finch_tests::{Step, World, customer, operator};

use crate::semantics::*;

async fn report(world: &World, token: &AccessToken) -> Unauthorized {
    world.app.report_unauthorized(&customer(ACME), token).await.unwrap()
}

#[tokio::test]
async fn the_hosts_word_alone_revokes_nothing() {
    let (world, id) = connected().await;
    let token = token(&world, ACME, &id).await;
    assert_eq!(report(&world, &token).await, Unauthorized::StillAccepted);
    for kind in 0..6 {
        world.step(Step::FailNext(kind)).await;
        assert_ne!(report(&world, &token).await, Unauthorized::Revoked, "failure {kind}");
        assert_eq!(report(&world, &token).await, Unauthorized::StillAccepted, "after {kind}");
    }
    world.app.access_token(&customer(ACME), &id, &[]).await.unwrap();
    let foreign = world.app.report_unauthorized(&customer(BETA), &token).await.unwrap_err();
    assert!(matches!(foreign, TokenError::NotFound));
}

#[tokio::test]
async fn a_report_notes_that_an_employer_must_authenticate_again() {
    let (world, id) = connected().await;
    let old = token(&world, ACME, &id).await;
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    assert_eq!(report(&world, &old).await, Unauthorized::NeedsReauth);
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::NeedsReauth));
    assert_eq!(renew(&world, ACME, &id).await.connection_id, id);
    assert_ne!(token(&world, ACME, &id).await.expose(), old.expose());
}

#[tokio::test]
async fn products_decide_which_token_is_handed_out() {
    let (world, id) = connected().await;
    let access = async |product| world.app.access_token(&customer(ACME), &id, &[product]).await;
    access(Product::Company).await.unwrap();
    let missing = access(Product::Ssn).await.unwrap_err();
    let TokenError::ProductsNotGranted { granted } = missing else { panic!("{missing}") };
    assert_eq!(granted, [Product::Company, Product::Directory]);
}

/// A token that goes by another name than was asked for is read with its connection: a fence may come between (I4).
#[tokio::test]
async fn a_fence_between_two_reads_hands_nothing_out() {
    let (world, first) = connected().await;
    world.finch.end_from_dashboard(&first);
    let second = connect(&world, ACME, "x").await;
    assert_ne!(first, second, "two names of one connection");
    // Its first use is noted, so that a use reads twice and no more.
    token(&world, ACME, &second).await;
    let other = world.another_process().await;
    let end = async move { drop(other.disconnect(&operator(), second).await.unwrap()) };
    let app = world.overtaken(("load", 0), end).await;
    let refused = app.access_token(&customer(ACME), &first, &[]).await.unwrap_err();
    assert!(matches!(refused, TokenError::Disconnected), "{refused:?}");
}

#[tokio::test]
async fn an_existing_connection_at_finch_is_renewed_not_doubled() {
    let world = world().await;
    // Finch knows a connection of this customer id that this store does not: a lost answer.
    lose_an_exchange(&world, true).await;
    let begun = world.app.begin_connect(&customer(ACME), request()).await.unwrap();
    assert_eq!(begun.reauthenticates.as_ref(), Some(&world.finch.alive()[0].1));
    // Of the second one, too, which goes by `customer-0~2`, the answer is lost. Another customer of that id does
    // not renew it.
    connect(&world, ACME, "x").await;
    world.step(Step::ConnectAndLoseTheAnswer([ACME, 0, 1, 0])).await;
    let other = finch_core::CustomerScope::new("customer-0~2".parse().unwrap());
    let begun = world.app.begin_connect(&other, request()).await.unwrap();
    assert_eq!(begun.reauthenticates, None);
}
