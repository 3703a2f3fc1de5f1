//! Connections and tokens as the dashboard shows them.

use std::collections::HashMap;

use uuid::Uuid;

use super::SHOWN;
use crate::{
    page::masked,
    world::{Connection, Customer, Status, Token},
};

pub(super) struct ConnectionRow {
    pub(super) id: String,
    pub(super) provider: String,
    pub(super) company: String,
    pub(super) status: Status,
    pub(super) is_live: bool,
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

/// The newest connections, with the customer for which each was last connected.
pub(super) fn connections(
    connections: &[&Connection],
    tokens: &[(&str, &Token)],
) -> Vec<ConnectionRow> {
    let customer = |(_, token): &(&str, &Token)| {
        Some((token.connection, id_of(token.grant.customer.as_ref())?))
    };
    // Oldest first: the newest one stays.
    let customers: HashMap<Uuid, String> = tokens.iter().filter_map(customer).collect();
    let newest = connections.iter().rev().take(SHOWN);
    newest
        .map(|connection| ConnectionRow {
            id: connection.id.to_string(),
            provider: connection.provider.name.clone(),
            company: connection.company.name.clone(),
            status: connection.status,
            is_live: connection.is_live(),
            customer: customers.get(&connection.id).cloned(),
            live_tokens: connection.live_count(),
        })
        .collect()
}

impl TokenRow {
    pub(super) fn of((secret, token): &(&str, &Token)) -> Self {
        let grant = &token.grant;
        Self {
            shown: masked(secret),
            provider: grant.provider.name.clone(),
            company: grant.company.name.clone(),
            user: grant.user.clone(),
            customer: id_of(grant.customer.as_ref()),
            products: grant.products.join(", "),
            revoked: token.revoked,
        }
    }
}

fn id_of(customer: Option<&Customer>) -> Option<String> {
    customer.map(|customer| customer.id.clone())
}
