//! What `finch keys`, `finch backup`, `finch restore` and `finch store` take.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

use super::{Client, Operator};
use crate::{help, secrets::clean_path};

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new key file; an existing one is never overwritten
    Init(KeysInitArgs),
    /// Show the key that opens the store, and a rotation under way
    Status(Operator),
    /// Make a new data key, and seal every secret again with it; online
    #[command(after_help = help::ROTATE)]
    Rotate(Operator),
    /// Let another key open the store, and this one no longer
    #[command(after_help = help::ROTATE_KEK)]
    RotateKek(RotateKekArgs),
}

#[derive(Group)]
pub(crate) struct RotateKekArgs {
    /// The file of the new key; made if it is not there
    #[arg(long, value_name = "PATH")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

#[derive(Group)]
pub(crate) struct KeysInitArgs {
    /// Where to put it (FINCH_STORE_KEY_FILE)
    #[arg(long, alias = "store-key-file", value_name = "PATH")]
    #[arg(env = "FINCH_STORE_KEY_FILE", value_parser = clean_path())]
    pub(crate) key_file: Option<PathBuf>,
    /// The store whose key it becomes (FINCH_STORE)
    #[arg(long, value_name = "PATH", env = "FINCH_STORE", value_parser = clean_path())]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Group)]
pub(crate) struct BackupArgs {
    /// Where to put it; an existing file is never overwritten
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Group)]
pub(crate) struct RestoreArgs {
    /// The backup; it stays as it is
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

#[derive(Subcommand)]
pub(crate) enum StoreCommand {
    /// Put every token in use in doubt, after a restore by other means
    #[command(after_help = help::RESTORED)]
    Restored(Operator),
}
