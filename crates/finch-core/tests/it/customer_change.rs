//! What a commit changes for each customer.

use finch_core::{
    Connection, ConnectionKey, ConnectionState as State, CustomerChange, Draft, Found, Seq,
    TokenState,
    decide::{self, AskedAt},
};
use finch_testkit::at;

use crate::{
    answered, arrives, connection, customer, disconnect, intent, observed, operator, token,
};

/// Customer and name, state before and state now of each change.
fn in_short(draft: &Draft) -> Vec<(String, Option<State>, State)> {
    let short =
        |c: CustomerChange| (format!("{} {}", c.customer, c.connection_id), c.before, c.now);
    draft.customer_changes().into_iter().map(short).collect()
}

fn change(who: &str, before: Option<State>, now: State) -> (String, Option<State>, State) {
    (who.to_owned(), before, now)
}

fn shared() -> Connection {
    let acme = token("acme", "k1", 1, 2, TokenState::Active);
    connection(vec![acme, token("bolt", "k2", 3, 4, TokenState::Active)], vec![])
}

#[test]
fn a_disconnect_changes_each_customer_once() {
    let mut draft = Draft::of(shared());
    decide::fence(&mut draft, intent(operator()));
    let was = Some(State::Connected);
    let expected = [
        change("acme k1", was, State::Disconnecting),
        change("bolt k2", was, State::Disconnecting),
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
    let expected = [change("acme k1", Some(State::Connected), State::Disconnected)];
    assert_eq!(in_short(&draft), expected);
    assert!(changes[0].retired && !changes[0].ended_at_finch());
    // What becomes of its token later is no change.
    let mut later = Draft::of(draft.connection().clone());
    decide::fence(&mut later, intent(operator()));
    assert_eq!(in_short(&later), [change("bolt k2", Some(State::Connected), State::Disconnecting)]);
}

/// Finch refuses the newest live token.
fn refused(connection: &Connection) -> Draft {
    let token = connection.tokens.iter().rfind(|t| t.state.is_live()).expect("a live token").id;
    let refusal = answered(401, "invalid_token");
    observed(connection, None, token, AskedAt::of(connection), Err(&refusal)).0
}

#[test]
fn a_refused_token_changes_nothing_while_another_one_works() {
    let two = [("k1", 2), ("k2", 3)].map(|(id, n)| token("acme", id, 1, n, TokenState::Active));
    let one_refused = refused(&connection(two.to_vec(), vec![]));
    assert_eq!(in_short(&one_refused), []);
    let both_refused = refused(one_refused.connection());
    let expected = [change("acme k2", Some(State::Connected), State::Disconnected)];
    assert_eq!(in_short(&both_refused), expected);
    assert!(both_refused.customer_changes()[0].ended_at_finch());
}

#[test]
fn a_token_that_arrives_is_a_change_where_none_worked() {
    let connected = [change("acme k1", None, State::Connected)];
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
