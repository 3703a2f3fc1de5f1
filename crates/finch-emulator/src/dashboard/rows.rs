//! Connections and tokens as the dashboard shows them.

use std::collections::HashMap;

use uuid::Uuid;

use super::SHOWN;
use crate::world::{Connection, Status, Token};

pub(super) struct ConnectionRow {
    pub(super) id: Uuid,
    pub(super) provider: String,
    pub(super) company: String,
    pub(super) status: Status,
    pub(super) customer: Option<String>,
    pub(super) live_tokens: usize,
}

pub(super) struct TokenRow {
    pub(super) shown: String,
    pub(super) provider: String,
    pub(super) company: String,
    pub(super) user: String,
    pub(super) customer: Option<String>,
    pub(super) products: String,
    pub(super) revoked: bool,
}

/// The newest connections, each with the customer of its newest token that has one.
pub(super) fn connections(
    connections: &[&Connection],
    tokens: &[(&str, &Token)],
) -> Vec<ConnectionRow> {
    let customer = |(_, token): &(&str, &Token)| Some((token.connection, customer_id(token)?));
    let customers: HashMap<Uuid, String> = tokens.iter().filter_map(customer).collect();
    let row = |connection: &&Connection| ConnectionRow {
        id: connection.id,
        provider: connection.provider.name.clone(),
        company: connection.company.name.clone(),
        status: connection.status,
        customer: customers.get(&connection.id).cloned(),
        live_tokens: connection.live_tokens().len(),
    };
    connections.iter().rev().take(SHOWN).map(row).collect()
}

impl From<&(&str, &Token)> for TokenRow {
    fn from((secret, token): &(&str, &Token)) -> Self {
        let grant = &token.grant;
        Self {
            shown: masked(secret),
            provider: grant.provider.name.clone(),
            company: grant.company.name.clone(),
            user: grant.user.clone(),
            customer: customer_id(token),
            products: grant.products.join(", "),
            revoked: token.revoked,
        }
    }
}

fn customer_id(token: &Token) -> Option<String> {
    token.grant.customer.as_ref().map(|customer| customer.id.clone())
}

/// The first four characters of a secret, unless it is short, and its length.
pub(super) fn masked(secret: &str) -> String {
    const SHOWN: usize = 4;
    let length = secret.chars().count();
    let shown = if length < 4 * SHOWN { 0 } else { SHOWN };
    let start: String = secret.chars().take(shown).collect();
    format!("{start}… ({length} characters)")
}
