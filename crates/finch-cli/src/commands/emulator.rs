//! `finch emulator`: a local Finch, for programs in any language.

use std::net::{IpAddr, Ipv4Addr};

use clap::Args;
use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig, WebhookTarget};
use serde::Serialize;

use crate::{
    fail::{Exit, Failure},
    interrupt::Stop,
    output::{self, BOLD, DIM, PLAIN, Report, Sheet},
    secrets::clean,
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  finch emulator --disconnect-scope connection --seed 7
  finch emulator --host 0.0.0.0 --allow-host finch-emulator
  finch emulator --webhook-url http://127.0.0.1:3000/webhooks \\
    --webhook-secret 5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH")]
pub(crate) struct EmulatorArgs {
    /// The port; 0 finds a free one
    #[arg(long, value_name = "N", default_value_t = 4000)]
    port: u16,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    host: IpAddr,
    /// A name that callers may use; repeatable
    #[arg(long = "allow-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,
    /// The client id that it knows
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Its secret (FINCH_EMULATOR_CLIENT_SECRET)
    #[arg(long, value_name = "SECRET", env = "FINCH_EMULATOR_CLIENT_SECRET")]
    #[arg(value_parser = clean)]
    client_secret: Option<String>,
    /// How far /disconnect reaches
    #[arg(long, value_name = "SCOPE", default_value = "pair", value_parser = scope)]
    disconnect_scope: DisconnectScope,
    /// The same ids, codes and tokens in every run
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where webhooks go, over plain http
    #[arg(long, value_name = "URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What signs them, in base64
    #[arg(long, value_name = "SECRET", env = "FINCH_EMULATOR_WEBHOOK_SECRET")]
    #[arg(value_parser = clean, requires = "webhook_url")]
    webhook_secret: Option<String>,
}

#[derive(Serialize)]
struct Ready {
    url: String,
    client_id: String,
    client_secret: String,
    disconnect_scope: DisconnectScope,
    webhook_url: Option<String>,
}

pub(crate) async fn run(args: EmulatorArgs, json: bool) -> Result<Exit, Failure> {
    let webhook = args.webhook_url.clone().zip(args.webhook_secret);
    let mut config = EmulatorConfig {
        host: args.host,
        port: args.port,
        allowed_hosts: args.allowed_hosts,
        disconnect_scope: args.disconnect_scope,
        seed: args.seed,
        webhook: webhook.map(|(url, secret)| WebhookTarget { url, secrets: vec![secret] }),
        ..EmulatorConfig::default()
    };
    if let Some(id) = args.client_id {
        config.client_id = id;
    }
    if let Some(secret) = args.client_secret {
        config.client_secret = secret;
    }
    let mut stop = Stop::listen()?;
    let emulator = Emulator::start_with(config).await?;
    let ready = Ready {
        url: emulator.url().to_owned(),
        client_id: emulator.client_id().to_owned(),
        client_secret: emulator.client_secret().to_owned(),
        disconnect_scope: args.disconnect_scope,
        webhook_url: args.webhook_url,
    };
    if !args.host.to_canonical().is_loopback() {
        warn_of_others();
    }
    output::show(&ready, json)?;
    tokio::select! {
        () = stop.asked() => {}
        () = emulator.stopped() => {
            return Err(Failure::new(Exit::Failed, "emulator", "the local Finch has stopped by itself")
                .help("start it again"));
        }
    }
    // Calls on their way are answered first; a second signal does not wait for them.
    stop.before(emulator.shutdown(), "").await
}

/// On standard error, so that the JSON document stays alone. Where it cannot be printed, the emulator runs on.
fn warn_of_others() {
    let mut sheet = Sheet::default();
    sheet.open(
        "It listens beyond this machine: everyone on the network can use it, control it and see \
         what it holds, so do this only on a network that you trust. Callers address it by an IP \
         address, or by a name that --allow-host allows.",
    );
    let _ = output::write(anstream::stderr().lock(), &sheet.render());
}

impl Report for Ready {
    fn human(&self, sheet: &mut Sheet) {
        let reach = match self.disconnect_scope {
            DisconnectScope::Pair => "a disconnect ends all tokens of a provider and company",
            DisconnectScope::Connection => "a disconnect ends the tokens of one connection_id",
        };
        sheet.line(format!("A local Finch answers at {BOLD}{}{PLAIN}", self.url));
        sheet.line(format!("{DIM}{reach}; Ctrl-C stops it{PLAIN}"));
        sheet.line("Open that address in a browser to watch and play it");
        if let Some(url) = &self.webhook_url {
            sheet.line(format!("Webhooks go to {url}"));
        }
        sheet.title("Use it from another shell");
        for (name, value) in [
            ("FINCH_BASE_URL", &self.url),
            ("FINCH_CLIENT_ID", &self.client_id),
            ("FINCH_CLIENT_SECRET", &self.client_secret),
        ] {
            sheet.line(format!("  export {name}={}", quoted(value)));
        }
        sheet.title("Get a code, as after a login");
        sheet.line("  curl $FINCH_BASE_URL/__emulator/codes -d '{\"user\": \"User A\",");
        sheet.line("    \"provider\": \"Gusto\", \"company\": \"Company C\",");
        sheet.line("    \"credentials\": \"Credentials X\"}'");
        sheet.title("See what it holds");
        sheet.line("  curl $FINCH_BASE_URL/__emulator/state");
    }
}

/// As a shell takes it.
fn quoted(value: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if !value.is_empty() && value.chars().all(safe) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

fn address(text: &str) -> Result<IpAddr, &'static str> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "must be an IP address, such as 127.0.0.1 or 0.0.0.0"),
    }
}

/// How far a disconnect reaches.
pub(super) fn scope(text: &str) -> Result<DisconnectScope, &'static str> {
    match text {
        "pair" => Ok(DisconnectScope::Pair),
        "connection" => Ok(DisconnectScope::Connection),
        _ => Err("must be pair (of provider and company) or connection (the token's own)"),
    }
}
