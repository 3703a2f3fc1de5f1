//! Acknowledged work survives power loss.

use std::{sync::Mutex, time::Instant};

use finch_test_disk::{Broken, Lie, images};
use finch_testkit::{Figures, number, seed_base, share};

/// In how many of 100,000 histories each kind of event usually comes.
const USUAL: &[(&str, u64)] = &[
    ("in creation", 75_000),
    ("in a commit", 75_000),
    ("in a checkpoint", 75_000),
    ("in quiet", 64_000),
    ("writes lost", 75_000),
    ("reordered", 75_000),
    ("torn", 75_000),
    ("zeroed", 75_000),
    ("truncation lost", 69_000),
    ("name lost", 75_000),
    ("one write further", 62_000),
    ("recoveries", 69_000),
    ("disconnects ended in recovery", 31_000),
    ("lives gone on", 75_000),
    ("tokens found", 62_000),
];

/// `FINCH_IMAGES` says how many (10,000), and `FINCH_SEED` replays the history of one seed.
#[test]
fn acknowledged_work_survives_power_loss() {
    let (began, replayed) = (Instant::now(), number("FINCH_SEED"));
    let wanted = number("FINCH_IMAGES").unwrap_or(10_000);
    let total = Mutex::<Figures>::default();
    // Each base has a million seeds of its own.
    let first = replayed.unwrap_or_else(|| seed_base().wrapping_mul(1_000_000));
    let seeds = first..first.saturating_add(if replayed.is_some() { 1 } else { wanted });
    let seeds = seeds.take_while(|_| total.lock().unwrap().of("images") < wanted);
    let failed = share(seeds, |seed| {
        let mut history = Figures::default();
        let checked = images(seed, Lie::None, &mut history);
        total.lock().unwrap().add_case(&history);
        checked.map_err(|Broken(what)| format!("FINCH_SEED={seed}: {what}"))
    });
    assert_eq!(failed, None);
    let figures = total.into_inner().unwrap();
    println!("{figures}");
    figures.report("power loss", began);
    let missed = figures.missed(figures.of("histories"), USUAL);
    assert!(replayed.is_some() || missed.is_empty(), "not reached often enough: {missed:#?}");
}

/// Histories whose recovery once reported nothing open while a disconnect was.
#[test]
fn histories_that_were_broken_once_are_whole() {
    for seed in [776_999_000_063, 887_999_000_098] {
        let checked = images(seed, Lie::None, &mut Figures::default());
        if let Err(Broken(what)) = checked {
            panic!("FINCH_SEED={seed}: {what}");
        }
    }
}
