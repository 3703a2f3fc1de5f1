//! A bar for what takes long: on standard error, and only where a person watches.

use std::borrow::Cow;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that says what is done, and how long the rest will take. Where nobody watches it is nothing.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn of(what: impl Into<Cow<'static, str>>) -> Self {
        let bar = ProgressBar::new(0);
        let shown = "{msg} [{bar:30}] {human_pos} of {human_len}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(shown) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        Self(bar)
    }

    pub(crate) fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

/// What is left of it goes when the work is done: the report takes its place.
impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
