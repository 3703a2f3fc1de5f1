//! A bar for what takes long: on standard error, and only where a person watches.

use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// A bar that says what is done, and how long the rest will take. Without a terminal it prints nothing.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn of(what: &'static str) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {msg}, {eta} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        Self(bar)
    }

    pub(crate) fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
        if !self.0.is_hidden() {
            self.0.set_message(format!("{} of {}", HumanCount(done), HumanCount(total)));
        }
    }

    /// Finch has asked to wait, or needs a while: a line above the bar.
    pub(crate) fn waits(&self, wait: Duration) {
        if wait >= Duration::from_secs(2) {
            self.0.println(format!("finch: waiting {} s for Finch", wait.as_secs()));
        }
    }
}

/// What is left of it goes when the work is done: the report takes its place.
impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
