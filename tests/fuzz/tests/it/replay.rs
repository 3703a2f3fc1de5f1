//! Replays the corpus, then seeded mutations of it; counts what that reached.

use std::{
    panic::catch_unwind,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use finch_fuzz::{TARGETS, Target, corpus, mutated, take_reached, words};
use finch_testkit::{Chance, Figures, number, seed_base};

/// An input that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(60);

/// An input, and what it is called.
type Input = (String, Vec<u8>);

/// One target at a time: they count in one place. Each kind of event must be reached by the corpus alone, which
/// no seed changes.
#[test]
fn no_input_breaks_a_target() {
    let (began, mut figures) = (Instant::now(), Figures::default());
    let seed = number("FINCH_SEED").unwrap_or_else(seed_base);
    let wanted = number("FINCH_FUZZ_RUNS").unwrap_or(2000);
    take_reached();
    for target in TARGETS {
        let entries = corpus(target.name);
        assert!(entries.len() >= 8, "{}: a corpus of {}", target.name, entries.len());
        watched(*target, entries.clone(), seed);
        let reached = take_reached();
        let missed = target.reaches.split("; ").filter(|event| reached.of(event) == 0);
        assert_eq!(
            missed.collect::<Vec<_>>(),
            [""; 0],
            "{}: the corpus reaches\n{reached}",
            target.name
        );
        // Opening a store takes long; Finch's answers are of four kinds.
        let runs = match target.name {
            "store_file" => wanted / 3,
            "finch_answer" => wanted * 4,
            _ => wanted,
        };
        watched(*target, mutations(&entries, runs, seed), seed);
        figures.add("runs", entries.len() as u64 + runs);
        figures.add_case(&reached);
        figures.add_case(&take_reached());
    }
    figures.report("fuzz targets", began);
}

fn mutations(entries: &[Input], runs: u64, seed: u64) -> Vec<Input> {
    let words = words(entries.iter().map(|(_, data)| data.as_slice()));
    let mutation = |number: u64| {
        // Each input has a seed of its own: one alone can be had again.
        let mut chance = Chance::new(seed ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03));
        let (name, one) = &entries[chance.below(entries.len())];
        let (_, other) = &entries[chance.below(entries.len())];
        let data = mutated(&mut chance, one, other, &words);
        (format!("mutation {number} of {name}"), data)
    };
    (0..runs).map(mutation).collect()
}

/// Runs a target in a thread of its own, so that an input that hangs is named.
fn watched(target: Target, inputs: Vec<Input>, seed: u64) {
    let (begins, began) = mpsc::channel();
    let shown = move |(name, data): &Input| {
        format!("{}: {name}; FINCH_SEED={seed}, input b\"{}\"", target.name, data.escape_ascii())
    };
    let work = thread::spawn(move || {
        for input in inputs {
            begins.send(input.clone()).unwrap();
            let outcome = catch_unwind(|| (target.run)(&input.1));
            assert!(outcome.is_ok(), "it breaks: {}", shown(&input));
        }
    });
    let mut last = (String::new(), Vec::new());
    loop {
        match began.recv_timeout(LONGEST) {
            Ok(next) => last = next,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("it hangs: {}", shown(&last)),
        }
    }
    work.join().expect("the target's failure is above");
}

/// The corpus stays small enough to be read.
#[test]
fn the_corpus_is_small() {
    let entries: Vec<Input> = TARGETS.iter().flat_map(|target| corpus(target.name)).collect();
    let bytes: usize = entries.iter().map(|(_, data)| data.len()).sum();
    assert!(bytes < 500_000 && entries.len() < 1000, "{} files, {bytes} bytes", entries.len());
}
