//! Figures: how much is done, and what came of it.

use std::{env, fs::OpenOptions, io::Write as _, time::Duration};

use serde_json::{Map, Value, json};

/// A count or a seed out of an environment variable.
pub fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// Appends one line of JSON to the file that `FINCH_FIGURES` names, if it does, and returns the line.
pub fn report<'a>(
    layer: &str,
    runs: u64,
    took: Duration,
    reached: impl IntoIterator<Item = (&'a (impl ToString + 'a), &'a u64)>,
) -> String {
    let reached: Map<String, Value> =
        reached.into_iter().map(|(name, count)| (name.to_string(), json!(count))).collect();
    let seconds = (took.as_secs_f64() * 10.0).round() / 10.0;
    let line = json!({
        "layer": layer, "runs": runs, "seconds": seconds, "broken": 0, "reached": reached,
    });
    let line = line.to_string();
    if let Ok(path) = env::var("FINCH_FIGURES")
        && let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path)
    {
        drop(writeln!(file, "{line}"));
    }
    line
}
