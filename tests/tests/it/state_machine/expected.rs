//! What a move must come to.

use super::model::State;

/// What a move must come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Nothing,
    /// An attempt, which renews this connection.
    Begun {
        renews: Option<usize>,
    },
    NotBegun(&'static str),
    Connected {
        token: usize,
        state: State,
        joined: usize,
    },
    NotConnected(&'static str),
    /// This token.
    Token(usize),
    NoToken(&'static str),
    Reported(&'static str),
    Ended(Ended),
    /// Each by the name by which it was asked for.
    AllEnded(Vec<(usize, Ended)>),
    Planned {
        verdict: &'static str,
        tokens: usize,
        shared: bool,
    },
    Reconciled {
        disconnected: usize,
        pending: usize,
        verified: usize,
        refused: usize,
    },
    Closed(usize),
    NotClosed(&'static str),
    Dismissed,
}

/// How a disconnect must come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Disconnected(usize),
    Pending(usize),
    Already,
    Retired(usize),
    Shared,
    NotFound,
    PlanChanged,
    /// The plan may have been overtaken: nothing is asked.
    Unasked,
}
