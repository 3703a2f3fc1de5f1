//! `finch token`: the only way in which a token is ever printed.

use clap::Args;
use finch_app::UsableToken;
use finch_core::{ConnectionId, CustomerId, CustomerScope, Product};
use serde::Serialize;

use super::products;
use crate::{
    args::Client,
    fail::{Exit, Failure},
    output::{self, Report, Sheet},
    wiring::{Needs, Settings},
};

#[derive(Args)]
#[command(after_help = "\
Example:
  finch token CONNECTION --customer acme --products directory --reveal")]
pub(crate) struct TokenArgs {
    /// Any connection_id in the connection
    connection: ConnectionId,
    /// Whose token
    #[arg(long, value_name = "ID")]
    customer: CustomerId,
    /// What the token must cover
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    products: Vec<String>,
    /// Print the token itself
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    client: Client,
}

#[derive(Serialize)]
struct Revealed {
    connection_id: ConnectionId,
    products: Vec<Product>,
    access_token: String,
}

pub(crate) async fn run(args: &TokenArgs, json: bool) -> Result<Exit, Failure> {
    let finch = Settings::read(&args.client, Needs::Store)?.open().await?;
    let scope = CustomerScope::new(args.customer.clone());
    let token = finch.access_token(&scope, &args.connection, &products(&args.products)).await?;
    if !args.reveal {
        let message = "the token is not printed without --reveal";
        return Err(Failure::new(Exit::Usage, "not_revealed", message).help(format!(
            "add --reveal to print the token of connection {}",
            token.connection_id
        )));
    }
    output::hand_over(&Revealed::new(token), json)
}

impl Revealed {
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: --reveal asks for it")]
    fn new(token: UsableToken) -> Self {
        Self {
            access_token: token.secret.expose().to_owned(),
            connection_id: token.connection_id,
            products: token.products,
        }
    }
}

impl Report for Revealed {
    /// Nothing but the token, so that it can be piped.
    fn human(&self, sheet: &mut Sheet) {
        sheet.line(&self.access_token);
    }
}
