//! Where exchanges end.

use std::pin::pin;

use finch_app::{CompleteConnectError as E, Quarantine};
use finch_core::{ABANDONED_AFTER, FinchApiError, TokenState};
use finch_testkit::Held;
use finch_tests::operator;

use super::*;

#[tokio::test]
async fn the_same_state_and_code_again_give_the_first_result() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    let complete = async |state: &State, code| {
        world.app.complete_connect(&customer(ACME), state.clone(), code).await
    };
    let first = complete(&state, code.clone()).await.unwrap();
    world.finch.take_calls();
    assert_eq!(complete(&state, code).await.unwrap(), first);
    for (code, refusal) in [("another", E::StateUsed), ("", E::NoCode)] {
        let refused = complete(&state, AuthorizationCode::new(code)).await.unwrap_err();
        assert_eq!(std::mem::discriminant(&refused), std::mem::discriminant(&refusal), "{code}");
    }
    assert!(world.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_code_that_may_have_gone_out_is_never_sent_again() {
    for error in [lost(), answer(500, "x"), answer(503, "x"), answer(408, "x"), answer(301, "")] {
        let world = world().await;
        let (state, code) = begin(&world, ACME, "x").await;
        world.finch.take_calls();
        world.finch.fail_next(error);
        for _ in 0..2 {
            let result =
                world.app.complete_connect(&customer(ACME), state.clone(), code.clone()).await;
            assert!(matches!(result, Err(E::Unknown(_))), "{result:?}");
        }
        reconcile(&world).await;
        assert_eq!(world.finch.take_calls(), ["exchange"]);
        assert_eq!(world.orphans().await, 1);
        let others = world.app.possible_orphans(&customer(BETA)).all().await.unwrap();
        assert!(others.is_empty(), "not another customer's");
    }
}

#[tokio::test]
async fn a_code_that_did_not_go_out_may_be_sent_again() {
    let refused = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
    for error in [refused, answer(429, "x"), answer(402, "x")] {
        let world = world().await;
        let (state, code) = begin(&world, ACME, "x").await;
        world.finch.fail_next(error);
        let complete =
            async || world.app.complete_connect(&customer(ACME), state.clone(), code.clone()).await;
        assert!(matches!(complete().await, Err(E::NotSent(_))));
        complete().await.expect("a token");
    }
}

#[tokio::test]
async fn a_lost_exchange_is_cleared_by_the_next_token_of_its_connection() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    world.finch.lose_next_answer();
    let lost = world.app.complete_connect(&customer(ACME), state, code).await;
    assert!(matches!(lost, Err(E::Unknown(_))));
    assert_eq!(world.orphans().await, 1);
    let id = connect(&world, ACME, "x").await;
    assert_eq!(world.orphans().await, 0);
    assert_eq!(world.finch.alive().len(), 2);
    disconnect(&world, ACME, &id).await;
    assert!(world.finch.alive().is_empty(), "one disconnect ends both");
}

#[tokio::test]
async fn a_token_of_another_customer_id_is_quarantined_and_never_makes_a_connection_shared() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let begun = world.app.begin_connect(&customer(BETA), request()).await.unwrap();
    let other = "another".parse().unwrap();
    let code = world.finch.login("gusto", "c", "x", Some(&other));
    let error = world.app.complete_connect(&customer(BETA), begun.state, code).await.unwrap_err();
    let reason = Quarantine::OtherCustomer;
    assert!(matches!(error, E::Quarantined { reason: r, .. } if r == reason), "{error:?}");
    assert_eq!(states(&world, &id).await, ["active", "quarantined"]);
    let plan = world.app.plan_disconnect(&customer(ACME), id.clone()).await.unwrap();
    assert!(!plan.shared);
    disconnect(&world, ACME, &id).await;
    assert!(all_revoked(&load(&world, &id).await), "and it is covered");
}

#[tokio::test]
async fn a_token_without_a_customer_id_is_accepted_on_the_state() {
    let world = world().await;
    let begun = world.app.begin_connect(&customer(ACME), request()).await.unwrap();
    let code = world.finch.login("gusto", "c", "x", None);
    let done = world.app.complete_connect(&customer(ACME), begun.state, code).await.unwrap();
    assert_eq!(done.token_state, TokenState::Active);
}

/// A connection, and a lost token of its renewal.
async fn lose_a_renewal(world: &World) -> ConnectionId {
    let id = connect(world, ACME, "x").await;
    let begun = world.app.begin_reauthenticate(&customer(ACME), &id, request()).await.unwrap();
    let code = world.finch.login_again(&id).unwrap();
    world.finch.lose_next_answer();
    let lost = world.app.complete_connect(&customer(ACME), begun.state, code).await;
    assert!(matches!(lost, Err(E::Unknown(_))));
    id
}

/// An operator vouches for the stored tokens, and not for a lost one; and what Finch
/// refused before that one was issued proves nothing.
#[tokio::test]
async fn a_lost_renewal_stays_listed_when_an_operator_closed_its_connection() {
    for refused_before in [false, true] {
        let world = world().await;
        if refused_before {
            let id = connect(&world, ACME, "x").await;
            let token = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
            connect(&world, ACME, "x").await;
            world.finch.fail_next(answer(401, "invalid_token"));
            world.app.report_unauthorized(&customer(ACME), &token).await.unwrap();
            assert_eq!(states(&world, &id).await, ["revoked", "active"]);
            world.system.pass(finch_core::LATE_EFFECT);
        }
        let id = lose_a_renewal(&world).await;
        for _ in 0..100 {
            let refused = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
            world.finch.fail_next(refused);
        }
        disconnect(&world, ACME, &id).await;
        world.app.close_disconnect(&operator(), &id, "it looks ended").await.unwrap();
        world.finch.recover();
        reconcile(&world).await;
        assert_eq!(world.orphans().await, 1, "refused before: {refused_before}");
    }
}

