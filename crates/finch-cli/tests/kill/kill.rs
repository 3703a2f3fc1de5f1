//! How a process is killed.

use std::{fmt, str::FromStr, time::Duration};

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

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(step, how) => write!(f, "{} {step}", how.name()),
            Self::After(time) => write!(f, "time {}", time.as_micros()),
            Self::Call(call, times) => write!(f, "call {times} {call}"),
            Self::Never => f.write_str("never"),
        }
    }
}

impl FromStr for Kill {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let bad = || format!("no kill: {text:?}");
        Ok(match word {
            "before" => Self::At(rest.to_owned(), How::Before),
            "half" => Self::At(rest.to_owned(), How::Half),
            "after" => Self::At(rest.to_owned(), How::After),
            "time" => Self::After(Duration::from_micros(rest.parse().map_err(|_| bad())?)),
            "call" => {
                let (times, call) = rest.split_once(' ').ok_or_else(bad)?;
                Self::Call(call.to_owned(), times.parse().map_err(|_| bad())?)
            }
            "never" => Self::Never,
            _ => return Err(bad()),
        })
    }
}

#[test]
fn a_kill_is_named_and_found_by_its_name() {
    for name in [
        "before sync wal 2",
        "half send finch 1",
        "after unlink wal 1",
        "time 1234",
        "call 2 POST /disconnect",
        "never",
    ] {
        assert_eq!(name.parse::<Kill>().unwrap().to_string(), name);
    }
    assert!("sometimes".parse::<Kill>().is_err());
}
