//! Answers of every wrong shape, to every call: slow, half-closed, of a wrong length, without end.

use std::time::Duration;

use finch_app::{CompleteConnectError, DisconnectOutcome, Unauthorized};
use finch_core::AccessToken;
use finch_emulator::{Effect, Fault, Then};

use super::{
    count::Count,
    disconnect, exchange,
    net::{Kept, Net},
};

/// The largest answer that is read, and what may be on its way beside it.
const ROOM: usize = 1024 * 1024 + 16 * 1024 * 1024;

/// Answers that are whole, and of which more is announced.
fn too_long(path: &str) -> [Fault; 3] {
    [1, 1000, i64::MAX].map(|bytes| Fault::on(path).times(u32::MAX).length_off_by(bytes))
}

/// Faults that spoil an answer, and whether a client must be hasty to get over them.
fn spoiling(path: &str) -> Vec<(Fault, bool)> {
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
    let without = all.clone().into_iter().map(|(fault, hasty)| (fault.without_effect(), hasty));
    let without: Vec<_> = without.collect();
    all.extend(without);
    all
}

#[tokio::test]
async fn an_exchange_is_unknown_and_listed() {
    let mut count = Count::new("network: exchange, shapes");
    let mut net = Net::start(Kept::InSqlite).await;
    for (fault, hasty) in spoiling(exchange::PATH) {
        let (person, what) = (net.person(), format!("{fault:?}"));
        let (state, code) = net.log_in(&person).await;
        net.proxy.take_passed();
        let effect = fault.effect == Effect::AtOnce;
        net.emulator.push_fault(fault);
        let finch = if hasty { &net.hasty } else { &net.finch };
        let done = finch.complete_connect(&person.scope, state, code).await;
        net.emulator.clear_faults();
        assert!(matches!(done, Err(CompleteConnectError::Unknown(_))), "{what}: {done:?}");
        assert_eq!(net.issued(&person).len(), usize::from(effect), "{what}");
        assert_eq!(net.possible_orphans(&person).await, 1, "{what}");
        let passed = net.proxy.take_passed();
        assert_eq!(passed.len(), 1, "{what}");
        assert!(passed[0].answer < ROOM, "{what}: {} bytes", passed[0].answer);
        exchange::assert_recovers(&net, &person, &what).await;
        count.figures.hit(if effect { "with_effect" } else { "without_effect" });
    }
    count.finish(&[("with_effect", 19), ("without_effect", 19)]);
}

#[tokio::test]
async fn an_exchange_whose_answer_came_whole_is_done() {
    let mut net = Net::start(Kept::InSqlite).await;
    for fault in too_long(exchange::PATH) {
        let (person, what) = (net.person(), format!("{fault:?}"));
        let (state, code) = net.log_in(&person).await;
        net.emulator.push_fault(fault);
        let done = net.finch.complete_connect(&person.scope, state, code).await;
        net.emulator.clear_faults();
        let id = done.unwrap_or_else(|error| panic!("{what}: {error}")).connection_id;
        assert!(net.usable(&person, &id).await.is_some(), "{what}");
        exchange::assert_recovers(&net, &person, &what).await;
    }
}

#[tokio::test]
async fn a_disconnect_is_pending_and_ends() {
    let mut count = Count::new("network: disconnect, shapes");
    let mut net = Net::start(Kept::InSqlite).await;
    for path in [disconnect::PATH, disconnect::PROOF] {
        for (fault, hasty) in spoiling(path).into_iter().chain(too_long(path).map(|f| (f, false))) {
            // A token that is refused stays so, whatever the shape of the refusal: `/introspect` has no
            // effect to come or not.
            if path == disconnect::PROOF && fault.effect == Effect::Never {
                continue;
            }
            let (person, what) = (net.person(), format!("{fault:?}"));
            let id = net.connect(&person).await.connection_id;
            net.proxy.take_passed();
            net.emulator.push_fault(fault);
            let finch = if hasty { &net.hasty } else { &net.finch };
            let outcome = finch.disconnect(&person.scope, id.clone()).await.unwrap();
            net.emulator.clear_faults();
            for passed in net.proxy.take_passed() {
                assert!(passed.answer < ROOM, "{what}: {} bytes", passed.answer);
            }
            disconnect::check(&net, &person, &id, &outcome, &what, &mut count.figures).await;
            net.assert_ends(&person, &what).await;
        }
    }
    count.finish(&[
        ("disconnected_at_once", 1),
        ("pending_and_alive", 15),
        ("pending_and_dead", 5),
    ]);
}

#[tokio::test]
async fn a_question_proves_nothing() {
    let mut net = Net::start(Kept::InMemory).await;
    let person = net.person();
    let id = net.connect(&person).await.connection_id;
    let secret = net.usable(&person, &id).await.unwrap();
    for (fault, hasty) in spoiling(disconnect::PROOF) {
        let what = format!("{fault:?}");
        net.emulator.push_fault(fault);
        let finch = if hasty { &net.hasty } else { &net.finch };
        let token = AccessToken::new(&*secret);
        let finding = finch.report_unauthorized(&person.scope, &token).await.unwrap();
        net.emulator.clear_faults();
        assert!(matches!(finding, Unauthorized::NothingProven { .. }), "{what}: {finding:?}");
        assert_eq!(net.usable(&person, &id).await.as_ref(), Some(&secret), "{what}");
    }
}

#[tokio::test]
async fn a_slow_answer_is_as_good_as_a_fast_one() {
    let mut net = Net::start(Kept::InMemory).await;
    for piece in [1, 7] {
        for path in [exchange::PATH, disconnect::PATH, disconnect::PROOF] {
            let fault = Fault::on(path).times(u32::MAX);
            net.emulator.push_fault(fault.trickle(piece, Duration::ZERO));
        }
        let person = net.person();
        let id = net.connect(&person).await.connection_id;
        let outcome = net.finch.disconnect(&person.scope, id).await.unwrap();
        assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 1 });
        assert!(net.issued(&person).iter().all(|token| !token.is_alive()));
        net.emulator.clear_faults();
    }
}
