//! `/disconnect`, and the `/introspect` that proves it, cut at every byte: nothing is wiped that lives, and
//! everything ends.

use finch_app::DisconnectOutcome;
use finch_core::ConnectionId;
use finch_emulator::Fault;
use finch_testkit::Figures;
use finch_tests::{Cut, End, Plan};

use super::{
    count::Count,
    exchange::everywhere,
    net::{Kept, Net, PEOPLE, Person, of_path},
    report,
};

pub(super) const PATH: &str = "/disconnect";
pub(super) const PROOF: &str = "/introspect";

/// How many bytes a request of a disconnect and its answer have.
pub(super) async fn lengths(path: &str) -> (usize, usize) {
    let mut net = Net::start(Kept::InMemory).await;
    let person = net.person();
    let id = net.connect(&person).await.connection_id;
    net.proxy.take_passed();
    net.finch.disconnect(&person.scope, id).await.unwrap();
    let passed = net.proxy.take_passed();
    let only = of_path(&passed, path);
    assert_eq!(only.len(), 1);
    (only[0].request, only[0].answer)
}

/// One disconnect of two tokens that is cut, and what must be true then and later.
pub(super) async fn cut_disconnect(net: &mut Net, plan: Plan, figures: &mut Figures) -> Person {
    let person = net.person();
    net.connect(&person).await;
    let id = net.connect(&person).await.connection_id;
    cut_disconnect_of(net, &person, id, plan, figures).await;
    person
}

/// The same, of a connection that is there.
pub(super) async fn cut_disconnect_of(
    net: &Net,
    person: &Person,
    id: ConnectionId,
    plan: Plan,
    figures: &mut Figures,
) {
    net.proxy.take_passed();
    net.proxy.set(plan);
    let finch = if plan.end == End::Silence { &net.hasty } else { &net.finch };
    let what = format!("{plan:?}");
    let outcome = finch.disconnect(&person.scope, id.clone()).await.unwrap();
    net.proxy.heal();
    let hit = net.proxy.take_passed().iter().any(|passed| passed.cut);
    check(net, person, &id, &outcome, &what, figures).await;
    figures.hit(if hit { "hit" } else { "not_hit" });
    let passes = net.assert_ends(person, &what).await;
    if matches!(outcome, DisconnectOutcome::Pending { .. }) {
        figures.hit("ended_by_reconcile");
        assert!(passes <= 3, "{what}: {passes} passes");
    }
    let again = net.finch.disconnect(&person.scope, id).await.unwrap();
    assert_eq!(again, DisconnectOutcome::AlreadyDisconnected, "{what}");
}

pub(super) async fn check(
    net: &Net,
    person: &Person,
    id: &ConnectionId,
    outcome: &DisconnectOutcome,
    what: &str,
    figures: &mut Figures,
) {
    assert_eq!(net.usable(person, id).await, None, "{what}: a fenced token is handed out");
    let alive = net.issued(person).iter().filter(|token| token.is_alive()).count();
    match outcome {
        DisconnectOutcome::Disconnected { .. } => {
            assert_eq!(alive, 0, "{what}");
            figures.hit("disconnected_at_once");
        }
        DisconnectOutcome::Pending { unproven, .. } => {
            let kept = net.kept(person).await;
            let unwiped = kept.iter().filter(|(_, secret)| secret.is_some()).count();
            assert_eq!((unwiped, *unproven > 0), (kept.len(), true), "{what}");
            figures.hit(if alive > 0 { "pending_and_alive" } else { "pending_and_dead" });
        }
        outcome => panic!("{what}: {outcome:?}"),
    }
    net.assert_nothing_wiped_that_lives(person, what).await;
}

/// Every byte, once and each time.
async fn every_byte(path: &'static str, layer: &'static str) -> (Count, (usize, usize)) {
    let mut count = Count::new(layer);
    let lengths = lengths(path).await;
    let mut net = Net::start(Kept::InMemory).await;
    for (number, cut) in everywhere(lengths).enumerate() {
        if net.people >= PEOPLE {
            let kept = if number % 3 == 0 { Kept::InSqlite } else { Kept::InMemory };
            net = Net::start(kept).await;
        }
        let end = [End::Close, End::Reset, End::HalfClose][number % 3];
        for times in [1, usize::MAX] {
            cut_disconnect(&mut net, Plan { path, cut, end, times }, &mut count.figures).await;
            count.figures.hit(match cut {
                Cut::Request(_) => "request_cut",
                Cut::Answer(_) => "answer_cut",
            });
        }
        if number % 64 == 0 {
            let plan = Plan { path, cut, end: End::Silence, times: 1 };
            cut_disconnect(&mut net, plan, &mut count.figures).await;
            count.figures.hit("silent");
        }
    }
    (count, lengths)
}

#[tokio::test]
async fn a_disconnect_cut_at_every_byte_ends_and_says_so_only_then() {
    let (count, (request, answer)) = every_byte(PATH, "network: disconnect").await;
    count.finish(&[
        ("request_cut", 2 * (request + 1)),
        ("answer_cut", 2 * (answer + 1)),
        ("hit", 2 * (request + answer)),
        ("disconnected_at_once", request + answer),
        ("pending_and_alive", request),
        ("ended_by_reconcile", request),
        ("silent", 5),
    ]);
}

#[tokio::test]
async fn a_proof_cut_at_every_byte_is_none() {
    let (count, (request, answer)) = every_byte(PROOF, "network: proof").await;
    count.finish(&[
        ("request_cut", 2 * (request + 1)),
        ("answer_cut", 2 * (answer + 1)),
        ("hit", 2 * (request + answer)),
        ("pending_and_dead", request + answer),
        ("ended_by_reconcile", request + answer),
        ("silent", 5),
    ]);
}

/// Finch says success and ends nothing, and each question whether it did is cut: a token that lives must
/// not be taken for dead.
#[tokio::test]
async fn a_lie_is_not_believed_while_every_proof_of_it_is_cut() {
    let mut count = Count::new("network: lie");
    let lengths = report::lengths().await;
    let mut net = Net::start(Kept::InMemory).await;
    for (number, cut) in everywhere(lengths).step_by(8).enumerate() {
        if net.people >= PEOPLE {
            net = Net::start(Kept::InMemory).await;
        }
        let person = net.person();
        let id = net.connect(&person).await.connection_id;
        net.emulator.push_fault(Fault::on(PATH).lie().times(u32::MAX));
        let end = [End::Close, End::Reset, End::HalfClose][number % 3];
        net.proxy.set(Plan { path: PROOF, cut, end, times: usize::MAX });
        let outcome = net.finch.disconnect(&person.scope, id.clone()).await.unwrap();
        let what = format!("{cut:?} {end:?}");
        check(&net, &person, &id, &outcome, &what, &mut count.figures).await;
        net.emulator.clear_faults();
        net.proxy.heal();
        net.assert_ends(&person, &what).await;
        count.figures.hit("cuts");
    }
    let cuts = (lengths.0 + lengths.1 + 2) / 8;
    count.finish(&[("cuts", cuts), ("pending_and_alive", cuts)]);
}
