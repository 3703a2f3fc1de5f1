//! The application against a sequential model of what it promises, over each store: moves of customers,
//! the operator, Finch and time, up to 60 in a row.
//!
//! `FINCH_MACHINES` sets how many histories a store is told (2,000 if it is not set), `FINCH_STEPS` how
//! long they are at most (60), `FINCH_SEED` which.

mod check;
mod connecting;
mod ending;
mod expected;
mod finch;
mod model;
mod moves;
mod reached;
mod reconciling;
mod reference;
mod rules;
mod system;
mod truth;

use std::{cell::RefCell, marker::PhantomData, sync::Arc, time::Instant};

use finch_core::{MemoryTokenStore, testing::application};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine as _, StateMachineTest};

use self::{
    check::check,
    model::Model,
    moves::Move,
    reached::Reached,
    reference::Reference,
    system::{Kept, System},
};

/// Which store a machine is over.
trait Store {
    const NAME: &str;
    /// How often everything that can be seen is looked at; and at the end of each history.
    const CHECKED_EVERY: u32;
    fn kept() -> Kept;
}

struct Memory;

impl Store for Memory {
    const NAME: &str = "memory";
    const CHECKED_EVERY: u32 = 1;
    fn kept() -> Kept {
        Kept::Memory(Arc::new(MemoryTokenStore::new(application())))
    }
}

struct Sqlite;

impl Store for Sqlite {
    const NAME: &str = "sqlite";
    const CHECKED_EVERY: u32 = 4;
    fn kept() -> Kept {
        Kept::sqlite()
    }
}

thread_local! {
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    static REACHED: RefCell<Reached> = RefCell::default();
}

struct Machine<S, const PAIR: bool>(PhantomData<S>);

impl<S: Store, const PAIR: bool> StateMachineTest for Machine<S, PAIR> {
    type SystemUnderTest = System;
    type Reference = Reference<PAIR>;

    fn init_test(model: &Model) -> System {
        RUNTIME.with(|runtime| runtime.block_on(System::new(model, S::kept())))
    }

    fn apply(mut system: System, model: &Model, happens: Move) -> System {
        let seen = RUNTIME.with(|runtime| runtime.block_on(system.happen(happens, model)));
        assert_eq!(seen, model.expected, "{happens:?}");
        REACHED.with_borrow_mut(|reached| reached.count(happens, model));
        system
    }

    fn teardown(system: System, model: Model) {
        RUNTIME.with(|runtime| runtime.block_on(check(&system, &model)));
    }

    fn check_invariants(system: &System, model: &Model) {
        if model.tick.is_multiple_of(S::CHECKED_EVERY) {
            RUNTIME.with(|runtime| runtime.block_on(check(system, model)));
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn run<S: Store, const PAIR: bool>() {
    let cases = number("FINCH_MACHINES", 2000) / 2;
    let seed = number("FINCH_SEED", number("FINCH_SEED_BASE", 1));
    let longest = usize::try_from(number("FINCH_STEPS", 60)).expect("a number of steps");
    let began = Instant::now();
    let config = Config {
        cases: u32::try_from(cases).expect("a number of cases"),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let mut runner = TestRunner::new(config.clone());
    let told =
        runner.run(&Reference::<PAIR>::sequential_strategy(1..=longest), |(model, moves, seen)| {
            Machine::<S, PAIR>::test_sequential(config.clone(), model, moves, seen);
            Ok(())
        });
    if let Err(error) = told {
        panic!("{error:#}\nagain: FINCH_SEED={seed} FINCH_MACHINES={}", 2 * cases);
    }
    let reach = if PAIR { "pair" } else { "connection id" };
    let name = format!("{}, {reach}", S::NAME);
    REACHED.take().told(&name, cases, seed, began.elapsed());
}

#[test]
fn the_application_keeps_its_promises_over_memory() {
    run::<Memory, true>();
}

#[test]
fn the_application_keeps_its_promises_over_memory_where_a_disconnect_reaches_one_id() {
    run::<Memory, false>();
}

#[test]
fn the_application_keeps_its_promises_over_sqlite() {
    run::<Sqlite, true>();
}

#[test]
fn the_application_keeps_its_promises_over_sqlite_where_a_disconnect_reaches_one_id() {
    run::<Sqlite, false>();
}
