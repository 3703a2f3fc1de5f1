//! What a layer is given by the environment, and what it reached, as one line of JSON.

use std::{env, fs::OpenOptions, io::Write, time::Instant};

use serde_json::Value;

/// A number in the environment.
pub(crate) fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// From which everything random follows: `FINCH_SEED`, or `FINCH_SEED_BASE`, or 1.
pub(crate) fn seed() -> u64 {
    setting("FINCH_SEED").or(setting("FINCH_SEED_BASE")).unwrap_or(1)
}

/// Prints the figures of one run of a layer; appends them to the file that `FINCH_FIGURES` names.
pub(crate) fn report(layer: &str, began: Instant, mut figures: Value) {
    figures["layer"] = layer.into();
    figures["seconds"] = ((began.elapsed().as_secs_f64() * 10.0).round() / 10.0).into();
    println!("{figures}");
    if let Some(path) = env::var_os("FINCH_FIGURES") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{figures}").unwrap();
    }
}
