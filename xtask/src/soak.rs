//! `cargo xtask soak`: the layers of tests again and again, each round with the next seed, until the time
//! is used up; then what they counted.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::cargo;
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Soak {
    pub(crate) minutes: u64,
    pub(crate) seed: u64,
}

impl Soak {
    /// Reads `[--minutes N] [--seed S]`.
    pub(crate) fn read(arguments: &[&str]) -> Result<Self, String> {
        let mut soak = Self { minutes: 60, seed: 1 };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().ok_or_else(|| format!("{name} needs a number"))?;
            let number = value.parse().map_err(|_| format!("{name} {value}: must be a number"))?;
            match *name {
                "--minutes" => soak.minutes = number,
                "--seed" => soak.seed = number,
                other => return Err(format!("soak knows no {other}: [--minutes N] [--seed S]")),
            }
        }
        Ok(soak)
    }

    /// Runs round after round. A failure ends it, and names its seed.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let figures = root().join("target").join("soak.jsonl");
        let path = figures.display().to_string();
        // The figures of an earlier run would be added to this one's.
        let _ = fs::remove_file(&figures);
        let end = Instant::now() + Duration::from_secs(self.minutes * 60);
        let mut seed = self.seed;
        loop {
            for (name, arguments) in LAYERS {
                run(
                    name,
                    arguments,
                    &[("FINCH_SEED_BASE", &seed.to_string()), ("FINCH_FIGURES", &path)],
                )?;
                if Instant::now() >= end {
                    break;
                }
            }
            if seed == self.seed && Instant::now() < end {
                run("model", MODEL, &[("FINCH_MODEL", "large"), ("FINCH_FIGURES", &path)])?;
            }
            seed += 1;
            if Instant::now() >= end {
                break;
            }
        }
        let failed = |error| Failure::Io(path.clone(), error);
        let lines = fs::read_to_string(&figures).map_err(failed)?;
        let sums = add_up(&lines).map_err(|problem| Failure::Problems(vec![problem]))?;
        say(&format!("seeds {} to {}", self.seed, seed - 1))?;
        for (layer, counts) in sums {
            let counts: Vec<_> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
            say(&format!("{layer}: {}", counts.join(", ")))?;
        }
        Ok(())
    }
}

fn run(name: &'static str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), Failure> {
    let mut again: String = variables
        .iter()
        .filter(|(name, _)| *name != "FINCH_FIGURES")
        .map(|(name, value)| format!("{name}={value} "))
        .collect();
    again += &format!("cargo {}", arguments.join(" "));
    last_step(name, &again, || cargo::run(arguments, variables))
}

/// Counts of one layer, by name.
type Counts = BTreeMap<String, f64>;

/// Adds up the numbers of lines of JSON, layer by layer; those of an object within a line count by their own
/// names.
fn add_up(lines: &str) -> Result<BTreeMap<String, Counts>, String> {
    let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
    for line in lines.lines() {
        let figures: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
        let layer = figures.get("layer").and_then(Value::as_str).unwrap_or("unnamed");
        add(&figures, sums.entry(layer.to_owned()).or_default());
    }
    Ok(sums)
}

fn add(figures: &Map<String, Value>, sums: &mut Counts) {
    for (name, value) in figures.iter().filter(|(name, _)| *name != "seed") {
        if let Some(count) = value.as_f64() {
            *sums.entry(name.clone()).or_default() += count;
        }
        value.as_object().into_iter().for_each(|within| add(within, sums));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_add_up() {
        let lines = r#"{"layer":"kill","runs":10,"seed":7,"broken":0}
            {"layer":"kill","runs":5,"reached":{"torn":3,"all":4}}
            {"layer":"disk","runs":2,"reached":{"all":1}}"#;
        let sums = add_up(lines).unwrap();
        let shown: Vec<_> =
            sums.iter().map(|(layer, counts)| format!("{layer} {counts:?}")).collect();
        assert_eq!(
            shown,
            [
                r#"disk {"all": 1.0, "runs": 2.0}"#,
                r#"kill {"all": 4.0, "broken": 0.0, "runs": 15.0, "torn": 3.0}"#,
            ]
        );
        let error = add_up("{\"layer\":\"ki").unwrap_err();
        assert!(error.ends_with(": {\"layer\":\"ki"), "{error}");
    }

    #[test]
    fn arguments_are_read() {
        let soak = Soak::read(&["--minutes", "5", "--seed", "7"]).map(|s| (s.minutes, s.seed));
        assert_eq!(soak, Ok((5, 7)));
        assert!(Soak::read(&["--minutes"]).is_err());
        assert!(Soak::read(&["--hours", "5"]).is_err());
        assert!(Soak::read(&["--seed", "x"]).is_err());
    }
}
