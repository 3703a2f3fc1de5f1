//! Many histories, on as many threads as there are cores.

use std::{
    fs::OpenOptions,
    io::Write as _,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{Counts, Disk, Played, Variant, application, play};

/// What a run came to.
#[derive(Debug, Default)]
pub struct Figures {
    /// How many histories were run.
    pub histories: u64,
    /// With how many steps.
    pub steps: u64,
    /// How long it took.
    pub took: Duration,
    /// What they reached.
    pub counts: Counts,
    /// The broken ones, by seed: at most one of each thread.
    pub broken: Vec<Played>,
}

impl Figures {
    /// One line of JSON, for people and for `FINCH_FIGURES`, a file to which it is appended.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn report(&self, layer: &str) -> String {
        let line = json!({
            "layer": layer,
            "histories": self.histories,
            "steps": self.steps,
            "seconds": (self.took.as_secs_f64() * 10.0).round() / 10.0,
            "broken": self.broken.len(),
        });
        if let Some(file) = std::env::var_os("FINCH_FIGURES") {
            let file = OpenOptions::new().create(true).append(true).open(file);
            writeln!(file.expect("the file of figures"), "{line}").expect("the file of figures");
        }
        line.to_string()
    }
}

/// The number in this environment variable, or another one.
pub fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Tells the histories of so many seeds from `first` on, and stops at the first that is broken.
///
/// # Panics
/// If a thread does.
pub fn run(first: u64, histories: u64, variant: Option<Variant>) -> Figures {
    let began = Instant::now();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let mut figures = Figures::default();
    let one = || {
        let mut disk = Disk::new(application());
        let mut own = Figures::default();
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + histories {
                break;
            }
            let ran = play(seed, variant, &mut disk);
            own.histories += 1;
            own.steps += ran.trace.steps();
            own.counts.add(&ran.counts);
            if !ran.broken.is_empty() {
                stop.store(true, Ordering::Relaxed);
                own.broken.push(ran);
            }
        }
        own
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        for thread in threads {
            let own = thread.join().expect("a thread that plays histories");
            figures.histories += own.histories;
            figures.steps += own.steps;
            figures.counts.add(&own.counts);
            figures.broken.extend(own.broken);
        }
    });
    figures.broken.sort_by_key(|ran| ran.seed);
    figures.took = began.elapsed();
    figures
}
