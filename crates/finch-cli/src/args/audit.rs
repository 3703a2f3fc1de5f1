//! `finch audit`.

use std::time::Duration;

use clap::Args as Group;

use super::{Client, Operator, rate};

#[derive(Debug, Group)]
pub(crate) struct AuditArgs {
    /// Write down what Finch says, and go on with what is open
    #[arg(long)]
    pub(crate) fix: bool,
    /// Days until a connection counts as unused
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub(crate) unused_days: u32,
    /// Begin anew, whatever an earlier run has left
    #[arg(long)]
    pub(crate) restart: bool,
    /// Calls to Finch a second, in all
    #[arg(long, value_name = "N", default_value = "3", value_parser = rate)]
    pub(crate) rate: Duration,
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
}
