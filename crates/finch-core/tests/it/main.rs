//! The rules, and the store in memory.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and tell secrets apart"
)]

mod admit;
mod attempt;
mod customer_change;
mod facts;
mod fenced;
mod initial_state;
mod invariants;
mod memory;
mod merge;
mod observe;
mod plan;
mod question;
mod revoke;
mod sending;

use finch_core::{
    Actor, Connection, ConnectionKey, CustomerId, Disconnect, DisconnectId, DisconnectState, Grant,
    Intent, Progress, RecordHead, Revision, Seq, Token, TokenId, TokenState,
    decide::{Arrival, Source},
};
use finch_testkit::{at, facts, fingerprint};

/// A token of `customer` under `connection_id`, whose exchange took the numbers `began` and `ended`.
fn token(customer: &str, connection_id: &str, began: u64, ended: u64, state: TokenState) -> Token {
    Token {
        id: TokenId(Seq(ended)),
        customer: CustomerId::new(customer).ok(),
        facts: facts(connection_id, "gusto", "c"),
        fingerprint: fingerprint(&ended.to_string()),
        finch_token_id: None,
        status: None,
        state,
        exchange_began: Seq(began),
        verified: None,
        added_at: at(0),
        progress: Progress::default(),
        handed_out: false,
        used_at: None,
    }
}

/// A disconnect that took the number `began`, and `ended` if it has.
fn disconnect(by: Actor, began: u64, ended: Option<u64>) -> Disconnect {
    let state = match ended {
        Some(ended) => DisconnectState::Ended { seq: Seq(ended), at: at(0) },
        None => DisconnectState::Open,
    };
    let intent = Intent { by, reason: None, at: at(0) };
    Disconnect { id: DisconnectId(Seq(began)), intent, state, fenced: Vec::new() }
}

fn connection(tokens: Vec<Token>, disconnects: Vec<Disconnect>) -> Connection {
    Connection {
        key: ConnectionKey(Seq(1)),
        revision: Revision(1),
        provider: "gusto".parse().expect("an id"),
        company: "c".parse().ok(),
        tokens,
        disconnects,
        retirements: Vec::new(),
        question: None,
        record: RecordHead::default(),
    }
}

/// A token that arrives; the number 901 was taken before.
fn arrival<'a>(grant: Grant, from: Source<'a>) -> Arrival<'a> {
    let Grant { secret, facts } = grant;
    let fingerprint = fingerprint(secret.expose());
    Arrival { facts, fingerprint, from, began: Seq(901), now: at(9), late: false }
}

fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).expect("an id")
}

fn operator() -> Actor {
    Actor::Operator("ops".parse().expect("an id"))
}
