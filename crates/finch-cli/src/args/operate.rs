//! What the operator's commands take.

use std::path::PathBuf;

use clap::{
    Args as Group, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser},
};
use finch_core::{ConnectionId, ProviderId, Timestamp};

use super::{Operator, Paced, Whose, values::since};

#[derive(Debug, Group)]
pub(crate) struct EventsArgs {
    /// Only those of this connection
    #[arg(long, value_name = "ID")]
    pub(crate) connection: Option<ConnectionId>,
    /// Only since a day, a moment, or a time ago: 90m, 24h, 7d
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(crate) since: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(Debug, Group)]
pub(crate) struct ConnectionsArgs {
    /// Those that have ended, too
    #[arg(long)]
    pub(crate) all: bool,
    /// Only those in this state; give it again for another
    #[arg(long, value_name = "STATE", value_parser = states())]
    pub(crate) state: Vec<String>,
    /// Only those of this provider
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<ProviderId>,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(Debug, Group)]
pub(crate) struct ShowArgs {
    /// Any connection_id in the connection
    pub(crate) connection: ConnectionId,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(Debug, Group)]
pub(crate) struct DisconnectArgs {
    /// Any connection_id in the connection
    pub(crate) connection: ConnectionId,
    /// Show what would be hit, and do nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// End it for all customers that use it
    #[arg(long, requires = "reason", conflicts_with = "customer")]
    pub(crate) force_shared: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", requires = "force_shared")]
    pub(crate) reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(Debug, Group)]
pub(crate) struct ReconcileArgs {
    /// Go on until stopped (SIGINT, SIGTERM)
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) paced: Paced,
}

#[derive(Debug, Group)]
pub(crate) struct CloseArgs {
    /// Any connection_id of a connection whose disconnect is open
    #[arg(required_unless_present = "exchange", conflicts_with = "exchange")]
    pub(crate) connection: Option<ConnectionId>,
    /// Or a lost exchange, by its number in `finch attention`
    #[arg(long, value_name = "N")]
    pub(crate) exchange: Option<u64>,
    /// How you know that no token lives on, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

#[derive(Debug, Group)]
pub(crate) struct ImportArgs {
    /// The file with the tokens; -, or none: standard input
    pub(crate) file: Option<PathBuf>,
    /// Its format [default: by its first line]
    #[arg(long)]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) paced: Paced,
}

/// The format of a list of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Values separated by commas, semicolons, tabs or vertical bars
    Csv,
    /// One JSON object a line
    Jsonl,
}

#[derive(Debug, Group)]
pub(crate) struct AuditArgs {
    /// Write down what Finch says, and continue what is open
    #[arg(long)]
    pub(crate) fix: bool,
    /// Days until a connection counts as unused
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub(crate) unused_days: u32,
    /// Begin again, whatever an earlier run has left
    #[arg(long)]
    pub(crate) restart: bool,
    #[command(flatten)]
    pub(crate) paced: Paced,
}

/// The states of a connection, by the names of `--json`.
fn states() -> PossibleValuesParser {
    let states = [
        ("connected", "At least one token works"),
        ("unverified", "Finch must be asked whether a token still lives"),
        ("quarantined", "Only quarantined tokens are left"),
        ("needs_reauth", "The employer must authenticate again"),
        ("disconnecting", "Finch has not proven the end"),
        ("disconnected", "Ended"),
    ];
    states.map(|(name, help)| PossibleValue::new(name).help(help)).into()
}
