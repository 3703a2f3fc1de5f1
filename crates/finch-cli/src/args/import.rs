//! `finch import`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

use super::Paced;

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
