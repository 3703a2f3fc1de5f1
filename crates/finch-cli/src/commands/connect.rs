//! `finch connect`: begin an attempt.

use std::time::Duration;

use clap::Args;
use finch_app::{BegunConnect, ConnectRequest};
use finch_core::{
    ConnectionId, CustomerId, CustomerScope, FinchCustomerId, Flow, ProviderId, RedirectUri,
    Timestamp,
};
use serde::Serialize;

use super::products;
use crate::{
    args::Client,
    facts::moment_of,
    fail::{Exit, Failure},
    output::{self, BOLD, DIM, PLAIN, Report, Sheet},
    wiring::{Needs, Settings},
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  finch connect --customer acme --name 'Acme Inc.' --products company,directory
  finch connect --customer acme --reauthenticate CONNECTION")]
pub(crate) struct ConnectArgs {
    /// Who connects, by the application's own id
    #[arg(long, value_name = "ID")]
    customer: CustomerId,
    /// The name that the person is shown
    #[arg(long, required_unless_present = "reauthenticate")]
    name: Option<String>,
    /// The person's address, for Finch
    #[arg(long)]
    email: Option<String>,
    /// What to ask for, such as company,directory
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    #[arg(required_unless_present = "reauthenticate")]
    products: Vec<String>,
    /// The only provider to choose
    #[arg(long, value_name = "ID")]
    provider: Option<ProviderId>,
    /// Where Finch sends the browser back to
    #[arg(long, value_name = "URI", conflicts_with = "embedded")]
    redirect_uri: Option<String>,
    /// Finch's JavaScript hands over the code
    #[arg(long)]
    embedded: bool,
    /// Renew this connection
    #[arg(long, value_name = "CONNECTION")]
    reauthenticate: Option<ConnectionId>,
    /// Finch's sandbox: finch or provider
    #[arg(long, value_name = "KIND")]
    sandbox: Option<String>,
    /// How long the page lives
    #[arg(long, value_name = "N", default_value_t = 24 * 60)]
    minutes: u32,
    #[command(flatten)]
    client: Client,
}

#[derive(Serialize)]
struct Begun {
    connect_url: String,
    state: String,
    expires_at: Timestamp,
    customer: CustomerId,
    finch_customer_id: Option<FinchCustomerId>,
    reauthenticates: Option<ConnectionId>,
    disconnect_is_open: bool,
    /// A new connection was asked for, and Finch said that there is one already.
    #[serde(skip)]
    instead_of_new: bool,
}

pub(crate) async fn run(args: ConnectArgs, json: bool) -> Result<Exit, Failure> {
    let flow = match &args.redirect_uri {
        Some(uri) => Flow::Redirect(
            RedirectUri::new(uri)
                .map_err(|error| Failure::during("the redirect URI cannot be used", &error))?,
        ),
        None => Flow::Embedded,
    };
    // Where a connection is renewed, Finch knows the name.
    let name = args.name.unwrap_or_else(|| args.customer.to_string());
    let mut request = ConnectRequest::new(name, products(&args.products), flow);
    request.customer_email = args.email;
    request.provider = args.provider;
    request.sandbox = args.sandbox;
    request.lifetime = Duration::from_secs(u64::from(args.minutes) * 60);

    let finch = Settings::read(&args.client, Needs::SecretAndNewStore)?.open().await?;
    let scope = CustomerScope::new(args.customer.clone());
    let begun = match &args.reauthenticate {
        Some(connection) => finch.begin_reauthenticate(&scope, connection, request).await?,
        None => finch.begin_connect(&scope, request).await?,
    };
    let asked_for_new = args.reauthenticate.is_none();
    output::hand_over(&Begun::new(begun, args.customer, asked_for_new), json)
}

impl Begun {
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the command's job is to show these two")]
    fn new(begun: BegunConnect, customer: CustomerId, asked_for_new: bool) -> Self {
        Self {
            connect_url: begun.connect_url.expose().to_owned(),
            state: begun.state.expose().to_owned(),
            expires_at: begun.expires_at,
            customer,
            finch_customer_id: begun.finch_customer_id,
            instead_of_new: asked_for_new && begun.reauthenticates.is_some(),
            reauthenticates: begun.reauthenticates,
            disconnect_is_open: begun.disconnect_is_open,
        }
    }
}

impl Report for Begun {
    fn human(&self, sheet: &mut Sheet) {
        sheet.line("Open this page to connect. Its address is all it takes, so keep it secret:");
        sheet.gap();
        sheet.line(format!("  {BOLD}{}{PLAIN}", self.connect_url));
        sheet.gap();
        sheet.pair("state", &self.state);
        sheet.pair("valid until", &moment_of(self.expires_at));
        sheet.pair("customer", self.customer.as_str());
        if let Some(id) = &self.reauthenticates {
            sheet.pair("renews", &format!("connection {id}"));
        }
        sheet.gap();
        if self.instead_of_new {
            sheet.open(
                "Finch has a connection for this customer already: the page renews that one.",
            );
        }
        if self.disconnect_is_open {
            sheet.open("A disconnect of this connection is open: the new token waits for its end.");
        }
        sheet.line("Then, with the code that comes back on standard input:");
        sheet.line(format!("  finch exchange --state {DIM}STATE{PLAIN}"));
    }
}
