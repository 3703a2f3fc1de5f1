//! Where exchanges end.

use finch_app::{CompleteConnectError as E, Quarantine};
use finch_core::{ABANDONED_AFTER, LATE_EFFECT};

use super::*;

#[tokio::test]
async fn the_same_state_and_code_again_give_the_first_result() {
    let world = world().await;
    let callback = begin(&world, ACME, "x").await;
    let first = complete(&world, ACME, callback.clone()).await.unwrap();
    world.finch.take_calls();
    assert_eq!(complete(&world, ACME, callback.clone()).await.unwrap(), first);
    for (code, refusal) in [("another", E::StateUsed), ("", E::NoCode)] {
        let other = (callback.0.clone(), AuthorizationCode::new(code));
        let refused = complete(&world, ACME, other).await.unwrap_err();
        assert_eq!(std::mem::discriminant(&refused), std::mem::discriminant(&refusal), "{code}");
    }
    assert!(world.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_code_that_may_have_gone_out_is_never_sent_again() {
    for error in [lost(), answer(500, "x"), answer(503, "x"), answer(408, "x"), answer(301, "")] {
        let world = world().await;
        let callback = begin(&world, ACME, "x").await;
        world.finch.fail_next(error);
        for _ in 0..2 {
            let result = complete(&world, ACME, callback.clone()).await;
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
    for error in [away(), answer(429, "x"), answer(402, "x")] {
        let world = world().await;
        let callback = begin(&world, ACME, "x").await;
        world.finch.fail_next(error);
        let failed = complete(&world, ACME, callback.clone()).await;
        assert!(matches!(failed, Err(E::NotSent(_))), "{failed:?}");
        complete(&world, ACME, callback).await.expect("a token");
    }
}

#[tokio::test]
async fn a_lost_exchange_is_cleared_by_the_next_token_of_its_connection() {
    let world = world().await;
    lose_an_exchange(&world, true).await;
    assert_eq!(world.orphans().await, 1);
    let id = connect(&world, ACME, "x").await;
    assert_eq!(world.orphans().await, 0);
    assert_eq!(world.finch.alive().len(), 2);
    disconnect(&world, ACME, &id).await;
    assert!(world.finch.alive().is_empty(), "one disconnect ends both");
}

#[tokio::test]
async fn a_token_of_another_customer_id_is_quarantined_and_never_makes_a_connection_shared() {
    let (world, id) = connected().await;
    let callback = begin_as(&world, BETA, Some("another")).await;
    let error = complete(&world, BETA, callback).await.unwrap_err();
    let reason = Quarantine::OtherCustomer;
    assert!(matches!(error, E::Quarantined { reason: r, .. } if r == reason), "{error:?}");
    assert_eq!(states(&world, &id).await, ["active", "quarantined"]);
    let plan = world.app.plan_disconnect(&customer(ACME), id.clone()).await.unwrap();
    assert!(!plan.shared);
    disconnect(&world, ACME, &id).await;
    assert!(all_revoked(&load(&world, &id).await), "and it is covered");
}

/// A connection, and a lost token of its renewal.
async fn lose_a_renewal(world: &World) -> ConnectionId {
    let id = connect(world, ACME, "x").await;
    let callback = begin_renewal(world, ACME, &id).await;
    world.finch.lose_next_answer();
    assert!(matches!(complete(world, ACME, callback).await, Err(E::Unknown(_))));
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
            let token = token(&world, ACME, &id).await;
            connect(&world, ACME, "x").await;
            world.finch.fail_next(answer(401, "invalid_token"));
            world.app.report_unauthorized(&customer(ACME), &token).await.unwrap();
            assert_eq!(states(&world, &id).await, ["revoked", "active"]);
            world.system.pass(LATE_EFFECT);
        }
        let id = lose_a_renewal(&world).await;
        disconnect_in_vain(&world, ACME, &id, away).await;
        world.app.close_disconnect(&operator(), &id, "it looks ended").await.unwrap();
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
    for waits in [false, true] {
        let world = world().await;
        lose_an_exchange(&world, false).await;
        assert_eq!(world.orphans().await, 1);
        let id = connect(&world, ACME, "x").await;
        assert_eq!(world.orphans().await, 0, "one disconnect would end both");
        if waits {
            world.system.pass(LATE_EFFECT);
            reconcile(&world).await;
        }
        disconnect(&world, ACME, &id).await;
        reconcile(&world).await;
        // Ended within the 7 minutes, the lost one may come to life after that end.
        assert_eq!(world.orphans().await, usize::from(!waits));
    }
}

/// A renewal of a connection that is not stored shows that an exchange has made it: but not which, while another one's
/// answer is awaited.
#[tokio::test]
async fn a_lost_exchange_is_listed_again_when_another_may_have_made_the_renewed_connection() {
    for another in [false, true] {
        let world = world().await;
        lose_an_exchange(&world, !another).await;
        let renew_and_end = async || {
            let id = connect(&world, ACME, "x").await;
            disconnect(&world, ACME, &id).await;
            reconcile(&world).await;
            assert_eq!(world.orphans().await, usize::from(another));
        };
        if another {
            let held = Held::BeforeItsAnswer;
            drop(meanwhile(&world, (ACME, "x"), held, renew_and_end).await);
        } else {
            renew_and_end().await;
        }
    }
}

/// The same where that answer is stored right after the renewal's.
#[tokio::test]
async fn a_lost_exchange_is_listed_again_when_another_had_made_the_renewed_connection() {
    let world = world().await;
    lose_an_exchange(&world, false).await;
    let (state, code) = begin(&world, ACME, "x").await;
    let (hold, other) =
        (world.finch.hold_next(Held::BeforeItsAnswer), world.another_process().await);
    let exchange =
        tokio::spawn(async move { other.complete_connect(&customer(ACME), state, code).await });
    hold.reached().await;
    let (state, code) = begin(&world, ACME, "x").await;
    let stored = async move {
        hold.release();
        exchange.await.unwrap().unwrap();
    };
    let app = world.overtaken(("possible_orphans", 0), stored).await;
    let renewed = app.complete_connect(&customer(ACME), state, code).await.unwrap();
    disconnect(&world, ACME, &renewed.connection_id).await;
    reconcile(&world).await;
    assert_eq!(world.orphans().await, 1, "it may take effect after that end");
}

/// An exchange that another process has taken for abandoned, and has cleared, goes out at last, and its answer
/// is lost: its token came after the end of what was to cover it.
#[tokio::test]
async fn an_exchange_that_was_taken_for_abandoned_is_listed_when_its_answer_is_lost() {
    let world = world().await;
    let another = world.another_process().await;
    let lost = meanwhile(&world, (ACME, "x"), Held::BeforeItsEffect, async || {
        world.system.pass(ABANDONED_AFTER);
        let (state, code) = begin(&world, ACME, "x").await;
        let done = another.complete_connect(&customer(ACME), state, code).await.unwrap();
        assert!(another.possible_orphans(&operator()).all().await.unwrap().is_empty());
        disconnect(&world, ACME, &done.connection_id).await;
        another.reconcile(&operator(), Pass::Due).await.unwrap();
        world.finch.lose_next_answer();
    });
    assert!(matches!(lost.await, Err(E::Unknown(_))));
    reconcile(&world).await;
    assert_eq!(world.finch.alive().len(), 1);
    assert_eq!(another.possible_orphans(&operator()).all().await.unwrap().len(), 1);
}

/// The connection of the later token ends from Finch's dashboard before the lost exchange takes effect.
#[tokio::test]
async fn a_lost_exchange_is_listed_again_when_finch_refuses_the_later_token() {
    let world = world().await;
    lose_an_exchange(&world, false).await;
    let id = connect(&world, ACME, "x").await;
    world.finch.end_from_dashboard(&id);
    world.system.pass(LATE_EFFECT);
    assert_eq!(reconcile(&world).await.refused, 1, "Finch was asked");
    assert_eq!(world.orphans().await, 1);
    assert!(all_revoked(&load(&world, &id).await));
}

#[tokio::test]
async fn a_clock_that_jumps_takes_no_lost_exchange_off_the_list() {
    let year = 365 * 24 * 3600;
    for jump in [year, -year] {
        let world = world().await;
        lose_an_exchange(&world, false).await;
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
    lose_an_exchange(&world, true).await;
    let id = connect(&world, ACME, "x").await;
    world.system.pass(LATE_EFFECT);
    reconcile(&world).await;
    disconnect_in_vain(&world, ACME, &id, away).await;
    assert_eq!(world.orphans().await, 0, "one disconnect will end both");
    world.app.close_disconnect(&operator(), &id, "it looks ended").await.unwrap();
    assert_eq!((world.finch.alive().len(), world.orphans().await), (2, 1));
    reconcile(&world).await;
    assert_eq!(world.orphans().await, 1);
}
