//! `finch import`.

use std::{path::PathBuf, time::Duration};

use clap::{Args as Group, ValueEnum};

use super::{Client, Operator, rate};

#[derive(Debug, Group)]
pub(crate) struct ImportArgs {
    /// The file with the tokens; -, or none: standard input
    pub(crate) file: Option<PathBuf>,
    /// How it is written [default: as its name or its first character says]
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// Calls to Finch a second, in all
    #[arg(long, value_name = "N", default_value = "3", value_parser = rate)]
    pub(crate) rate: Duration,
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
}

/// How a list of tokens is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    Jsonl,
}
