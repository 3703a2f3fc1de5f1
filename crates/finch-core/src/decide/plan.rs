//! The plan: what a disconnect would hit, and whether this scope may do it. Nothing is changed.

use std::collections::BTreeSet;

use serde::Serialize;

use super::PlanMark;
use crate::{
    CompanyId, Connection, ConnectionId, ConnectionKey, CustomerId, Product, ProviderId, Token,
    TokenId, TokenState,
};

/// What a request names to disconnect, found in a connection. Each means the generation in which it
/// lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Everything that Finch knows under this `connection_id`; it names the whole connection.
    ConnectionId(ConnectionId),
    /// One token; it names the whole connection too.
    Token(TokenId),
}

/// What a disconnect would hit. In a customer's scope it speaks of that customer's tokens only, and
/// of others no more than the one bit `shared`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// What would happen.
    pub verdict: PlanVerdict,
    /// The payroll or HR system.
    pub provider_id: ProviderId,
    /// The employer, where it is known.
    pub company_id: Option<CompanyId>,
    /// The `connection_id`s whose tokens would stop working. Unless it only retires, Finch would be asked
    /// to disconnect each.
    pub connection_ids: Vec<ConnectionId>,
    /// How many tokens would stop working.
    pub tokens: usize,
    /// How many of these work now; the others are on their way out already.
    #[serde(skip)]
    pub live: usize,
    /// What they cover.
    pub products: Vec<Product>,
    /// Other customers have live tokens on it too.
    pub shared: bool,
    /// Who uses it, or used it when its open disconnect began. The operator sees all of them, a customer only itself.
    pub customers: Vec<CustomerId>,
    /// Why the operator ends it for every customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A short mark of the plan, to keep until the person has decided.
    pub mark: PlanMark,
    /// What was to be disconnected.
    #[serde(skip)]
    pub subject: Subject,
    /// The connection's record.
    #[serde(skip)]
    pub connection: ConnectionKey,
}

/// What would happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanVerdict {
    /// The connection would be disconnected.
    Disconnects,
    /// A disconnect is open already: it would go on.
    Joins,
    /// It has ended. Nothing would be sent.
    AlreadyDisconnected,
    /// Other customers use the connection: this customer's access would end here, for good, and the
    /// connection would go on. Finch would not be called.
    Retires,
    /// Several customers use the connection, and the operator has not said that it ends for all of them.
    /// Nothing would be done.
    SharedWithOthers,
}

/// Plans a disconnect. `customer`: in whose scope; none for the operator. `for_everyone`: the operator
/// means to end it for every customer, for this reason. `digest`: a hash of a text, the same in every
/// process that shares the store; the plan's [mark](PlanMark) is that of what it says.
pub fn plan(
    connection: &Connection,
    subject: &Subject,
    customer: Option<&CustomerId>,
    for_everyone: Option<String>,
    digest: &dyn Fn(&str) -> u64,
) -> Plan {
    let meant = |t: &&Token| match subject {
        Subject::ConnectionId(id) => t.facts.connection_id == *id,
        Subject::Token(id) => t.id == *id,
    };
    let own = || connection.tokens_of(customer);
    // For the caller, it has ended if nothing of theirs is left, or if what they name is of an
    // earlier generation. What was superseded ends with the generation that lives, if one does.
    let over = |t: &Token| customer.is_some() && connection.has_ended_for_its_customer(t);
    let nothing_left = own().all(|t| t.state.is_revoked() || over(t));
    let something_lives = connection.tokens.iter().any(|t| t.state.is_live());
    let has_ended = |t: &Token| match t.state {
        _ if over(t) => true,
        TokenState::Superseded => something_lives,
        // Also where the disconnect that has ended it goes on again, for another token.
        _ if t.was_ended_by_a_disconnect() => true,
        _ => t.state.is_revoked() && connection.generation_at(t.since()) < connection.generation(),
    };
    let open = connection.open_disconnect().is_some();
    let ending = |t: &Token| t.state == TokenState::Fenced && !over(t);
    let under_way = open && own().any(ending) && !own().any(|t| t.state.is_live());
    let using = connection.customers_using();
    let shared = match customer {
        Some(customer) => connection.is_shared_beyond(customer),
        None => using.len() > 1,
    };
    let verdict = if nothing_left || own().filter(meant).all(has_ended) {
        PlanVerdict::AlreadyDisconnected
    } else if customer.is_some() && under_way {
        PlanVerdict::Joins
    } else if shared && customer.is_some() {
        PlanVerdict::Retires
    } else if shared && for_everyone.is_none() {
        PlanVerdict::SharedWithOthers
    } else if open {
        PlanVerdict::Joins
    } else {
        PlanVerdict::Disconnects
    };
    let hit: Vec<&Token> = own().filter(|t| !t.state.is_revoked() && !over(t)).collect();
    let ended = verdict == PlanVerdict::AlreadyDisconnected;
    let hit = if ended { Vec::new() } else { hit };
    let connection_ids: BTreeSet<_> = hit.iter().map(|t| t.facts.connection_id.clone()).collect();
    let products: BTreeSet<_> = hit.iter().flat_map(|t| t.facts.products.iter().cloned()).collect();
    let customers = using.into_iter().filter(|c| customer.is_none_or(|only| only == *c));
    Plan {
        verdict,
        provider_id: connection.provider.clone(),
        company_id: connection.company.clone(),
        connection_ids: connection_ids.into_iter().collect(),
        tokens: hit.len(),
        live: hit.iter().filter(|t| t.state.is_live()).count(),
        products: products.into_iter().collect(),
        shared,
        customers: customers.cloned().collect(),
        reason: for_everyone,
        mark: PlanMark::of(connection, verdict, shared, &hit, digest),
        subject: subject.clone(),
        connection: connection.key,
    }
}
