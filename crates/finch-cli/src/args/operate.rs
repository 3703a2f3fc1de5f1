//! What the operator's commands take.

use std::{path::PathBuf, time::Duration};

use clap::Args as Group;
use finch_core::{ConnectionId, ProviderId, Timestamp};

use super::{Operator, Paced, Whose};

#[derive(Group)]
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

#[derive(Group)]
pub(crate) struct ConnectionsArgs {
    /// Those that have ended, too
    #[arg(long)]
    pub(crate) all: bool,
    /// Only those in this state, such as needs_reauth
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    #[arg(hide_possible_values = true)]
    pub(crate) state: Vec<String>,
    /// Only those of this provider
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<ProviderId>,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(Group)]
pub(crate) struct ShowArgs {
    /// Any connection_id in the connection
    pub(crate) connection: ConnectionId,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(Group)]
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

#[derive(Group)]
pub(crate) struct ReconcileArgs {
    /// Go on until stopped (SIGINT, SIGTERM)
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) paced: Paced,
}

#[derive(Group)]
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

#[derive(Group)]
pub(crate) struct ImportArgs {
    /// The file with the tokens; -, or none: standard input
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) paced: Paced,
}

#[derive(Group)]
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
const STATES: [&str; 6] =
    ["connected", "unverified", "quarantined", "needs_reauth", "disconnecting", "disconnected"];

/// A moment, a day's beginning in UTC, or how long ago.
fn since(text: &str) -> Result<Timestamp, &'static str> {
    const WRONG: &str =
        "must be a day (2026-11-22), a moment (2026-11-22T10:00:00Z), or a time ago (90m, 24h, 7d)";
    if let Ok(moment) = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()) {
        return Ok(moment);
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 24 * 3600,
        _ => return Err(WRONG),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| WRONG)?;
    Timestamp::now().checked_sub(Duration::from_secs(u64::from(number) * unit)).map_err(|_| WRONG)
}
