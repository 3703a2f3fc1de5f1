//! The command line.

mod connect;
mod local;
mod operate;
mod store;
mod values;

pub(crate) use connect::{ConnectArgs, ExchangeArgs, TokenArgs};
pub(crate) use local::{CompletionsArgs, DemoArgs, EmulatorArgs, ManArgs};
pub(crate) use operate::{
    AuditArgs, CloseArgs, ConnectionsArgs, DisconnectArgs, EventsArgs, Format, ImportArgs,
    ReconcileArgs, ShowArgs,
};
pub(crate) use store::{
    BackupArgs, KeysCommand, KeysInitArgs, RestoreArgs, RotateKekArgs, StoreCommand,
};

use std::{path::PathBuf, time::Duration};

use clap::{Args as Group, Parser, Subcommand};
use finch_core::{CustomerId, OperatorName};

use self::values::{rate, seconds};
use crate::help;

#[derive(Debug, Parser)]
#[command(name = "finch", version, about = help::ABOUT, override_help = help::SCREEN, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print one JSON document
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See two connections begin and one end, on a local Finch
    #[command(after_help = help::DEMO)]
    Demo(DemoArgs),
    /// Run a local Finch, for programs in any language
    #[command(after_help = help::EMULATOR)]
    Emulator(EmulatorArgs),
    /// Make, show and rotate the keys that seal the store
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Begin an attempt: the page where a customer connects, and its state
    #[command(after_help = with_secrets(help::CONNECT))]
    Connect(ConnectArgs),
    /// Complete it: turn the code that came back into a sealed token
    #[command(after_help = with_secrets(help::EXCHANGE))]
    Exchange(ExchangeArgs),
    /// List connections, and what needs attention
    #[command(after_help = help::CONNECTIONS)]
    Connections(ConnectionsArgs),
    /// Show a connection: its tokens, their evidence, its history
    Show(ShowArgs),
    /// List what happened: who did what, with what evidence
    #[command(after_help = help::EVENTS)]
    Events(EventsArgs),
    /// Verify the store's integrity: the file, its records, its secrets
    Verify(Operator),
    /// End a connection at Finch for all its tokens, and prove it
    #[command(after_help = help::DISCONNECT)]
    Disconnect(DisconnectArgs),
    /// Continue everything that is unfinished, and list possible orphans
    #[command(after_help = help::RECONCILE)]
    Reconcile(ReconcileArgs),
    /// List what needs a person, with what to do
    Attention(Operator),
    /// Import tokens that the application has already
    #[command(after_help = help::IMPORT)]
    Import(ImportArgs),
    /// Ask Finch about every token, and list where it disagrees
    #[command(after_help = help::AUDIT)]
    Audit(AuditArgs),
    /// Close what Finch does not prove, on your word
    #[command(after_help = help::CLOSE)]
    Close(CloseArgs),
    /// Back up the store while it is in use
    #[command(after_help = help::BACKUP)]
    Backup(BackupArgs),
    /// Make a store from a backup; what was in use is in doubt
    #[command(after_help = help::RESTORE)]
    Restore(RestoreArgs),
    /// Say that the store's database was restored by other means
    #[command(subcommand)]
    Store(StoreCommand),
    /// Check the settings, the key, the store, and the way to Finch
    #[command(after_help = help::DOCTOR)]
    Doctor(Client),
    /// Print a customer's token, with --reveal
    #[command(after_help = help::TOKEN)]
    Token(TokenArgs),
    /// Print what completes commands in a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands
    #[command(after_help = help::MAN)]
    Man(ManArgs),
}

fn with_secrets(examples: &str) -> String {
    format!("{examples}\n\n{}", help::SECRETS)
}

/// How to reach Finch and the store.
#[derive(Debug, Group)]
#[command(next_help_heading = "Finch and the store")]
pub(crate) struct Client {
    /// The application (FINCH_CLIENT_ID)
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// File with its secret (FINCH_CLIENT_SECRET)
    #[arg(long, value_name = "PATH")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Finch's API (FINCH_BASE_URL)
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Through this proxy (FINCH_PROXY)
    #[arg(long, value_name = "URL|env")]
    pub(crate) proxy: Option<String>,
    /// The store's file (FINCH_STORE)
    #[arg(long, value_name = "PATH")]
    pub(crate) store: Option<PathBuf>,
    /// File with its key (FINCH_STORE_KEY)
    #[arg(long, value_name = "PATH")]
    pub(crate) store_key_file: Option<PathBuf>,
    /// For one call to Finch [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

/// Whose connections: a customer's, or everyone's.
#[derive(Debug, Group)]
pub(crate) struct Whose {
    /// Act for this customer, and see nothing else
    #[arg(long, value_name = "ID")]
    pub(crate) customer: Option<CustomerId>,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Who acts, where no customer does, and on which store.
#[derive(Debug, Group)]
pub(crate) struct Operator {
    /// Who acts, for the record [default: $USER]
    #[arg(long = "operator", value_name = "NAME")]
    pub(crate) name: Option<OperatorName>,
    #[command(flatten)]
    pub(crate) client: Client,
}

/// Options of a command that makes many calls: the operator, and how fast.
#[derive(Debug, Group)]
pub(crate) struct Paced {
    /// Calls to Finch a second, in all
    #[arg(long, value_name = "N", default_value = "3", value_parser = rate)]
    pub(crate) rate: Duration,
    #[command(flatten)]
    pub(crate) operator: Operator,
}
