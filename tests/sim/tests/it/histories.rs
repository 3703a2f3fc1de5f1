//! The histories themselves.

use finch_sim::{Disk, application, missed, number, run, tell};

/// The figure of CI.
const HISTORIES: u64 = 15_000;

/// Where the seeds begin: each base has a thousand million of its own.
fn first() -> u64 {
    number("FINCH_FIRST", (number("FINCH_SEED_BASE", 1).max(1) - 1) * 1_000_000_000)
}

#[test]
fn histories() {
    if let Ok(seed) = std::env::var("FINCH_SEED") {
        let seed = seed.parse().expect("a seed");
        let told = tell(seed, None, &mut Disk::new(application()));
        println!("{}\n{}", told.trace.text(), told.counts);
        assert!(told.broken.is_empty(), "FINCH_SEED={seed}: {:#?}", told.broken);
        return;
    }
    let figures = run(first(), number("FINCH_HISTORIES", HISTORIES), None);
    println!("{}{}", figures.counts, figures.report("simulation"));
    if let Some(told) = figures.broken.first() {
        panic!("{}FINCH_SEED={}: {:#?}", told.trace.text(), told.seed, told.broken);
    }
    let missed = missed(&figures.counts, figures.histories);
    assert!(missed.is_empty(), "not reached often enough: {missed:#?}");
}

/// The same seed gives the same history, step by step, whatever was told before.
#[test]
fn a_seed_is_a_history() {
    let (mut one, mut other) = (Disk::new(application()), Disk::new(application()));
    for seed in 0..300 {
        let first = tell(seed, None, &mut one);
        // Not in the same order.
        if seed % 3 == 0 {
            tell(seed + 1000, None, &mut other);
        }
        let second = tell(seed, None, &mut other);
        let (a, b) = (first.trace.hash(), second.trace.hash());
        assert_eq!(a, b, "{}\n\n{}", first.trace.text(), second.trace.text());
    }
}
