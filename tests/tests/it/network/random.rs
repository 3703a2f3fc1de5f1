//! Random faults, one after the other, of everything that a customer does.

use std::time::{Duration, Instant};

use finch_emulator::{DisconnectScope, Fault, Then};
use finch_testkit::{Chance, Figures, number, seed_base};

use super::{
    DISCONNECT, EXCHANGE, PROOF,
    cuts::lengths,
    net::Net,
    stories::{disconnect, exchange},
};

/// An answer of so many bytes that is cut, or of a wrong shape; seldom a silent one, since it takes time.
fn fault(chance: &mut Chance, path: &'static str, length: usize) -> Fault {
    let fault = Fault::on(path).times([1, 2, 5, u32::MAX][chance.below(4)]);
    if chance.one_in(6) {
        // All of it comes.
        return match chance.below(3) {
            0 => fault.trickle(1 + chance.below(7), Duration::ZERO),
            1 => fault.length_off_by([1, 1000, i64::MAX][chance.below(3)]),
            _ => fault.cut(length),
        };
    }
    let fault = match chance.below(20) {
        0 => fault.length_off_by([-1, i64::MIN][chance.below(2)]),
        1 => fault.endless(),
        2 => fault.garbage().after_effect(),
        3 => fault.trickle(1, Duration::from_secs(60)),
        4 => fault.cut_then(chance.below(length), Then::Silence),
        _ => {
            let then = [Then::Close, Then::Reset, Then::HalfClose][chance.below(3)];
            fault.cut_then(chance.below(length), then)
        }
    };
    if chance.one_in(3) { fault.without_effect() } else { fault }
}

/// In how many of 100,000 histories each kind of event usually comes.
const USUAL: &[(&str, u64)] = &[
    ("exchanged", 16_000),
    ("lost_with_a_token", 55_000),
    ("lost_without_a_token", 27_000),
    ("disconnected_at_once", 50_000),
    ("pending_and_alive", 5_500),
    ("pending_and_dead", 20_000),
];

/// Says with which seed a history broke.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!(
                "again: FINCH_NETWORK_SEED={} FINCH_NETWORK_RANDOM=1 cargo test -p finch-tests \
                 random_faults",
                self.0
            );
        }
    }
}

#[tokio::test]
async fn random_faults_lose_nothing() {
    let (began, mut total) = (Instant::now(), Figures::default());
    // Each base has a million seeds of its own.
    let first = number("FINCH_NETWORK_SEED").unwrap_or_else(|| seed_base().wrapping_mul(1_000_000));
    let histories = number("FINCH_NETWORK_RANDOM").unwrap_or(200);
    let lengths = lengths().await;
    let ends = [(DISCONNECT, lengths.disconnect), (PROOF, lengths.dead)];
    let mut net = Net::start(DisconnectScope::Pair, false).await;
    for seed in first..first + histories {
        let _seed = Seed(seed);
        let (mut chance, mut figures) = (Chance::new(seed), Figures::default());
        let broken = fault(&mut chance, EXCHANGE, lengths.exchange);
        let person = exchange(&mut net, &broken, &mut figures).await;
        let id = net.connect(&person).await;
        let (path, length) = ends[chance.below(2)];
        let broken = fault(&mut chance, path, length);
        disconnect(&net, &person, &id, &broken, &mut figures).await;
        figures.hit("histories");
        total.add_case(&figures);
    }
    total.report("network: random", began);
    let missed = total.missed(histories, USUAL);
    assert!(missed.is_empty(), "not reached often enough: {missed:#?}");
}
