//! How far a long run is: a bar on standard error, where that is a terminal, and nothing where it is not.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Sheet;

/// A bar. It goes when it is dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// Of so many steps; none: nobody knows how many.
    pub(crate) fn new(steps: Option<u64>, what: &str) -> Self {
        let shown = std::io::stderr().is_terminal();
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(steps, target);
        let form = match steps {
            Some(_) => format!("  {{bar:30}} {{percent}} %  {{msg}} {what}  {{eta}} left"),
            None => format!("  {{spinner}} {{msg}} {what}  {{elapsed}}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&form) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So far, with so much done.
    pub(crate) fn at(&self, step: u64, done: u64) {
        self.0.set_position(step);
        self.0.set_message(done.to_string());
    }

    /// Finch has asked to wait, or needs a while.
    pub(crate) fn waits(&self, wait: Duration) {
        if wait >= Duration::from_secs(2) {
            self.say(&format!("finch: waiting {} s for Finch", wait.as_secs()));
        }
    }

    /// A line above the bar; nothing, where there is no bar.
    pub(crate) fn say(&self, text: &str) {
        let mut sheet = Sheet::default();
        sheet.line(text);
        self.0.println(sheet.render().trim_end());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
