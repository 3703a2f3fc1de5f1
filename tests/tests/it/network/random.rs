//! Random cuts, one after the other, of everything that a customer does.

use finch_testkit::Chance;
use finch_tests::{Cut, End, Plan};

use super::{
    count::Count,
    disconnect::{self, cut_disconnect_of},
    exchange::{self, cut_exchange},
    net::{Kept, Net, PEOPLE},
};

/// A cut of a call to `path`, whose request and answer are so long; seldom a silent one, since it
/// takes time.
fn plan(chance: &mut Chance, path: &'static str, (request, answer): (usize, usize)) -> Plan {
    let cut = match chance.below(3) {
        0 => Cut::Request(chance.below(request + 1)),
        // Now and then it is not cut at all.
        _ => Cut::Answer(chance.below(answer + answer / 8)),
    };
    let end = if chance.one_in(20) { End::Silence } else { End::ALL[chance.below(3)] };
    Plan { path, cut, end, times: [1, 2, 5, usize::MAX][chance.below(4)] }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

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
    let mut count = Count::new("network: random");
    // Each base has a million of its own.
    let base = (setting("FINCH_SEED_BASE", 1).max(1) - 1) * 1_000_000 + 1;
    let first = setting("FINCH_NETWORK_SEED", base);
    let histories = setting("FINCH_NETWORK_RANDOM", 200);
    let codes = exchange::lengths().await;
    let ends = [
        (disconnect::PATH, disconnect::lengths(disconnect::PATH).await),
        (disconnect::PROOF, disconnect::lengths(disconnect::PROOF).await),
    ];
    let mut net = Net::start(Kept::InMemory).await;
    for seed in first..first + histories {
        let _seed = Seed(seed);
        let mut chance = Chance::new(seed);
        if net.people >= PEOPLE {
            let kept = if seed % 4 == 0 { Kept::InSqlite } else { Kept::InMemory };
            net = Net::start(kept).await;
        }
        let person =
            cut_exchange(&mut net, plan(&mut chance, exchange::PATH, codes), &mut count).await;
        let id = net.connect(&person).await.connection_id;
        let (path, lengths) = ends[chance.below(2)];
        cut_disconnect_of(&net, &person, id, plan(&mut chance, path, lengths), &mut count).await;
        count.add("histories");
    }
    let histories = usize::try_from(histories).unwrap();
    count.finish(&[
        ("histories", histories),
        ("exchanged", histories / 50),
        ("lost_with_a_token", histories / 10),
        ("lost_without_a_token", histories / 10),
        ("disconnected_at_once", histories / 10),
        ("pending_and_alive", histories / 50),
        ("pending_and_dead", histories / 50),
    ]);
}
