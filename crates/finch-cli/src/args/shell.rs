//! What `finch completions` and `finch man` take.

use std::path::PathBuf;

use clap::Args as Group;
use clap_complete::Shell;

#[derive(Debug, Group)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Debug, Group)]
pub(crate) struct ManArgs {
    /// The folder for one page a command [default: finch(1), printed]
    pub(crate) folder: Option<PathBuf>,
}
