//! What a layer reached, as one line of JSON.

use std::{env, fs::OpenOptions, io::Write, time::Instant};

use serde_json::Value;

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
