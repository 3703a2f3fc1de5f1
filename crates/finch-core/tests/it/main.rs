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
mod merge;
mod observe;
mod plan;
mod question;
mod revoke;
mod sending;

use finch_core::{
    Actor, Answer, Connection, ConnectionKey, CustomerId, Disconnect, DisconnectId,
    DisconnectState, Draft, Evidence, FinchApiError, Found, Intent, Introspection, Progress,
    RecordHead, Refusal, Revision, Seq, Token, TokenId, TokenState,
    decide::{Admitted, Arrival, AskedAt, Observation, Observed, Source, admit, observe},
};
use finch_testkit::{at, facts, fingerprint, new_attempt};

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

/// One with these `connection_id`s, whose tokens 2, 3, … an operator's disconnect has fenced.
fn fenced(names: &[&str]) -> Connection {
    let numbered = names.iter().zip(2..);
    let tokens: Vec<_> =
        numbered.map(|(name, n)| token("acme", name, 1, n, TokenState::Fenced)).collect();
    let fenced = tokens.iter().map(|t| t.id).collect();
    connection(tokens, vec![Disconnect { fenced, ..disconnect(operator(), 100, None) }])
}

fn id(number: u64) -> TokenId {
    TokenId(Seq(number))
}

fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).expect("an id")
}

fn operator() -> Actor {
    Actor::Operator("ops".parse().expect("an id"))
}

fn by(name: &str) -> Actor {
    Actor::Customer(customer(name))
}

fn intent(by: Actor) -> Intent {
    Intent { by, reason: None, at: at(3) }
}

fn refusal() -> Option<Refusal> {
    Some(Refusal { at: at(0), request_id: None })
}

fn revoked() -> TokenState {
    TokenState::Revoked { evidence: Evidence::Refused { request_id: None }, at: at(0) }
}

/// An answer with this status and name; without a name a proxy's.
fn answered(status: u16, name: &str) -> FinchApiError {
    let name = (!name.is_empty()).then(|| name.to_owned());
    Answer { status, finch_shaped: name.is_some(), name, ..Answer::default() }.into_error()
}

fn lost(sent: bool) -> FinchApiError {
    FinchApiError::NoAnswer { problem: "lost".into(), sent }
}

/// The connection after a decision.
fn changed(connection: &Connection, decide: impl FnOnce(&mut Draft)) -> Connection {
    let mut draft = Draft::of(connection.clone());
    decide(&mut draft);
    draft.connection().clone()
}

/// The number of what is [`committed`].
const COMMIT: Seq = Seq(1_000_000);

/// The connection as a store keeps it after a decision.
fn committed(connection: &Connection, decide: impl FnOnce(&mut Draft)) -> Connection {
    let mut draft = Draft::of(connection.clone());
    decide(&mut draft);
    let Some(commit) = draft.finish() else { return connection.clone() };
    commit.numbered(COMMIT).applied_to(Some(connection.clone())).expect("a connection")
}

/// What Finch's word on a token changes, beside the connection of the employer that Finch names.
fn observed(
    connection: &Connection,
    pair: Option<&Connection>,
    token: TokenId,
    asked_at: AskedAt,
    answer: Result<&Introspection, &FinchApiError>,
) -> (Draft, Observed) {
    let mut draft = Draft::of(connection.clone());
    let observation = Observation { token, asked_at, answer, late: None, now: at(5), jitter: 0.5 };
    let observed = observe(&mut draft, pair, observation);
    (draft, observed)
}

/// A token of `acme` under `k1` arrives, and names the employer.
fn arrives(found: Found) -> Draft {
    let attempt = finch_core::Attempt {
        id: finch_core::AttemptId(Seq(900)),
        purpose: new_attempt("acme"),
        exchange: None,
    };
    let (facts, fingerprint, from) =
        (facts("k1", "gusto", "c"), fingerprint("t"), Source::Exchange(&attempt));
    let arrival = Arrival { facts, fingerprint, from, began: Seq(901), now: at(9), late: false };
    let Admitted { draft, .. } = admit(found, arrival);
    draft.expect("a draft")
}
