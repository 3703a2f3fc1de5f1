//! What `finch backup` and `finch restore` take.

use std::path::PathBuf;

use clap::Args as Group;

use super::{Client, Operator};

#[derive(Debug, Group)]
pub(crate) struct BackupArgs {
    /// Where to put it; an existing file is never overwritten
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct RestoreArgs {
    /// The backup; it stays as it is
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
}
