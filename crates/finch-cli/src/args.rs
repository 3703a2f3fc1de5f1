// Long because it is the whole command line.
//! The command line.

mod audit;
mod backup;
mod import;

pub(crate) use audit::AuditArgs;
pub(crate) use backup::{BackupArgs, RestoreArgs};
pub(crate) use import::{Format, ImportArgs};

use std::{path::PathBuf, time::Duration};

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use finch_core::{ConnectionId, CustomerId, OperatorName, ProviderId, Timestamp};

use crate::help;

#[derive(Debug, Parser)]
#[command(name = "finch", version, override_help = help::SCREEN, arg_required_else_help = true)]
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
    /// List connections, and what needs somebody's attention
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
#[derive(Debug, Group)]
pub(crate) struct Operator {
    /// Who acts, for the record [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<OperatorName>,
}

#[derive(Debug, Group)]
pub(crate) struct DemoArgs {
    /// How far the local Finch's /disconnect reaches
    #[arg(long, value_name = "SCOPE", default_value = "pair")]
    pub(crate) disconnect_scope: Reach,
}

#[derive(Debug, Group)]
pub(crate) struct EmulatorArgs {
    /// The port on 127.0.0.1; 0 finds a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
    /// The client id that it knows
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Its secret (FINCH_EMULATOR_CLIENT_SECRET)
    #[arg(long, value_name = "SECRET")]
    pub(crate) client_secret: Option<String>,
    /// A file with that secret
    #[arg(long, value_name = "PATH")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// How far /disconnect reaches
    #[arg(long, value_name = "SCOPE", default_value = "pair")]
    pub(crate) disconnect_scope: Reach,
    /// Make the same ids, codes and tokens in every run
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Where webhooks go, over plain http
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// What signs them, in base64 (FINCH_EMULATOR_WEBHOOK_SECRET)
    #[arg(long, value_name = "SECRET", requires = "webhook_url")]
    pub(crate) webhook_secret: Option<String>,
    /// A file with that secret
    #[arg(long, value_name = "PATH", requires = "webhook_url")]
    pub(crate) webhook_secret_file: Option<PathBuf>,
}

/// How far a disconnect reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reach {
    /// All tokens of one provider and company
    Pair,
    /// Only the token's own connection_id
    Connection,
}

impl From<Reach> for finch_emulator::DisconnectScope {
    fn from(reach: Reach) -> Self {
        match reach {
            Reach::Pair => Self::Pair,
            Reach::Connection => Self::Connection,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new key file; an existing one is never overwritten
    #[command(after_help = help::KEYS_INIT)]
    Init(KeysInitArgs),
    /// Which key opens the store, and how far its data keys are used up
    Status(StoreArgs),
    /// Make another data key, and seal every secret anew; online
    #[command(after_help = help::ROTATE)]
    Rotate(RotateArgs),
    /// Let another key open the store, and no longer this one
    #[command(after_help = help::ROTATE_KEK)]
    RotateKek(RotateKekArgs),
    /// Look whether every secret opens
    Verify(StoreArgs),
}

/// For commands that only need the store.
#[derive(Debug, Group)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct RotateKekArgs {
    /// The file of the new key; made if it is not there
    #[arg(long, value_name = "PATH")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) operator: Operator,
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
pub(crate) struct KeysInitArgs {
    /// Where to put it (FINCH_STORE_KEY_FILE)
    #[arg(long, alias = "store-key-file", value_name = "PATH")]
    pub(crate) key_file: Option<PathBuf>,
    /// The store whose key it becomes (FINCH_STORE)
    #[arg(long, value_name = "PATH")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct ConnectArgs {
    /// Who connects, by the application's own id
    #[arg(long, value_name = "ID")]
    pub(crate) customer: CustomerId,
    /// The name that the person is shown
    #[arg(long, required_unless_present = "reauthenticate")]
    pub(crate) name: Option<String>,
    /// The person's address, for Finch
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// What to ask for, such as company,directory
    #[arg(long, value_name = "A,B", required_unless_present = "reauthenticate")]
    pub(crate) products: Option<String>,
    /// The only provider to choose
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<ProviderId>,
    /// Where Finch sends the browser back to
    #[arg(long, value_name = "URI", conflicts_with = "embedded")]
    pub(crate) redirect_uri: Option<String>,
    /// Or its JavaScript hands over the code
    #[arg(long)]
    pub(crate) embedded: bool,
    /// Renew this connection
    #[arg(long, value_name = "CONNECTION")]
    pub(crate) reauthenticate: Option<ConnectionId>,
    /// Finch's sandbox: finch or provider
    #[arg(long, value_name = "KIND")]
    pub(crate) sandbox: Option<String>,
    /// How long the page lives
    #[arg(long, value_name = "N", default_value_t = 24 * 60)]
    pub(crate) minutes: u32,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct ExchangeArgs {
    /// What came back with the code (FINCH_STATE)
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// A file with the state
    #[arg(long, value_name = "PATH")]
    pub(crate) state_file: Option<PathBuf>,
    /// The code, else from standard input (FINCH_CODE)
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// A file with the code
    #[arg(long, value_name = "PATH")]
    pub(crate) code_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) client: Client,
}

#[derive(Debug, Group)]
pub(crate) struct ConnectionsArgs {
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

#[derive(Debug, Group)]
pub(crate) struct ReconcileArgs {
    /// Go on until stopped (SIGINT, SIGTERM)
    #[arg(long)]
    pub(crate) watch: bool,
    /// Calls to Finch a second, in all
    #[arg(long, value_name = "N", default_value = "3", value_parser = rate)]
    pub(crate) rate: Duration,
    #[command(flatten)]
    pub(crate) operator: Operator,
    #[command(flatten)]
    pub(crate) client: Client,
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
