//! What a commit changes for each customer.

use finch_core::{
    Answer, Connection, ConnectionKey, ConnectionState as State, CustomerChange, Draft, Found,
    Intent, Seq, TokenState,
    decide::{self, AskedAt, Observation, Source, admit},
};
use finch_testkit::{at, facts, grant, new_attempt};

use crate::{arrival, connection, customer, disconnect, operator, token};

/// Customer, name, state before and state now of each change.
fn in_short(draft: &Draft) -> Vec<(String, String, Option<State>, State)> {
    let short =
        |c: CustomerChange| (c.customer.to_string(), c.connection_id.to_string(), c.before, c.now);
    draft.customer_changes().into_iter().map(short).collect()
}

fn change(
    name: &str,
    id: &str,
    before: Option<State>,
    now: State,
) -> (String, String, Option<State>, State) {
    (name.to_owned(), id.to_owned(), before, now)
}

fn shared() -> Connection {
    let acme = token("acme", "k1", 1, 2, TokenState::Active);
    connection(vec![acme, token("bolt", "k2", 3, 4, TokenState::Active)], vec![])
}

#[test]
fn a_disconnect_changes_each_customer_once() {
    let mut draft = Draft::of(shared());
    decide::fence(&mut draft, Intent { by: operator(), reason: None, at: at(5) });
    let was = Some(State::Connected);
    let expected = [
        change("acme", "k1", was, State::Disconnecting),
        change("bolt", "k2", was, State::Disconnecting),
    ];
    assert_eq!(in_short(&draft), expected);
    let fenced = draft.connection().clone();
    assert_eq!(in_short(&Draft::of(fenced)), []);
}

#[test]
fn retired_access_is_that_customers_change_alone() {
    let mut draft = Draft::of(shared());
    decide::retire(&mut draft, &customer("acme"), at(5));
    let changes = draft.customer_changes();
    let expected = [change("acme", "k1", Some(State::Connected), State::Disconnected)];
    assert_eq!(in_short(&draft), expected);
    assert!(changes[0].retired && !changes[0].ended_at_finch());
    // What becomes of its token later is no change.
    let mut later = Draft::of(draft.connection().clone());
    decide::fence(&mut later, Intent { by: operator(), reason: None, at: at(6) });
    assert_eq!(
        in_short(&later),
        [change("bolt", "k2", Some(State::Connected), State::Disconnecting)]
    );
}

/// What Finch answers about the newest token of `customer`'s.
fn refused(connection: Connection, name: &str) -> Draft {
    let own = |t: &&finch_core::Token| t.customer == Some(customer(name)) && t.state.is_live();
    let token = connection.tokens.iter().rfind(own).expect("a live token").id;
    let invalid = Some("invalid_token".into());
    let answer = Answer { status: 401, finch_shaped: true, name: invalid, ..Answer::default() };
    let answer = answer.into_error();
    let asked_at = AskedAt::of(&connection);
    let answer = Err(&answer);
    let observation = Observation { token, asked_at, answer, late: None, now: at(5), jitter: 0.5 };
    let mut draft = Draft::of(connection);
    decide::observe(&mut draft, None, observation);
    draft
}

#[test]
fn a_refused_token_changes_nothing_while_another_one_works() {
    let two = ["k1", "k2"].map(|id| token("acme", id, 1, 2, TokenState::Active));
    let [first, mut second] = two;
    second.id = finch_core::TokenId(Seq(3));
    let one_refused = refused(connection(vec![first, second], vec![]), "acme");
    assert_eq!(in_short(&one_refused), []);
    let both_refused = refused(one_refused.connection().clone(), "acme");
    let expected = [change("acme", "k2", Some(State::Connected), State::Disconnected)];
    assert_eq!(in_short(&both_refused), expected);
    assert!(both_refused.customer_changes()[0].ended_at_finch());
}

/// A token of `acme` under `k1` arrives, and names the employer.
fn arrives(found: Found) -> Draft {
    let id = finch_core::AttemptId(Seq(900));
    let attempt = finch_core::Attempt { id, purpose: new_attempt("acme"), exchange: None };
    let arrival = arrival(grant("t", facts("k1", "gusto", "c")), Source::Exchange(&attempt));
    admit(found, arrival).draft.expect("a draft")
}

#[test]
fn a_token_that_arrives_is_a_change_where_none_worked() {
    let connected = [change("acme", "k1", None, State::Connected)];
    assert_eq!(in_short(&arrives(Found::default())), connected);
    let pair = connection(vec![token("acme", "k2", 1, 2, TokenState::Active)], vec![]);
    let found = Found { by_pair: Some(pair), ..Found::default() };
    assert_eq!(in_short(&arrives(found)), []);
}

/// Neither has changed for `acme` by itself: one works, and the other is being ended.
#[test]
fn connections_that_become_one_are_compared_with_both() {
    let fenced = token("acme", "k2", 1, 2, TokenState::Fenced);
    let pair = connection(vec![fenced], vec![disconnect(operator(), 10, None)]);
    let mut nameless = connection(vec![token("acme", "k1", 3, 4, TokenState::Active)], vec![]);
    nameless.key = ConnectionKey(Seq(2));
    nameless.company = None;
    nameless.tokens[0].facts.company_id = None;
    let found = Found { by_pair: Some(pair), by_connection_id: Some(nameless), ..Found::default() };
    let [change] = &arrives(found).customer_changes()[..] else { panic!("not one") };
    assert_eq!(change.before, Some(State::Connected));
    assert_ne!(change.now, State::Connected);
}
