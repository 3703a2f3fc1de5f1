//! `finch emulator`: a local Finch, for programs in any language.

use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig, WebhookTarget};
use serde::Serialize;

use crate::{
    args::EmulatorArgs,
    fail::{Exit, Failure},
    interrupt::Stop,
    output::{self, BOLD, DIM, PLAIN, Report, Sheet},
};

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
