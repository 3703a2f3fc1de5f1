//! Answers of every wrong shape, to every call: slow, half-closed, of a wrong length, without end.

use std::time::Duration;

use finch_app::DisconnectOutcome;
use finch_emulator::{DisconnectScope, Effect, Fault, Then};
use finch_testkit::Figures;

use super::{
    DISCONNECT, EXCHANGE, PROOF,
    cuts::assert_reached,
    net::{Broken, Net},
    stories::{assert_recovers, disconnect, exchange, question},
};

/// Answers that are whole, and of which more is announced.
fn too_long(path: &str) -> [Broken; 3] {
    let announced = |bytes| Fault::on(path).times(u32::MAX).length_off_by(bytes);
    [1, 1000, i64::MAX].map(|bytes| Broken::Shape(announced(bytes), false))
}

/// Faults that spoil an answer, of calls with and without effect.
fn spoiling(path: &str) -> Vec<Broken> {
    let on = || Fault::on(path).times(u32::MAX);
    let mut all = vec![
        (on().length_off_by(-1), false),
        (on().length_off_by(i64::MIN), false),
        (on().endless(), false),
        (on().garbage().after_effect(), false),
        (on().drop_after_effect(), false),
        (on().trickle(1, Duration::from_secs(60)), true),
        (on().cut_then(0, Then::Silence), true),
    ];
    for at in [0, 5, 60, 250] {
        for then in [Then::Close, Then::HalfClose, Then::Reset] {
            all.push((on().cut_then(at, then), false));
        }
    }
    let without: Vec<_> =
        all.iter().map(|(fault, hasty)| (fault.clone().without_effect(), *hasty)).collect();
    all.into_iter().chain(without).map(|(fault, hasty)| Broken::Shape(fault, hasty)).collect()
}

#[tokio::test]
async fn an_exchange_is_unknown_and_listed_unless_its_answer_came_whole() {
    let (mut net, mut figures) =
        (Net::start(DisconnectScope::Pair, true).await, Figures::default());
    for broken in spoiling(EXCHANGE).into_iter().chain(too_long(EXCHANGE)) {
        let person = exchange(&mut net, &broken, &mut figures).await;
        assert_recovers(&net, &person, &broken).await;
    }
    assert_reached(
        &figures,
        [("lost_with_a_token", 19), ("lost_without_a_token", 19), ("exchanged", 3)],
    );
}

#[tokio::test]
async fn a_disconnect_is_pending_and_ends() {
    let (mut net, mut figures) =
        (Net::start(DisconnectScope::Pair, true).await, Figures::default());
    for path in [DISCONNECT, PROOF] {
        for broken in spoiling(path).into_iter().chain(too_long(path)) {
            // A token that is refused stays so, whatever the shape of the refusal: `/introspect` has no
            // effect to come or not.
            if path == PROOF && matches!(&broken, Broken::Shape(f, _) if f.effect == Effect::Never)
            {
                continue;
            }
            let person = net.person().await;
            let id = net.connect(&person).await;
            disconnect(&net, &person, &id, &broken, &mut figures).await;
        }
    }
    assert_reached(
        &figures,
        [("disconnected_at_once", 1), ("pending_and_alive", 15), ("pending_and_dead", 5)],
    );
}

#[tokio::test]
async fn a_question_proves_nothing() {
    let (mut net, mut figures) =
        (Net::start(DisconnectScope::Pair, false).await, Figures::default());
    let person = net.person().await;
    let id = net.connect(&person).await;
    for broken in spoiling(PROOF) {
        question(&net, &person, &id, &broken, &mut figures).await;
    }
    assert_eq!(figures.of("still_accepted"), 0);
}

#[tokio::test]
async fn a_slow_answer_is_as_good_as_a_fast_one() {
    let mut net = Net::start(DisconnectScope::Pair, false).await;
    for piece in [1, 7] {
        for path in [EXCHANGE, DISCONNECT, PROOF] {
            let fault = Fault::on(path).times(u32::MAX);
            net.emulator.push_fault(fault.trickle(piece, Duration::ZERO));
        }
        let person = net.person().await;
        let id = net.connect(&person).await;
        let outcome = net.finch.disconnect(&person.scope, id).await.unwrap();
        assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 1 });
        assert_eq!(net.alive(&person), 0);
        net.heal();
    }
}
