//! What a run has reached.

use std::{collections::BTreeMap, io::Write, time::Instant};

/// Counts kinds of events, and fails the run that did not reach one often enough.
pub(super) struct Count {
    layer: &'static str,
    began: Instant,
    kinds: BTreeMap<&'static str, usize>,
}

impl Count {
    pub(super) fn new(layer: &'static str) -> Self {
        Self { layer, began: Instant::now(), kinds: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, kind: &'static str) {
        *self.kinds.entry(kind).or_default() += 1;
    }

    /// Says what was reached, on standard output and in the file that `FINCH_FIGURES` names.
    pub(super) fn finish(self, at_least: &[(&str, usize)]) {
        let mut figures = serde_json::json!({
            "layer": self.layer,
            "seconds": (self.began.elapsed().as_secs_f64() * 10.0).round() / 10.0,
            "broken": 0,
        });
        for (kind, count) in &self.kinds {
            figures[kind] = (*count).into();
        }
        println!("{figures}");
        if let Some(path) = std::env::var_os("FINCH_FIGURES") {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
            // One write for each line, so that lines of several processes do not mix.
            file.unwrap().write_all(format!("{figures}\n").as_bytes()).unwrap();
        }
        for (kind, least) in at_least {
            let reached = self.kinds.get(kind).copied().unwrap_or(0);
            assert!(reached >= *least, "{kind}: {reached}, not {least}: {figures}");
        }
    }
}
