//! `cargo xtask soak`: the layers of tests again and again, each round with the next seed, until the time
//! is used up; then what they counted.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo;
use crate::ci::{SEED_BASE, fresh_base};
use crate::step::{Failure, last_step, say};
use crate::workspace::root;

/// The layers that are driven by seeds: a name, and how they are run. `docs/reliability.md` has the table.
const LAYERS: &[(&str, &[&str])] = &[
    ("simulation", &["test", "-p", "finch-sim"]),
    ("power loss, I/O errors", &["test", "-p", "finch-test-disk"]),
    ("kill -9", &["test", "-p", "finch-cli", "--test", "kill"]),
    ("properties of core", &["test", "-p", "finch-core", "--test", "it", "invariants"]),
    ("stores, network", &["test", "-p", "finch-tests"]),
    ("fuzz targets", &["test", "-p", "finch-fuzz"]),
];

/// One that is larger on demand, and runs once.
const MODEL: &[&str] = &["test", "-p", "finch-model"];

/// How long, and from which seed on.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Soak {
    /// No round begins after so many minutes
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// The first round's `FINCH_SEED_BASE`, if it is not to be a fresh one
    #[arg(long)]
    seed: Option<u64>,
}

impl Soak {
    /// Runs round after round. A failure ends it, and names its seed.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let figures = root().join("target").join("soak.jsonl");
        let path = figures.display().to_string();
        // The figures of an earlier run would be added to this one's.
        let _ = fs::remove_file(&figures);
        let end = Instant::now() + Duration::from_secs(self.minutes * 60);
        let first = self.seed.unwrap_or_else(fresh_base);
        let mut seed = first;
        while seed == first || Instant::now() < end {
            let base = seed.to_string();
            for (name, arguments) in LAYERS {
                run(name, arguments, &[(SEED_BASE, &base), ("FINCH_FIGURES", &path)])?;
                if Instant::now() >= end {
                    break;
                }
            }
            if seed == first && Instant::now() < end {
                run("model", MODEL, &[("FINCH_MODEL", "large"), ("FINCH_FIGURES", &path)])?;
            }
            seed += 1;
        }
        let failed = |error| Failure::Io(path.clone(), error);
        let lines = fs::read_to_string(&figures).map_err(failed)?;
        let sums = add_up(&lines).map_err(|problem| Failure::Problems(vec![problem]))?;
        say(&format!("seeds {first} to {}", seed - 1))?;
        for (layer, counts) in sums {
            let counts: Vec<_> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
            say(&format!("{layer}: {}", counts.join(", ")))?;
        }
        Ok(())
    }
}

fn run(name: &'static str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), Failure> {
    let [(variable, value), ..] = variables else { return Ok(()) };
    let again = format!("{variable}={value} cargo {}", arguments.join(" "));
    last_step(name, &again, || cargo::run(arguments, variables))
}

/// Counts of one layer, by name.
type Counts = BTreeMap<String, f64>;

/// Adds up the numbers of lines of JSON, layer by layer.
fn add_up(lines: &str) -> Result<BTreeMap<String, Counts>, String> {
    let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
    for line in lines.lines() {
        let figures: BTreeMap<String, Value> =
            serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
        let layer = figures.get("layer").and_then(Value::as_str).unwrap_or("unnamed");
        let sums = sums.entry(layer.to_owned()).or_default();
        for (name, value) in &figures {
            value.as_f64().into_iter().for_each(|n| *sums.entry(name.clone()).or_default() += n);
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_add_up() {
        let lines = r#"{"layer":"kill","runs":10}
            {"layer":"kill","runs":5,"torn":3}
            {"layer":"disk","runs":2}"#;
        let sums = add_up(lines).unwrap();
        let shown: Vec<_> =
            sums.iter().map(|(layer, counts)| format!("{layer} {counts:?}")).collect();
        assert_eq!(shown, [r#"disk {"runs": 2.0}"#, r#"kill {"runs": 15.0, "torn": 3.0}"#]);
        let error = add_up("{\"layer\":\"ki").unwrap_err();
        assert!(error.ends_with(": {\"layer\":\"ki"), "{error}");
    }
}
