//! What a run over every byte must have reached.

use std::time::Instant;

use finch_testkit::Figures;

/// Counts kinds of events, and fails the run that did not reach one often enough.
pub(super) struct Count {
    layer: &'static str,
    began: Instant,
    pub(super) figures: Figures,
}

impl Count {
    pub(super) fn new(layer: &'static str) -> Self {
        Self { layer, began: Instant::now(), figures: Figures::default() }
    }

    /// Reports what was reached.
    pub(super) fn finish(self, at_least: &[(&str, usize)]) {
        self.figures.report(self.layer, self.began);
        for (event, least) in at_least {
            let came = self.figures.of(event);
            assert!(came >= *least as u64, "{event}: {came}, not {least}:\n{}", self.figures);
        }
    }
}
