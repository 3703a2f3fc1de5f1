//! The names and the rows that a store begins with.

use std::sync::LazyLock;

use finch_core::{
    Actor, Connection, ConnectionId, CustomerId, Fingerprint, Found, NewAttempt, OperatorName, Seq,
    TokenFacts,
    decide::{self, Arrival, Source},
};

use crate::world::{By, NOW};

struct Samples {
    /// What an attempt of each customer is for.
    attempts: Vec<NewAttempt>,
    /// What Finch says about a token of each `connection_id`.
    facts: Vec<TokenFacts>,
    operator: OperatorName,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let facts = |number| {
        let facts = finch_testkit::facts(&format!("c{number}"), "gusto", "c");
        TokenFacts { products: Vec::new(), ..facts }
    };
    Samples {
        attempts: ["a", "b"].map(finch_testkit::new_attempt).to_vec(),
        facts: (0..8).map(facts).collect(),
        operator: "o".parse().expect("a name"),
    }
});

pub(crate) fn attempt_of(customer: u8) -> &'static NewAttempt {
    &SAMPLES.attempts[usize::from(customer)]
}

pub(crate) fn customer(number: u8) -> &'static CustomerId {
    &attempt_of(number).customer
}

pub(crate) fn facts(connection_id: u8) -> &'static TokenFacts {
    &SAMPLES.facts[usize::from(connection_id)]
}

pub(crate) fn connection_id(number: u8) -> &'static ConnectionId {
    &facts(number).connection_id
}

pub(crate) fn operator() -> &'static OperatorName {
    &SAMPLES.operator
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

/// A connection whose one token is in use: of the first code, and of this customer.
pub(crate) fn connection(owner: u8) -> Connection {
    let arrival = Arrival {
        facts: facts(0).clone(),
        fingerprint: Fingerprint([0; 32]),
        from: Source::Import { customer: customer(owner), by: operator() },
        began: Seq(1),
        now: NOW,
        late: false,
    };
    let commit = decide::admit(Found::default(), arrival).draft.and_then(|draft| draft.finish());
    commit.and_then(|c| c.numbered(Seq(2)).applied_to(None)).expect("a new connection")
}
