//! What `finch connect`, `finch exchange` and `finch token` take.

use std::path::PathBuf;

use clap::Args as Group;
use finch_core::{ConnectionId, CustomerId, ProviderId};

use super::{Client, Whose};
use crate::secrets::clean;

#[derive(Group)]
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
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    #[arg(required_unless_present = "reauthenticate")]
    pub(crate) products: Vec<String>,
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

#[derive(Group)]
pub(crate) struct ExchangeArgs {
    /// What came back with the code (FINCH_STATE)
    #[arg(long, env = "FINCH_STATE", value_parser = clean, conflicts_with = "state_file")]
    pub(crate) state: Option<String>,
    /// A file with the state
    #[arg(long, value_name = "PATH", env = "FINCH_STATE_FILE")]
    pub(crate) state_file: Option<PathBuf>,
    /// The code, else from standard input (FINCH_CODE)
    #[arg(long, env = "FINCH_CODE", value_parser = clean, conflicts_with = "code_file")]
    pub(crate) code: Option<String>,
    /// A file with the code
    #[arg(long, value_name = "PATH", env = "FINCH_CODE_FILE")]
    pub(crate) code_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

#[derive(Group)]
pub(crate) struct TokenArgs {
    /// Any connection_id in the connection
    pub(crate) connection: ConnectionId,
    /// Whose token
    #[arg(long, value_name = "ID")]
    pub(crate) customer: CustomerId,
    /// What the token must cover
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) products: Vec<String>,
    /// Print the token itself
    #[arg(long)]
    pub(crate) reveal: bool,
    #[command(flatten)]
    pub(crate) client: Client,
}
