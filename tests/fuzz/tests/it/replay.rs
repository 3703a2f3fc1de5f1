//! Replays the corpus, then seeded mutations of it; counts what that reached.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Write as _,
    panic::catch_unwind,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use finch_fuzz::{Entry, Mutator, TARGETS, Target, corpus, take_reached};

/// How often each kind of event must have been reached.
const FLOOR: u64 = 3;
/// An input that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(60);

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => default,
    }
}

/// One target at a time: they count in one place.
#[test]
fn no_input_breaks_a_target() {
    let began = Instant::now();
    let (runs, seed) =
        (number("FINCH_FUZZ_RUNS", 2000), number("FINCH_SEED", number("FINCH_SEED_BASE", 1)));
    take_reached();
    let mut inputs = 0;
    let mut missed = Vec::new();
    let mut reached = BTreeMap::new();
    for target in TARGETS {
        let entries = corpus(target.name);
        assert!(entries.len() >= 8, "{}: a corpus of {}", target.name, entries.len());
        let runs = if target.name == "store_file" { runs / 3 } else { runs };
        inputs += entries.len() as u64 + runs;
        watched(*target, entries, runs, seed);
        let of_target = take_reached();
        if runs >= 500 {
            for what in target.reaches {
                let count = of_target.get(what).copied().unwrap_or(0);
                if count < FLOOR {
                    missed.push(format!("{what}: {count} times"));
                }
            }
        }
        reached.extend(of_target);
    }
    let mut figures = serde_json::json!({
        "layer": "fuzz targets", "runs": inputs, "seconds": began.elapsed().as_secs_f64(),
        "seed": seed, "broken": 0,
    });
    for (what, count) in &reached {
        figures[what.replace(": ", " ")] = (*count).into();
    }
    println!("{figures}");
    assert!(missed.is_empty(), "not reached {FLOOR} times: {missed:#?}");
    if let Ok(path) = std::env::var("FINCH_FIGURES") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{figures}").unwrap();
    }
}

/// Runs a target in a thread of its own, so that an input that hangs is named.
fn watched(target: Target, entries: Vec<Entry>, runs: u64, seed: u64) {
    let (done, ends) = mpsc::channel();
    let work = thread::spawn(move || {
        for entry in &entries {
            done.send((entry.name.clone(), entry.data.clone())).unwrap();
            run(target, &entry.name, &entry.data, seed);
        }
        for number in 0..runs {
            // Each input has a seed of its own: one alone can be had again.
            let mut mutator = Mutator::new(seed ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03));
            let one = &entries[mutator.below(entries.len())];
            let other = &entries[mutator.below(entries.len())];
            let made = mutator.mutated(&one.data, &other.data, target.words);
            let name = format!("mutation {number} of {}", one.name);
            done.send((name.clone(), made.clone())).unwrap();
            run(target, &name, &made, seed);
        }
    });
    let mut last = (String::new(), Vec::new());
    loop {
        match ends.recv_timeout(LONGEST) {
            Ok(next) => last = next,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                panic!("{}: {} hangs; {}", target.name, last.0, shown(&last.1, seed))
            }
        }
    }
    work.join().expect("the target's failure is above");
}

fn run(target: Target, name: &str, data: &[u8], seed: u64) {
    let outcome = catch_unwind(|| (target.run)(data));
    assert!(outcome.is_ok(), "{}: {name} breaks it; {}", target.name, shown(data, seed));
}

fn shown(data: &[u8], seed: u64) -> String {
    format!("FINCH_SEED={seed}, input b\"{}\"", data.escape_ascii())
}

/// The corpus stays small enough to be read.
#[test]
fn the_corpus_is_small() {
    let entries: Vec<Entry> = TARGETS.iter().flat_map(|target| corpus(target.name)).collect();
    let bytes: usize = entries.iter().map(|entry| entry.data.len()).sum();
    assert!(bytes < 500_000 && entries.len() < 1000, "{} files, {bytes} bytes", entries.len());
}
