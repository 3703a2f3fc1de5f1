//! How a process is killed.

use std::time::Duration;

/// When the process dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    /// At this step, such as `sync wal 2`.
    At(String, How),
    /// From outside, after so long.
    After(Duration),
    /// From outside, as soon as Finch has seen this call so often since it began.
    Call(String, u64),
    /// Not at all.
    Never,
}

/// On which side of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Before,
    /// With half of the bytes written or sent.
    Half,
    After,
}

impl How {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Half => "half",
            Self::After => "after",
        }
    }
}
