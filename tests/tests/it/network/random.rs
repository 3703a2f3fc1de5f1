//! Random cuts, one after the other, of everything that a customer does.

use std::time::Instant;

use finch_emulator::DisconnectScope;
use finch_testkit::{Chance, Figures, number, seed_base};
use finch_tests::{Cut, End, Plan};

use super::{
    DISCONNECT, EXCHANGE, PROOF,
    cuts::{Lengths, lengths},
    net::{Broken, Net},
    stories::{disconnect, exchange},
};

/// A cut of a call to `path`; seldom a silent one, since it takes time.
fn cut(chance: &mut Chance, path: &'static str, (request, answer): Lengths) -> Broken {
    let cut = match chance.below(3) {
        0 => Cut::Request(chance.below(request + 1)),
        // Now and then it is not cut at all.
        _ => Cut::Answer(chance.below(answer + answer / 8)),
    };
    let end = if chance.one_in(20) {
        End::Silence
    } else {
        [End::Close, End::Reset, End::HalfClose][chance.below(3)]
    };
    Broken::Cut(Plan { path, cut, end, times: [1, 2, 5, usize::MAX][chance.below(4)] })
}

/// In how many of 100,000 histories each kind of event usually comes.
const USUAL: &[(&str, u64)] = &[
    ("exchanged", 6_000),
    ("lost_with_a_token", 50_000),
    ("lost_without_a_token", 22_000),
    ("disconnected_at_once", 50_000),
    ("pending_and_alive", 5_500),
    ("pending_and_dead", 20_000),
];

/// Says with which seed a history broke.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("again: FINCH_NETWORK_SEED={} FINCH_NETWORK_RANDOM=1", self.0);
        }
    }
}

#[tokio::test]
async fn random_cuts_lose_nothing() {
    let (began, mut total) = (Instant::now(), Figures::default());
    // Each base has a million seeds of its own.
    let first = number("FINCH_NETWORK_SEED").unwrap_or_else(|| seed_base().wrapping_mul(1_000_000));
    let histories = number("FINCH_NETWORK_RANDOM").unwrap_or(200);
    let [codes, _] = lengths(EXCHANGE).await;
    let ends = [(DISCONNECT, lengths(DISCONNECT).await[1]), (PROOF, lengths(PROOF).await[1])];
    let mut net = Net::start(DisconnectScope::Pair, false).await;
    for seed in first..first + histories {
        let _seed = Seed(seed);
        let (mut chance, mut figures) = (Chance::new(seed), Figures::default());
        let broken = cut(&mut chance, EXCHANGE, codes);
        let person = exchange(&mut net, &broken, &mut figures).await;
        let id = net.connect(&person).await;
        let (path, lengths) = ends[chance.below(2)];
        disconnect(&net, &person, &id, &cut(&mut chance, path, lengths), &mut figures).await;
        figures.hit("histories");
        total.add_case(&figures);
    }
    total.report("network: random", began);
    let missed = total.missed(histories, USUAL);
    assert!(missed.is_empty(), "not reached often enough: {missed:#?}");
}
