//! The invariants of core: I1, I2, I3, I5, I6, I7 and I11, each over 10,000 generated histories
//! (`PROPTEST_CASES`) of core's own functions, beside a Finch of a few lines.
//!
//! Each run draws a seed. What fails is shrunk and printed, with the `FINCH_SEED` that finds it again.
//!
//! Each has caught faults that were planted in core for it, at the first time after so many histories:
//!
//! | | fault | after |
//! |---|---|---|
//! | I1 | two connections that prove to be one do not merge | 13 |
//! | I1 | a new `connection_id` of a known pair is a connection of its own | 1 |
//! | I1 | a token without a company is of any | 1 |
//! | I2 | `/disconnect` is sent with a token that contradicts its connection | 76 |
//! | I3 | a 200 is proof | under 10,000 |
//! | I3 | one refused token settles the connection | under 10,000 |
//! | I3 | any 401 is proof | 8,225 |
//! | I3 | an ended disconnect covers nothing that comes late | 2,749 |
//! | I3 | a fence leaves out quarantined tokens | 442 |
//! | I5 | a token that Finch accepts becomes active, whatever it was | 2,168 |
//! | I6 | `finish` ends again what has ended | under 100 |
//! | I6 | a token of an ended generation is disconnected again | 8 |
//! | I7 | a later token covers a lost exchange although that may yet take effect | 375 |
//! | I7 | a token that its customer has given up covers one | 121 |
//! | I7 | any later token of the customer covers one | 240 |
//! | I7 | an operator's word for a token clears what it covers | 8,070 |
//! | I11 | a customer's disconnect ends what others use | 82 |
//! | I11 | a customer's retirement takes all live tokens | 82 |
//! | I11 | a customer's request joins a disconnect for every customer | 206 |

mod finch;
mod i01_equivalence;
mod i02_isolation;
mod i03_completeness;
mod i05_monotony;
mod i06_idempotence;
mod i07_no_orphan;
mod i11_customers;
mod request;
mod step;
mod store;
mod world;

use std::{
    fmt::Debug,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    rc::Rc,
};

use finch_core::{Connection, CustomerId};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestRunner},
};

use self::{
    step::{History, histories},
    world::World,
};

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Tests a property over so many cases.
fn holds<Case: Debug>(
    cases: impl Strategy<Value = Case>,
    property: impl Fn(Case) -> Result<(), TestCaseError>,
) {
    let seed = number("FINCH_SEED").or_else(|| number("FINCH_SEED_BASE"));
    let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let config = Config {
        cases: number("PROPTEST_CASES")
            .map_or(10_000, |n| n.try_into().expect("a number of cases")),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        // Each choice forks the generator: what is quick unoptimized.
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    if let Err(error) = runner.run(&cases, property) {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        panic!("{error}\n{runner}\nagain: FINCH_SEED={seed} cargo test -p finch-core {name}");
    }
}

/// What a property is shown of the world before a step.
struct Before {
    connections: Vec<Rc<Connection>>,
    /// How many events there were.
    events: usize,
    /// How many tokens calls of ours had ended.
    ended: usize,
}

/// Tests a property after each step of each history. `scope`: the customer whose step it was.
fn holds_after_each_step<Seen: Default>(
    property: impl Fn(&mut Seen, &Before, &World, Option<&CustomerId>) -> Result<(), TestCaseError>,
) {
    holds(histories(), |history: History| {
        let (setting, steps) = history;
        let (mut world, mut seen) = (World::new(setting), Seen::default());
        for step in steps {
            let before = Before {
                connections: world.store.connections.clone(),
                events: world.store.events.len(),
                ended: world.finch.ended.len(),
            };
            let scope = world.step(step);
            property(&mut seen, &before, &world, scope.as_ref())?;
        }
        Ok(())
    });
}
