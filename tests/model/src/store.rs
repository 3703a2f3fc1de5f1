//! The names and the rows that a store begins with.

use std::sync::LazyLock;

use finch_core::{
    Actor, CompanyId, Connection, ConnectionId, ConnectionKey, CustomerId, Fingerprint,
    OperatorName, Progress, ProviderId, RecordHead, Revision, Seq, Token, TokenFacts, TokenId,
    TokenState,
};

use crate::world::{By, NOW};

struct Names {
    provider: ProviderId,
    company: CompanyId,
    customers: Vec<CustomerId>,
    connection_ids: Vec<ConnectionId>,
    operator: OperatorName,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
    provider: "gusto".parse().expect("an id"),
    company: "c".parse().expect("an id"),
    customers: ["a", "b"].map(|name| name.parse().expect("an id")).to_vec(),
    connection_ids: (0..8).map(|n| format!("c{n}").parse().expect("an id")).collect(),
    operator: "o".parse().expect("an id"),
});

pub(crate) fn customer(number: u8) -> &'static CustomerId {
    &NAMES.customers[usize::from(number)]
}

pub(crate) fn connection_id(number: u8) -> &'static ConnectionId {
    &NAMES.connection_ids[usize::from(number)]
}

pub(crate) fn operator() -> &'static OperatorName {
    &NAMES.operator
}

pub(crate) fn actor(by: By) -> Actor {
    match by {
        By::Customer(number) => Actor::Customer(customer(number).clone()),
        By::Operator => Actor::Operator(operator().clone()),
    }
}

/// The sending mark of this instance, which has one call under way at a time.
pub(crate) fn mark_of(instance: u8) -> Seq {
    Seq((1 << 40) + u64::from(instance))
}

/// What Finch says about a token of this `connection_id`.
pub(crate) fn facts(number: u8) -> TokenFacts {
    TokenFacts {
        connection_id: connection_id(number).clone(),
        provider_id: NAMES.provider.clone(),
        company_id: Some(NAMES.company.clone()),
        finch_customer_id: None,
        products: Vec::new(),
    }
}

/// A connection whose one token is in use: of the first code, and of this customer.
pub(crate) fn connection(owner: u8) -> Connection {
    let token = Token {
        id: TokenId(Seq(0)),
        customer: Some(customer(owner).clone()),
        facts: facts(0),
        fingerprint: Fingerprint([0; 32]),
        finch_token_id: None,
        status: None,
        state: TokenState::Active,
        exchange_began: Seq(1),
        verified: None,
        added_at: NOW,
        progress: Progress::default(),
        handed_out: false,
        used_at: None,
    };
    Connection {
        key: ConnectionKey(Seq(0)),
        revision: Revision(0),
        provider: NAMES.provider.clone(),
        company: Some(NAMES.company.clone()),
        tokens: vec![token],
        disconnects: Vec::new(),
        retirements: Vec::new(),
        question: None,
        record: RecordHead::default(),
    }
}
