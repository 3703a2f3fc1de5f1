//! `finch import`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

use super::Paced;

#[derive(Debug, Group)]
pub(crate) struct ImportArgs {
    /// The file with the tokens; -, or none: standard input
    pub(crate) file: Option<PathBuf>,
    /// How it is written [default: as its name or its first character says]
    #[arg(long)]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) paced: Paced,
}

/// How a list of tokens is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    Jsonl,
}
