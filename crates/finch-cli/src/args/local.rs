//! What `finch demo`, `finch emulator`, `finch completions` and `finch man` take.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use clap::{Args as Group, ValueEnum};
use clap_complete::Shell;

#[derive(Debug, Group)]
pub(crate) struct DemoArgs {
    /// How far the local Finch's /disconnect reaches
    #[arg(long, value_name = "SCOPE", default_value = "pair")]
    pub(crate) disconnect_scope: Reach,
    /// Serve an application to click through, until stopped
    #[arg(long)]
    pub(crate) serve: bool,
}

#[derive(Debug, Group)]
pub(crate) struct EmulatorArgs {
    /// The port to listen on; 0 finds a free one
    #[arg(long, value_name = "N", default_value_t = 4000)]
    pub(crate) port: u16,
    /// The address to listen on; 0.0.0.0 also serves other machines
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub(crate) host: IpAddr,
    /// A host name that callers may use, such as a container's; repeatable
    #[arg(long = "allow-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,
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

fn address(text: &str) -> Result<IpAddr, &'static str> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "must be an IP address, such as 127.0.0.1 or 0.0.0.0"),
    }
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
