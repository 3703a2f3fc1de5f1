//! `cargo xtask soak`: the layers of tests again and again, each round with the next seed, until the time
//! is used up; then what they counted.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use crate::cargo;
use crate::step::{Failure, last_step, say};
use crate::workspace::root;

/// The layers that are driven by seeds: a name, and how they are run. `docs/reliability.md` has the table.
const LAYERS: &[(&str, &[&str])] = &[
    ("simulation", &["test", "-p", "finch-sim"]),
    ("power loss, I/O errors", &["test", "-p", "finch-test-disk"]),
    ("kill -9", &["test", "-p", "finch-test-kill"]),
    ("state machine, invariants, network", &["test", "-p", "finch-tests"]),
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
        // What an earlier run left is not this one's.
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
        let lines = fs::read_to_string(&figures).unwrap_or_default();
        say(&format!("seeds {} to {}", self.seed, seed - 1))?;
        for (layer, counts) in add_up(&lines) {
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

/// Adds up the numbers of flat JSON lines, layer by layer.
fn add_up(lines: &str) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut sums: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for line in lines.lines() {
        let fields = line.trim().trim_start_matches('{').trim_end_matches('}').split(',');
        let fields: Vec<_> = fields
            .filter_map(|field| field.split_once(':'))
            .map(|(name, value)| (name.trim().trim_matches('"'), value.trim()))
            .collect();
        let layer = fields.iter().find(|(name, _)| *name == "layer");
        let layer = layer.map_or("unnamed", |(_, value)| value.trim_matches('"'));
        let sums = sums.entry(layer.to_owned()).or_default();
        for (name, value) in &fields {
            if let Ok(number) = value.parse::<f64>() {
                *sums.entry((*name).to_owned()).or_default() += number;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_add_up() {
        let lines = "{\"layer\":\"kill\",\"runs\":10,\"broken\":0}\n{\"layer\":\"kill\",\"runs\":5,\"seconds\":1.5}\n";
        let sums = add_up(lines);
        assert_eq!(sums["kill"]["runs"], 15.0);
        assert_eq!(sums["kill"]["seconds"], 1.5);
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
