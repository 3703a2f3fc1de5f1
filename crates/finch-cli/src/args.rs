//! The command line.

mod audit;
mod backup;
mod connect;
mod import;
mod keys;
mod local;
mod shell;
mod state;

pub(crate) use audit::AuditArgs;
pub(crate) use backup::{BackupArgs, RestoreArgs};
pub(crate) use connect::{ConnectArgs, ExchangeArgs};
pub(crate) use import::{Format, ImportArgs};
pub(crate) use keys::{KeysCommand, KeysInitArgs, RotateArgs, RotateKekArgs};
pub(crate) use local::{DemoArgs, EmulatorArgs};
pub(crate) use shell::{CompletionsArgs, ManArgs};
pub(crate) use state::StateFilter;

use std::{path::PathBuf, time::Duration};

use clap::{Args as Group, Parser, Subcommand};
use finch_core::{ConnectionId, CustomerId, OperatorName, ProviderId, Timestamp};

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
    /// The keys that seal the store: make, rotate, verify
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Begin: the page where a customer connects, and its state
    #[command(after_help = with_secrets(help::CONNECT))]
    Connect(ConnectArgs),
    /// Complete: turn the code that came back into a sealed token
    #[command(after_help = with_secrets(help::EXCHANGE))]
    Exchange(ExchangeArgs),
    /// List connections, and what needs attention
    #[command(after_help = help::CONNECTIONS)]
    Connections(ConnectionsArgs),
    /// Show a connection: its tokens, their evidence, its history
    Show(ShowArgs),
    /// What happened, in order: who did what, with what evidence
    #[command(after_help = help::EVENTS)]
    Events(EventsArgs),
    /// Look at everything that the store holds: is it what was written?
    Verify(StoreArgs),
    /// End a connection at Finch for all its tokens, and prove it
    #[command(after_help = help::DISCONNECT)]
    Disconnect(DisconnectArgs),
    /// Go on with everything that is unfinished, and list possible orphans
    #[command(after_help = help::RECONCILE)]
    Reconcile(ReconcileArgs),
    /// List what needs a person, with what to do
    Attention(AttentionArgs),
    /// Take over tokens that the application has already
    #[command(after_help = help::IMPORT)]
    Import(ImportArgs),
    /// Ask Finch about every token, and list where it disagrees
    #[command(after_help = help::AUDIT)]
    Audit(AuditArgs),
    /// Vouch for an end that Finch does not prove
    #[command(after_help = help::CLOSE)]
    Close(CloseArgs),
    /// Copy the store as it is at one moment, while it is in use
    #[command(after_help = help::BACKUP)]
    Backup(BackupArgs),
    /// Make the store out of a backup; what was in use is in doubt
    #[command(after_help = help::RESTORE)]
    Restore(RestoreArgs),
    /// Check the settings, the key, the store, and the way to Finch
    #[command(after_help = help::DOCTOR)]
    Doctor(StoreArgs),
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

/// Who acts, where no customer does.
#[derive(Debug, Default, Group)]
pub(crate) struct Operator {
    /// Who acts, for the record [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<OperatorName>,
}

/// For commands that only need the store.
#[derive(Debug, Group)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct EventsArgs {
    /// Only those of this connection
    #[arg(long, value_name = "ID")]
    pub(crate) connection: Option<ConnectionId>,
    /// Only since a day, a moment, or a time ago: 90m, 24h, 7d
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(crate) since: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct ConnectionsArgs {
    /// Those that have ended, too
    #[arg(long)]
    pub(crate) all: bool,
    /// Only those in this state; give it again for another
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Vec<StateFilter>,
    /// Only those of this provider
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<ProviderId>,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct ShowArgs {
    /// Any connection_id in the connection
    pub(crate) connection: ConnectionId,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct DisconnectArgs {
    /// Any connection_id in the connection
    pub(crate) connection: ConnectionId,
    /// Show what would be hit, and do nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// End it for all customers that use it
    #[arg(long, requires = "reason", conflicts_with = "customer")]
    pub(crate) force_shared: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", requires = "force_shared")]
    pub(crate) reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) client: Client,
}

/// What makes many calls: who asks for it, of whom, and how fast.
#[derive(Debug, Group)]
pub(crate) struct Paced {
    /// Calls to Finch a second, in all
    #[arg(long, value_name = "N", default_value = "3", value_parser = rate)]
    pub(crate) rate: Duration,
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct ReconcileArgs {
    /// Go on until stopped (SIGINT, SIGTERM)
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) paced: Paced,
}

#[derive(Debug, Group)]
pub(crate) struct AttentionArgs {
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct CloseArgs {
    /// Any connection_id of a connection whose disconnect is open
    #[arg(required_unless_present = "exchange", conflicts_with = "exchange")]
    pub(crate) connection: Option<ConnectionId>,
    /// Or a lost exchange, by the number that `finch attention` shows
    #[arg(long, value_name = "N")]
    pub(crate) exchange: Option<u64>,
    /// How you know that no token lives on, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct TokenArgs {
    /// Any connection_id in the connection
    pub(crate) connection: ConnectionId,
    /// Whose token
    #[arg(long, value_name = "ID")]
    pub(crate) customer: CustomerId,
    /// What the token must cover
    #[arg(long, value_name = "A,B")]
    pub(crate) products: Option<String>,
    /// Take one that this release does not know
    #[arg(long)]
    pub(crate) any_product: bool,
    /// Print the token itself
    #[arg(long)]
    pub(crate) reveal: bool,
    #[command(flatten)]
    pub(crate) client: Client,
}

/// A moment, a day's beginning in UTC, or how long ago.
fn since(text: &str) -> Result<Timestamp, &'static str> {
    const WRONG: &str =
        "must be a day (2026-11-22), a moment (2026-11-22T10:00:00Z), or a time ago (90m, 24h, 7d)";
    if let Ok(moment) = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()) {
        return Ok(moment);
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 24 * 3600,
        _ => return Err(WRONG),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| WRONG)?;
    Timestamp::now().checked_sub(Duration::from_secs(u64::from(number) * unit)).map_err(|_| WRONG)
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
