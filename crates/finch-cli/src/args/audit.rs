//! `finch audit`.

use clap::Args as Group;

use super::Paced;

#[derive(Debug, Group)]
pub(crate) struct AuditArgs {
    /// Write down what Finch says, and go on with what is open
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
