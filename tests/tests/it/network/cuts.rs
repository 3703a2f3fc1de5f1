//! The answer to each call, cut at every byte, with and without the call's effect.

use std::time::Instant;

use finch_emulator::{DisconnectScope, Fault, Then};
use finch_testkit::Figures;
use serde_json::json;

use super::{
    DISCONNECT, EXCHANGE, PROOF,
    net::Net,
    stories::{assert_recovers, check_outcome, disconnect, exchange, question},
};

/// How many bytes each of Finch's answers has.
pub(super) struct Lengths {
    pub(super) exchange: usize,
    pub(super) disconnect: usize,
    /// To `/introspect`, of a token that is alive and of one that is dead.
    pub(super) alive: usize,
    pub(super) dead: usize,
}

pub(super) async fn lengths() -> Lengths {
    let mut net = Net::start(DisconnectScope::Pair, false).await;
    let person = net.person().await;
    let finch = net.emulator.local();
    // The first cut that leaves an answer whole.
    let length = |method: &str, path: &str, authorization: &str, body: &str| {
        let is_whole = |at: &usize| {
            let (finch, headers) = (finch.fork(), [("authorization", authorization)]);
            finch.push_fault(Fault::on(path).cut(*at));
            finch.call(method, path, &headers, body.as_bytes()).is_some()
        };
        (0..).find(is_whole).expect("an answer")
    };
    let (_, code) = net.log_in(&person.scope, person.login()).await;
    let (client_id, client_secret) = (finch.client_id(), finch.client_secret());
    let body = json!({
        "client_id": client_id, "client_secret": client_secret, "code": code.expose(),
    });
    let exchange = length("POST", EXCHANGE, "", &body.to_string());
    let id = net.connect(&person).await;
    let token = format!("Bearer {}", net.usable(&person, &id).await.expect("a live token"));
    let disconnect = length("POST", DISCONNECT, &token, "");
    let alive = length("GET", PROOF, &token, "");
    assert!(finch.end_connection(id.as_str()));
    Lengths { exchange, disconnect, alive, dead: length("GET", PROOF, &token, "") }
}

/// Every place where an answer of so many bytes can be cut, each in one of three ways, now and then with silence.
fn cuts(path: &'static str, length: usize) -> impl Iterator<Item = Fault> {
    (0..length).flat_map(move |at| {
        let then = [Then::Close, Then::Reset, Then::HalfClose][at % 3];
        let silence = (at % 64 == 0).then_some(Then::Silence);
        [then].into_iter().chain(silence).map(move |then| Fault::on(path).cut_then(at, then))
    })
}

fn with_and_without_effect(fault: Fault) -> [Fault; 2] {
    [fault.clone(), fault.without_effect()]
}

fn once_and_always(fault: Fault) -> [Fault; 2] {
    [fault.clone(), fault.times(u32::MAX)]
}

async fn each(
    layer: &'static str,
    faults: impl Iterator<Item = Fault>,
    mut story: impl AsyncFnMut(&mut Net, Fault, &mut Figures),
) -> Figures {
    let (began, mut figures) = (Instant::now(), Figures::default());
    let mut net = Net::start(DisconnectScope::Pair, false).await;
    for fault in faults {
        story(&mut net, fault, &mut figures).await;
    }
    figures.report(layer, began);
    figures
}

#[track_caller]
fn assert_reached<const N: usize>(figures: &Figures, at_least: [(&str, usize); N]) {
    for (event, least) in at_least {
        assert!(figures.of(event) >= least as u64, "{event}: not {least}:\n{figures}");
    }
}

#[tokio::test]
async fn an_exchange_cut_at_every_byte_loses_no_token() {
    let length = lengths().await.exchange;
    let story = async |net: &mut Net, fault: Fault, figures: &mut Figures| {
        let person = exchange(net, &fault, figures).await;
        assert_recovers(net, &person, &fault).await;
    };
    let whole = Fault::on(EXCHANGE).cut(length);
    let faults = cuts(EXCHANGE, length).flat_map(with_and_without_effect).chain([whole]);
    let figures = each("network: exchange", faults, story).await;
    let lost = [("lost_with_a_token", length), ("lost_without_a_token", length)];
    assert_reached(&figures, lost);
    assert_reached(&figures, [("exchanged", 1)]);
}

/// Of a connection with two tokens.
async fn cut_disconnect(net: &mut Net, fault: Fault, figures: &mut Figures) {
    let person = net.person().await;
    net.connect_directly(&person).await;
    let id = net.connect_directly(&person).await;
    disconnect(net, &person, &id, &fault, figures).await;
}

#[tokio::test]
async fn a_disconnect_cut_at_every_byte_ends_and_says_so_only_then() {
    let length = lengths().await.disconnect;
    let faults = cuts(DISCONNECT, length).flat_map(with_and_without_effect);
    let faults = faults.flat_map(once_and_always);
    let figures = each("network: disconnect", faults, cut_disconnect).await;
    let pending = [("pending_and_alive", length), ("pending_and_dead", length)];
    assert_reached(&figures, pending);
    assert_reached(&figures, [("disconnected_at_once", 2 * length)]);
}

#[tokio::test]
async fn a_proof_cut_at_every_byte_is_none() {
    let length = lengths().await.dead;
    let faults = cuts(PROOF, length).flat_map(once_and_always);
    let figures = each("network: proof", faults, cut_disconnect).await;
    let reached = [("pending_and_dead", length), ("disconnected_at_once", length)];
    assert_reached(&figures, reached);
}

#[tokio::test]
async fn a_question_about_a_live_token_cut_at_every_byte_changes_nothing() {
    let length = lengths().await.alive;
    let mut asked = None;
    let story = async |net: &mut Net, fault: Fault, figures: &mut Figures| {
        if asked.is_none() {
            let person = net.person().await;
            asked = Some((net.connect(&person).await, person));
        }
        let (id, person) = asked.as_ref().expect("a live token");
        question(net, person, id, &fault, figures).await;
    };
    let faults = cuts(PROOF, length).flat_map(once_and_always);
    let figures = each("network: introspect", faults, story).await;
    assert_reached(&figures, [("still_accepted", length), ("nothing_proven", length)]);
}

/// Finch says success and ends nothing, and each question whether it did is cut: a token that lives must
/// not be taken for dead.
#[tokio::test]
async fn a_lie_is_not_believed_while_every_proof_of_it_is_cut() {
    let length = lengths().await.alive;
    let story = async |net: &mut Net, fault: Fault, figures: &mut Figures| {
        let person = net.person().await;
        let id = net.connect_directly(&person).await;
        net.emulator.push_fault(Fault::on(DISCONNECT).lie().times(u32::MAX));
        let outcome = net.breaks(&fault).disconnect(&person.scope, id.clone()).await.unwrap();
        let what = format!("{fault:?}");
        check_outcome(net, &person, &id, &outcome, &what, figures).await;
        net.emulator.clear_faults();
        net.assert_ends(&person, 50, &what).await;
    };
    let faults = cuts(PROOF, length).step_by(8).map(|fault| fault.times(u32::MAX));
    let figures = each("network: lie", faults, story).await;
    assert_reached(&figures, [("pending_and_alive", length / 8)]);
}