#[tokio::test]
async fn a_lost_renewal_is_cleared_when_its_connection_has_ended() {
    let world = world().await;
    let id = lose_a_renewal(&world).await;
    reconcile(&world).await;
    assert_eq!(world.orphans().await, 1);
    disconnect(&world, ACME, &id).await;
    reconcile(&world).await;
    assert_eq!(world.orphans().await, 0);
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn a_lost_exchange_that_may_take_effect_later_is_listed_again_when_its_cover_ends() {
    let world = world().await;
    for waits in [false, true] {
        let (state, code) = begin(&world, ACME, "x").await;
        world.finch.fail_next(lost());
        world.app.complete_connect(&customer(ACME), state, code).await.unwrap_err();
        assert_eq!(world.orphans().await, 1);
        let id = connect(&world, ACME, "x").await;
        assert_eq!(world.orphans().await, 0, "one disconnect would end both");
        if waits {
            world.system.pass(finch_core::LATE_EFFECT);
            reconcile(&world).await;
        }
        disconnect(&world, ACME, &id).await;
        reconcile(&world).await;
        // Ended within the 7 minutes, the lost one may come to life after that end.
        assert_eq!(world.orphans().await, usize::from(!waits));
        for lost in world.app.possible_orphans(&operator()).all().await.unwrap() {
            world.app.dismiss_orphan(&operator(), lost.exchange, "seen to").await.unwrap();
        }
    }
}

/// An exchange that another process has taken for abandoned, and has cleared, goes out at last, and its answer
/// is lost: its token came after the end of what was to cover it.
#[tokio::test]
async fn an_exchange_that_was_taken_for_abandoned_is_listed_when_its_answer_is_lost() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    let hold = world.finch.hold_next_exchange(Held::BeforeItsEffect);
    let scope = customer(ACME);
    let mut exchange = pin!(world.app.complete_connect(&scope, state, code));
    tokio::select! {
        _ = &mut exchange => panic!("the exchange waits"),
        () = hold.reached() => {}
    }
    world.system.pass(ABANDONED_AFTER);
    let another = world.another_process().await;
    let (state, code) = begin(&world, ACME, "x").await;
    let id = another.complete_connect(&customer(ACME), state, code).await.unwrap().connection_id;
    assert!(another.possible_orphans(&operator()).all().await.unwrap().is_empty());
    disconnect(&world, ACME, &id).await;
    another.reconcile(&operator(), Pass::Due).await.unwrap();
    world.finch.lose_next_answer();
    hold.release();
    assert!(matches!(exchange.await, Err(E::Unknown(_))));
    reconcile(&world).await;
    assert_eq!(world.finch.alive().len(), 1);
    assert_eq!(another.possible_orphans(&operator()).all().await.unwrap().len(), 1);
}

/// The connection of the later token ends from Finch's dashboard before the lost exchange takes effect.
#[tokio::test]
async fn a_lost_exchange_is_listed_again_when_finch_refuses_the_later_token() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    world.finch.fail_next(lost());
    world.app.complete_connect(&customer(ACME), state, code).await.unwrap_err();
    let id = connect(&world, ACME, "x").await;
    world.finch.end_from_dashboard(&id);
    world.system.pass(finch_core::LATE_EFFECT);
    let report = world.app.reconcile(&operator(), Pass::Due).await.unwrap();
    assert_eq!(report.refused, 1, "Finch was asked");
    assert_eq!(world.orphans().await, 1);
    assert!(all_revoked(&load(&world, &id).await));
}

#[tokio::test]
async fn a_clock_that_jumps_takes_no_lost_exchange_off_the_list() {
    let year = 365 * 24 * 3600;
    for jump in [year, -year] {
        let world = world().await;
        let (state, code) = begin(&world, ACME, "x").await;
        world.finch.fail_next(lost());
        world.app.complete_connect(&customer(ACME), state, code).await.unwrap_err();
        world.system.set_forward(jump);
        let id = connect(&world, ACME, "x").await;
        reconcile(&world).await;
        disconnect(&world, ACME, &id).await;
        reconcile(&world).await;
        assert_eq!(world.orphans().await, 1, "it may come to life after that end: {jump}");
    }
}

/// An operator vouches for the tokens that are stored, and not for one that is not.
#[tokio::test]
async fn a_lost_exchange_is_listed_again_when_an_operator_closes_its_connection() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    world.finch.lose_next_answer();
    world.app.complete_connect(&customer(ACME), state, code).await.unwrap_err();
    let id = connect(&world, ACME, "x").await;
    world.system.pass(finch_core::LATE_EFFECT);
    reconcile(&world).await;
    world.fail(100, || FinchApiError::NoAnswer { problem: "refused".into(), sent: false });
    disconnect(&world, ACME, &id).await;
    assert_eq!(world.orphans().await, 0, "one disconnect will end both");
    world.app.close_disconnect(&operator(), &id, "it looks ended").await.unwrap();
    world.finch.recover();
    assert_eq!(world.finch.alive().len(), 2);
    assert_eq!(world.orphans().await, 1);
    reconcile(&world).await;
    assert_eq!(world.orphans().await, 1);
}
