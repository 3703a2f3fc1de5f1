//! The states that `finch connections --state` takes.

use clap::ValueEnum;
use finch_core::ConnectionState;

/// The state of a connection, by the names of `--json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StateFilter {
    /// At least one token works
    Connected,
    /// Finch must be asked whether a token still lives
    Unverified,
    /// Only quarantined tokens are left
    Quarantined,
    /// The employer must authenticate again
    NeedsReauth,
    /// Finch has not proven the end
    Disconnecting,
    /// Ended
    Disconnected,
}

impl StateFilter {
    /// Whether this is the state of a connection.
    pub(crate) fn is(self, state: ConnectionState) -> bool {
        let named = match self {
            Self::Connected => ConnectionState::Connected,
            Self::Unverified => ConnectionState::Unverified,
            Self::Quarantined => ConnectionState::Quarantined,
            Self::NeedsReauth => ConnectionState::NeedsReauth,
            Self::Disconnecting => ConnectionState::Disconnecting,
            Self::Disconnected => ConnectionState::Disconnected,
        };
        named == state
    }
}
