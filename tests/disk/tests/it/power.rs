//! Acknowledged work survives power loss.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use finch_test_disk::{Broken, IMAGES_OF_ONE, Lie, Reached, figures, images};

use crate::crew;

/// What a run must reach, per thousand images.
const AT_LEAST: [(&str, u64); 15] = [
    ("in creation", 50),
    ("in a commit", 300),
    ("in a checkpoint", 150),
    ("in quiet", 3),
    ("writes lost", 350),
    ("reordered", 250),
    ("torn", 250),
    ("zeroed", 250),
    ("truncation lost", 3),
    ("name lost", 10),
    ("one write further", 50),
    ("recoveries", 5),
    ("disconnects ended in recovery", 10),
    ("lives gone on", 20),
    ("tokens found", 800),
];

/// `FINCH_IMAGES` says how many (10,000), and `FINCH_SEED` replays the history of one seed.
#[test]
fn acknowledged_work_survives_power_loss() {
    let (began, wanted) = (Instant::now(), figures::number("FINCH_IMAGES").unwrap_or(10_000));
    let (total, images_so_far) = (Mutex::new(Reached::new()), AtomicU64::new(0));
    let replayed = figures::number("FINCH_SEED");
    // Each base has a million of its own.
    let first = (figures::number("FINCH_SEED_BASE").unwrap_or(1).max(1) - 1) * 1_000_000 + 1;
    let seeds = replayed.map_or(first..=u64::MAX, |seed| seed..=seed);
    let seeds = seeds.take_while(|_| images_so_far.load(Ordering::SeqCst) < wanted);
    crew::share(seeds, |seed| {
        let mut reached = Reached::new();
        let checked = images(seed, IMAGES_OF_ONE, Lie::None, &mut reached);
        let images = reached.get("images").copied().unwrap_or(0);
        images_so_far.fetch_add(images, Ordering::SeqCst);
        let mut total = total.lock().unwrap();
        reached.into_iter().for_each(|(name, n)| *total.entry(name).or_default() += n);
        checked.map_err(|Broken(what)| format!("FINCH_SEED={seed}: {what}"))
    });
    let (reached, images) = (total.into_inner().unwrap(), images_so_far.into_inner());
    println!("{}", figures::report("power loss", images, began.elapsed(), &reached));
    if replayed.is_none() && wanted >= 1000 {
        for (name, at_least) in AT_LEAST {
            let n = reached.get(name).copied().unwrap_or(0);
            assert!(n * 1000 >= at_least * images, "{name}: only {n} of {images} images");
        }
    }
}

/// Histories whose recovery once reported nothing open while a disconnect was.
#[test]
fn histories_that_were_broken_once_are_whole() {
    for seed in [776_999_000_063, 887_999_000_098] {
        let checked = images(seed, IMAGES_OF_ONE, Lie::None, &mut Reached::new());
        if let Err(Broken(what)) = checked {
            panic!("FINCH_SEED={seed}: {what}");
        }
    }
}
