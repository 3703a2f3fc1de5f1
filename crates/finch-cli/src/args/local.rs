//! What `finch demo`, `finch emulator`, `finch completions` and `finch man` take.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use clap::Args as Group;
use clap_complete::Shell;
use finch_emulator::DisconnectScope;

use crate::secrets::clean;

#[derive(Group)]
pub(crate) struct DemoArgs {
    /// How far /disconnect reaches
    #[arg(long, value_name = "SCOPE", default_value = "pair", value_parser = scope)]
    pub(crate) disconnect_scope: DisconnectScope,
    /// Serve an application to click through
    #[arg(long)]
    pub(crate) serve: bool,
}

#[derive(Group)]
pub(crate) struct EmulatorArgs {
    /// The port; 0 finds a free one
    #[arg(long, value_name = "N", default_value_t = 4000)]
    pub(crate) port: u16,
    /// 0.0.0.0: all machines
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub(crate) host: IpAddr,
    /// A name that callers may use; repeatable
    #[arg(long = "allow-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,
    /// The client id that it knows
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Its secret (FINCH_EMULATOR_CLIENT_SECRET)
    #[arg(long, value_name = "SECRET", env = "FINCH_EMULATOR_CLIENT_SECRET")]
    #[arg(value_parser = clean)]
    pub(crate) client_secret: Option<String>,
    /// How far /disconnect reaches
    #[arg(long, value_name = "SCOPE", default_value = "pair", value_parser = scope)]
    pub(crate) disconnect_scope: DisconnectScope,
    /// The same ids, codes and tokens in every run
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Where webhooks go, over plain http
    #[arg(long, value_name = "URL", requires = "webhook_secret")]
    pub(crate) webhook_url: Option<String>,
    /// What signs them, in base64
    #[arg(long, value_name = "SECRET", env = "FINCH_EMULATOR_WEBHOOK_SECRET")]
    #[arg(value_parser = clean, requires = "webhook_url")]
    pub(crate) webhook_secret: Option<String>,
}

fn address(text: &str) -> Result<IpAddr, &'static str> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "must be an IP address, such as 127.0.0.1 or 0.0.0.0"),
    }
}

fn scope(text: &str) -> Result<DisconnectScope, &'static str> {
    match text {
        "pair" => Ok(DisconnectScope::Pair),
        "connection" => Ok(DisconnectScope::Connection),
        _ => Err("must be pair (of provider and company) or connection (the token's own)"),
    }
}

#[derive(Group)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Group)]
pub(crate) struct ManArgs {
    /// The folder for one page a command [default: finch(1), printed]
    pub(crate) folder: Option<PathBuf>,
}
