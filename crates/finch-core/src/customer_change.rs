//! What a commit changes for the customers of a connection.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{Connection, ConnectionId, ConnectionState, CustomerId};

/// A connection's state has changed for one of its customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CustomerChange {
    /// The customer.
    pub customer: CustomerId,
    /// The connection, by a name under which this customer knows it.
    pub connection_id: ConnectionId,
    /// The state before; none: the customer had no token of it.
    pub before: Option<ConnectionState>,
    /// The state now.
    pub now: ConnectionState,
    /// A disconnect ended this customer's access alone: other customers still use the connection.
    pub retired: bool,
}

impl CustomerChange {
    /// Whether the connection ended without a disconnect of ours, such as from Finch's dashboard.
    pub fn ended_at_finch(&self) -> bool {
        let no_disconnect = self.before != Some(ConnectionState::Disconnecting) && !self.retired;
        self.now == ConnectionState::Disconnected && no_disconnect
    }
}

/// One change for each customer for whom the state differs. `loaded`: the connection as it was, and the one that
/// it absorbs; none where it is new.
pub(crate) fn customer_changes(loaded: &[Connection], now: &Connection) -> Vec<CustomerChange> {
    let customers: BTreeSet<_> = now.tokens.iter().filter_map(|t| t.customer.as_ref()).collect();
    customers.into_iter().filter_map(|customer| change_for(customer, loaded, now)).collect()
}

fn change_for(
    customer: &CustomerId,
    loaded: &[Connection],
    now: &Connection,
) -> Option<CustomerChange> {
    let had_tokens = loaded.iter().any(|c| c.tokens_of(Some(customer)).next().is_some());
    let before = had_tokens.then(|| ConnectionState::across(loaded, customer));
    let state = ConnectionState::for_customer(now, customer);
    if before == Some(state) {
        return None;
    }
    // A renewal must name a token that lives.
    let newest = || now.tokens_of(Some(customer)).rev();
    let named = newest().find(|t| t.state.is_live()).or(newest().next())?;
    let is_new = |retirement| !loaded.iter().any(|c| c.retirements.contains(retirement));
    Some(CustomerChange {
        customer: customer.clone(),
        connection_id: named.facts.connection_id.clone(),
        before,
        now: state,
        retired: now.retirements.iter().any(|r| r.customer == *customer && is_new(r)),
    })
}
