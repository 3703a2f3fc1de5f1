//! Each call, cut at every byte.

use std::time::Instant;

use finch_emulator::{DisconnectScope, Fault};
use finch_testkit::Figures;
use finch_tests::{Cut, End, Plan};

use super::{
    DISCONNECT, EXCHANGE, PROOF,
    net::{Broken, Net},
    stories::{assert_recovers, check_outcome, disconnect, exchange, of_path, question},
};

/// How many bytes a request has, and its answer.
pub(super) type Lengths = (usize, usize);

/// Those of the first and of the last call to a path in a whole life: of `/introspect`, about a live token and
/// about a dead one.
pub(super) async fn lengths(path: &str) -> [Lengths; 2] {
    let mut net = Net::start(DisconnectScope::Pair, false).await;
    let person = net.person().await;
    let id = net.connect(&person).await;
    let token = net.finch.access_token(&person.scope, &id, &[]).await.unwrap().secret;
    net.finch.report_unauthorized(&person.scope, &token).await.unwrap();
    net.finch.disconnect(&person.scope, id).await.unwrap();
    let passed = net.proxy.take_passed();
    let calls = of_path(&passed, path);
    [calls[0], calls[calls.len() - 1]].map(|call| (call.request, call.answer))
}

/// Every place where a call to a path can be cut, each in one of three ways, now and then with silence; and the
/// answer at its end, where nothing is.
async fn every_byte(
    layer: &'static str,
    path: &'static str,
    (request, answer): Lengths,
    mut story: impl AsyncFnMut(&mut Net, Plan, &mut Figures),
) -> Figures {
    let (began, mut figures) = (Instant::now(), Figures::default());
    let mut net = Net::start(DisconnectScope::Pair, false).await;
    let cuts = (0..=request).map(Cut::Request).chain((0..=answer).map(Cut::Answer));
    for (number, cut) in cuts.enumerate() {
        let end = [End::Close, End::Reset, End::HalfClose][number % 3];
        for times in [1, usize::MAX] {
            story(&mut net, Plan { path, cut, end, times }, &mut figures).await;
        }
        if number % 64 == 0 {
            let silent = Plan { path, cut, end: End::Silence, times: 1 };
            story(&mut net, silent, &mut figures).await;
        }
    }
    figures.report(layer, began);
    figures
}

#[track_caller]
pub(super) fn assert_reached<const N: usize>(figures: &Figures, at_least: [(&str, usize); N]) {
    for (event, least) in at_least {
        assert!(figures.of(event) >= least as u64, "{event}: not {least}:\n{figures}");
    }
}

#[tokio::test]
async fn an_exchange_cut_at_every_byte_loses_no_token() {
    let [lengths, _] = lengths(EXCHANGE).await;
    let story = async |net: &mut Net, plan: Plan, figures: &mut Figures| {
        // An exchange is one call.
        if plan.times == 1 && plan.end != End::Silence {
            return;
        }
        let broken = Broken::Cut(plan);
        let person = exchange(net, &broken, figures).await;
        assert_recovers(net, &person, &broken).await;
    };
    let figures = every_byte("network: exchange", EXCHANGE, lengths, story).await;
    let (request, answer) = lengths;
    assert_reached(
        &figures,
        [("exchanged", 1), ("lost_with_a_token", answer), ("lost_without_a_token", request)],
    );
}

/// Of a connection with two tokens.
async fn cut_disconnect(net: &mut Net, plan: Plan, figures: &mut Figures) {
    let person = net.person().await;
    net.connect_directly(&person).await;
    let id = net.connect_directly(&person).await;
    disconnect(net, &person, &id, &Broken::Cut(plan), figures).await;
}

#[tokio::test]
async fn a_disconnect_cut_at_every_byte_ends_and_says_so_only_then() {
    let [lengths, _] = lengths(DISCONNECT).await;
    let figures = every_byte("network: disconnect", DISCONNECT, lengths, cut_disconnect).await;
    let (request, answer) = lengths;
    let cuts = request + answer;
    let at_once = ("disconnected_at_once", cuts);
    assert_reached(&figures, [("hit", 2 * cuts), at_once, ("pending_and_alive", request)]);
}

#[tokio::test]
async fn a_proof_cut_at_every_byte_is_none() {
    let [_, lengths] = lengths(PROOF).await;
    let figures = every_byte("network: proof", PROOF, lengths, cut_disconnect).await;
    let cuts = lengths.0 + lengths.1;
    assert_reached(&figures, [("hit", 2 * cuts), ("pending_and_dead", cuts)]);
}

#[tokio::test]
async fn a_question_about_a_live_token_cut_at_every_byte_changes_nothing() {
    let [lengths, _] = lengths(PROOF).await;
    let mut asked = None;
    let story = async |net: &mut Net, plan: Plan, figures: &mut Figures| {
        if asked.is_none() {
            let person = net.person().await;
            asked = Some((net.connect(&person).await, person));
        }
        let (id, person) = asked.as_ref().expect("a live token");
        question(net, person, id, &Broken::Cut(plan), figures).await;
    };
    let figures = every_byte("network: introspect", PROOF, lengths, story).await;
    let cuts = lengths.0 + lengths.1;
    assert_reached(&figures, [("still_accepted", cuts), ("nothing_proven", cuts)]);
}

/// Finch says success and ends nothing, and each question whether it did is cut: a token that lives must
/// not be taken for dead.
#[tokio::test]
async fn a_lie_is_not_believed_while_every_proof_of_it_is_cut() {
    let [lengths, _] = lengths(PROOF).await;
    let mut number = 0;
    let story = async |net: &mut Net, plan: Plan, figures: &mut Figures| {
        number += 1;
        if plan.times == 1 || number % 16 > 1 {
            return;
        }
        let person = net.person().await;
        let id = net.connect_directly(&person).await;
        net.emulator.push_fault(Fault::on(DISCONNECT).lie().times(u32::MAX));
        let finch = net.breaks(&Broken::Cut(plan));
        let outcome = finch.disconnect(&person.scope, id.clone()).await.unwrap();
        let what = format!("{plan:?}");
        check_outcome(net, &person, &id, &outcome, &what, figures).await;
        net.heal();
        net.assert_ends(&person, 50, &what).await;
    };
    let figures = every_byte("network: lie", PROOF, lengths, story).await;
    assert_reached(&figures, [("pending_and_alive", (lengths.0 + lengths.1) / 8)]);
}
