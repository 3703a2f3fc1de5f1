//! The command line: its commands, and the options that several of them take.

use std::{env, path::PathBuf, time::Duration};

use clap::{Args as Group, CommandFactory as _, Parser, Subcommand, builder::Resettable};
use finch_core::{CustomerId, OperatorName};

use crate::{
    commands::{
        audit, close, connect, connections, demo, disconnect, emulator, events, exchange, import,
        keys, reconcile, shell, store, token,
    },
    secrets::{NoArgument, clean, clean_path},
};

/// Below the list of commands.
const SCREEN: &str = "\
Every command has --help and --json (one document; errors too, on stderr).

Environment, where no option says otherwise
  FINCH_CLIENT_ID, FINCH_CLIENT_SECRET   the application at Finch
  FINCH_BASE_URL                         default https://api.tryfinch.com
  FINCH_PROXY                            default none; env: that of HTTPS_PROXY
  FINCH_STORE                            the store's file
  FINCH_STORE_KEY, FINCH_STORE_KEY_FILE  its key; default file <store>.key

Exit codes
  0 done    1 failed     2 usage    3 not found    4 something is left open
  5 store or key    6 Finch refused or was not reached    7 excluded by state
  8 Finch may have issued a token that the store does not have    130 stopped";

/// Connect customers through Finch, keep their tokens sealed, disconnect with proof
#[derive(Parser)]
#[command(name = "finch", version, after_help = SCREEN, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print one JSON document
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Args {
    /// All that the command line takes. An empty variable counts as one that is not set.
    pub(crate) fn definition() -> clap::Command {
        set_variables_only(Self::command())
    }
}

fn set_variables_only(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let value = arg.get_env().and_then(env::var_os);
        let arg = arg.hide_env(true);
        if value.is_some_and(|value| value.is_empty()) { arg.env(Resettable::Reset) } else { arg }
    });
    command.mut_subcommands(set_variables_only)
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// See two connections begin and one end; or --serve: click through
    Demo(demo::DemoArgs),
    /// Run that local Finch, for programs in any language
    Emulator(emulator::EmulatorArgs),
    /// Begin an attempt: the page where a customer connects
    Connect(connect::ConnectArgs),
    /// Complete it: turn the code that came back into a sealed token
    Exchange(exchange::ExchangeArgs),
    /// Print a customer's token, with --reveal
    Token(token::TokenArgs),
    /// End a connection at Finch for all its tokens, and prove it
    Disconnect(disconnect::DisconnectArgs),
    /// List connections, and what needs attention; --all: ended ones
    Connections(connections::ConnectionsArgs),
    /// Show a connection: its tokens, their evidence, its history
    Show(connections::ShowArgs),
    /// List what happened: who did what, with what evidence
    Events(events::EventsArgs),
    /// Continue everything that is unfinished, once or with --watch
    Reconcile(reconcile::ReconcileArgs),
    /// List what needs a person, with what to do
    Attention(Operator),
    /// Close what Finch does not prove, on your word
    Close(close::CloseArgs),
    /// Import tokens that the application has already
    Import(import::ImportArgs),
    /// Ask Finch about every token, and list where it disagrees
    Audit(audit::AuditArgs),
    /// Make, show and rotate the keys that seal the store
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Verify the store's integrity: the file, its records, its secrets
    Verify(Operator),
    /// Back up the store while it is in use
    Backup(store::BackupArgs),
    /// Make a store from a backup; what was in use is in doubt
    Restore(store::RestoreArgs),
    /// Put tokens in doubt after a restore by other means
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Check the settings, the key, the store, and the way to Finch
    #[command(after_help = "\
It changes nothing, here or at Finch. It ends with 2 for settings, 5 for the
store or its key, 6 for Finch.")]
    Doctor(Client),
    /// Print the script that completes commands in a shell
    Completions(shell::CompletionsArgs),
    /// Print the manual page, or write one a command into a folder
    Man(shell::ManArgs),
}

/// How to reach Finch and the store.
#[derive(Group)]
#[command(next_help_heading = "Finch and the store")]
pub(crate) struct Client {
    /// The application (FINCH_CLIENT_ID)
    #[arg(long, value_name = "ID", env = "FINCH_CLIENT_ID", value_parser = clean)]
    pub(crate) client_id: Option<String>,
    /// In the environment only
    #[arg(long, hide = true, env = "FINCH_CLIENT_SECRET", value_name = "FINCH_CLIENT_SECRET")]
    #[arg(value_parser = NoArgument, conflicts_with = "client_secret_file")]
    pub(crate) client_secret: Option<String>,
    /// The client secret (FINCH_CLIENT_SECRET_FILE)
    #[arg(long, value_name = "PATH", env = "FINCH_CLIENT_SECRET_FILE", value_parser = clean_path())]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Finch's API (FINCH_BASE_URL)
    #[arg(long, value_name = "URL", env = "FINCH_BASE_URL", value_parser = clean)]
    pub(crate) base_url: Option<String>,
    /// Reach Finch through this proxy (FINCH_PROXY)
    #[arg(long, value_name = "URL|env", env = "FINCH_PROXY", value_parser = clean)]
    pub(crate) proxy: Option<String>,
    /// The store's file (FINCH_STORE)
    #[arg(long, value_name = "PATH", env = "FINCH_STORE", value_parser = clean_path())]
    pub(crate) store: Option<PathBuf>,
    /// In the environment only
    #[arg(long, hide = true, env = "FINCH_STORE_KEY", value_name = "FINCH_STORE_KEY")]
    #[arg(value_parser = NoArgument, conflicts_with = "store_key_file")]
    pub(crate) store_key: Option<String>,
    /// The store's key (FINCH_STORE_KEY_FILE)
    #[arg(long, value_name = "PATH", env = "FINCH_STORE_KEY_FILE", value_parser = clean_path())]
    pub(crate) store_key_file: Option<PathBuf>,
    /// Longest time per call to Finch [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

/// Whose connections: a customer's, or everyone's.
#[derive(Group)]
pub(crate) struct Whose {
    /// Act for this customer, and see nothing else
    #[arg(long, value_name = "ID")]
    pub(crate) customer: Option<CustomerId>,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Who acts, where no customer does, and on which store.
#[derive(Group)]
pub(crate) struct Operator {
    /// Who acts, for the record [default: $USER]
    #[arg(long = "operator", value_name = "NAME")]
    pub(crate) name: Option<OperatorName>,
    #[command(flatten)]
    pub(crate) client: Client,
}

/// Options of a command that makes many calls: the operator, and how fast.
#[derive(Group)]
pub(crate) struct Paced {
    /// Calls to Finch a second, in all
    #[arg(long, value_name = "N", default_value = "3", value_parser = rate)]
    pub(crate) rate: Duration,
    #[command(flatten)]
    pub(crate) operator: Operator,
}

/// Why something is ended for good, for the record.
pub(crate) fn reason(text: &str) -> Result<String, &'static str> {
    let reason = text.trim();
    if reason.is_empty() { Err("the reason is empty: say why") } else { Ok(reason.to_owned()) }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds")?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero() && *duration <= Duration::from_secs(24 * 3600))
        .ok_or("must be more than 0 seconds and at most a day")
}

/// So many a second, as the time between two.
fn rate(text: &str) -> Result<Duration, &'static str> {
    let rate: f64 = text.parse().map_err(|_| "must be a number of calls a second")?;
    (rate > 0.0)
        .then(|| Duration::try_from_secs_f64(1.0 / rate).ok())
        .flatten()
        .filter(|every| *every <= Duration::from_secs(300))
        .ok_or("must be more than 0 calls a second, and at least one in five minutes")
}
