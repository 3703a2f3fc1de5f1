//! The application against a sequential model of what it promises, over each store: moves of customers,
//! the operator, Finch and time, up to 60 in a row.
//!
//! `FINCH_MACHINES` sets how many histories (5,000 if it is not set), `FINCH_SEED` which.

mod check;
mod connecting;
mod ending;
mod expected;
mod finch;
mod model;
mod moves;
mod reached;
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
    fn kept() -> Kept;
}

struct Memory;

impl Store for Memory {
    const NAME: &str = "memory";
    fn kept() -> Kept {
        Kept::Memory(Arc::new(MemoryTokenStore::new(application())))
    }
}

struct Sqlite;

impl Store for Sqlite {
    const NAME: &str = "sqlite";
    fn kept() -> Kept {
        Kept::sqlite()
    }
}

thread_local! {
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    static REACHED: RefCell<Reached> = RefCell::default();
}

struct Machine<S>(PhantomData<S>);

impl<S: Store> StateMachineTest for Machine<S> {
    type SystemUnderTest = System;
    type Reference = Reference;

    fn init_test(model: &Model) -> System {
        System::new(model, S::kept())
    }

    fn apply(mut system: System, model: &Model, happens: Move) -> System {
        let seen = RUNTIME.with(|runtime| runtime.block_on(system.happen(happens, model)));
        assert_eq!(seen, model.expected, "{happens:?}");
        REACHED.with_borrow_mut(|reached| reached.count(happens, model));
        system
    }

    fn check_invariants(system: &System, model: &Model) {
        RUNTIME.with(|runtime| runtime.block_on(check(system, model)));
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn run<S: Store>() {
    let cases = number("FINCH_MACHINES", 5000);
    let seed = number("FINCH_SEED", number("FINCH_SEED_BASE", 1));
    let began = Instant::now();
    let config = Config {
        cases: u32::try_from(cases).expect("a number of cases"),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let mut runner = TestRunner::new(config.clone());
    let told = runner.run(&Reference::sequential_strategy(1..=60), |(model, moves, seen)| {
        Machine::<S>::test_sequential(config.clone(), model, moves, seen);
        Ok(())
    });
    if let Err(error) = told {
        panic!("{error:#}\nagain: FINCH_SEED={seed} FINCH_MACHINES={cases}");
    }
    REACHED.take().told(S::NAME, cases, seed, began.elapsed());
}

#[test]
fn the_application_keeps_its_promises_over_memory() {
    run::<Memory>();
}

#[test]
fn the_application_keeps_its_promises_over_sqlite() {
    run::<Sqlite>();
}
