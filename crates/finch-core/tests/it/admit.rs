//! What is written when a token arrives.

use finch_core::{
    Attempt, AttemptEnd, AttemptId, Commit, ConnectionStatus, Cover, Evidence, Exchange,
    FailureKind, FinchCustomerId, Found, Grant, NewAttempt, Quarantine, Seq, Token, TokenFacts,
    TokenId, TokenState, TokenStore,
    decide::{Admitted, Arrival, Arrived, Source, admit},
};
use finch_testkit::{
    MemoryTokenStore, application, at, facts, fingerprint, grant, new_attempt, store_token,
};

use crate::{connection, disconnect, operator, revoked, token};

/// A token that arrives; the number 901 was taken before.
fn arrival<'a>(grant: Grant, from: Source<'a>) -> Arrival<'a> {
    let Grant { secret, facts } = grant;
    let fingerprint = fingerprint(secret.expose());
    Arrival { facts, fingerprint, from, began: Seq(901), now: at(9), late: false }
}

fn attempt(purpose: NewAttempt) -> Attempt {
    Attempt { id: AttemptId(Seq(900)), purpose, exchange: None }
}

fn arrive(found: Found, who: &str, grant: Grant) -> Admitted {
    admit(found, arrival(grant, Source::Exchange(&attempt(new_attempt(who)))))
}

/// The facts of a connection, with this customer id.
fn named(connection_id: &str, company: &str, customer_id: Option<&str>) -> TokenFacts {
    let finch_customer_id = customer_id.and_then(|id| FinchCustomerId::new(id).ok());
    TokenFacts { finch_customer_id, ..facts(connection_id, "gusto", company) }
}

/// What the store finds when a token arrives.
async fn find(store: &dyn TokenStore, new: &Grant) -> Found {
    let token = fingerprint(new.secret.expose());
    store.find(&token, &new.facts).await.expect("the store answers")
}

/// A token of `acme` that is stored, and what the store finds when `again` arrives.
async fn after_one(again: &Grant) -> Found {
    let store = MemoryTokenStore::new(application());
    store_token(&store, "acme", grant("t1", facts("k1", "gusto", "c"))).await;
    find(&store, again).await
}

fn commit(admitted: Admitted) -> Commit {
    admitted.draft.expect("a draft").finish().expect("a commit")
}

fn stored(admitted: Admitted) -> Token {
    commit(admitted).admitted().expect("a token to store").clone()
}

#[tokio::test]
async fn a_token_that_is_known_is_renewed_not_doubled() {
    let again = grant("t1", facts("k1", "gusto", "c"));
    let admitted = arrive(after_one(&again).await, "acme", again);
    assert!(matches!(admitted.arrived, Arrived::Known(_)), "{:?}", admitted.arrived);
    let commit = commit(admitted);
    assert!(commit.admitted().is_none() && commit.tokens.is_empty(), "nothing else is new");
    assert!(commit.attempt.is_some());
}

/// Finch may hand the same token out again once its employer has authenticated again.
#[tokio::test]
async fn a_known_token_that_is_exchanged_again_needs_no_reauth() {
    let again = grant("t1", facts("k1", "gusto", "c"));
    for (status, renewed) in [
        (Some(ConnectionStatus::Reauth), Some(ConnectionStatus::Connected)),
        (Some(ConnectionStatus::ErrorPermissions), Some(ConnectionStatus::ErrorPermissions)),
        (None, None),
    ] {
        let mut found = after_one(&again).await;
        found.known.as_mut().expect("it is known").1.tokens[0].status = status.clone();
        let admitted = arrive(found.clone(), "acme", again.clone());
        assert_eq!(admitted.draft.expect("a draft").connection().tokens[0].status, renewed);
        let (customer, by) = ("acme".parse().expect("an id"), "ops".parse().expect("an id"));
        let from = Source::Import { customer: &customer, by: &by };
        let imported = admit(found, arrival(again.clone(), from)).draft.expect("a draft");
        assert_eq!(imported.connection().tokens[0].status, status, "no person has authenticated");
    }
}

#[tokio::test]
async fn a_token_that_is_known_for_another_customer_changes_nothing() {
    let again = grant("t1", facts("k1", "gusto", "c"));
    let admitted = arrive(after_one(&again).await, "other", again);
    assert_eq!(admitted.arrived, Arrived::Foreign);
    assert!(admitted.draft.is_none());
}

/// Each row: whether a state came with the code; the connection, and whether the attempt renews it; the
/// customer id of the session, and the one that Finch names.
///
/// A connection of two sessions has two customer ids, both the customer's, and Finch names one of them. Without a
/// state only the customer id that Finch names ties a code to its attempt: an attacker can send a browser to a
/// callback with a code of their own.
#[tokio::test]
async fn the_customer_id_that_finch_names_is_the_sessions_or_an_own_one_there() {
    let store = MemoryTokenStore::new(application());
    store_token(&store, "acme", grant("t1", named("k1", "c", Some("acme")))).await;
    store_token(&store, "other", grant("t2", named("k1", "c", Some("other")))).await;
    let active = Arrived::Stored(TokenState::Active);
    let other = Arrived::Quarantined(Quarantine::OtherCustomer);
    let unnamed = Arrived::Quarantined(Quarantine::UnnamedCustomer);
    for (has_state, who, connection, renews, expected, named_id, arrived) in [
        (true, "acme", "k2", false, Some("acme"), None, &active),
        (true, "acme", "k2", false, Some("acme"), Some("another"), &other),
        (true, "acme", "k1", true, Some("acme~2"), Some("acme"), &active),
        (true, "acme", "k1", true, Some("acme~2"), Some("acme~2"), &active),
        (true, "acme", "k1", true, Some("acme~2"), Some("other"), &other),
        (true, "acme", "k1", true, Some("acme~2"), Some("stranger"), &other),
        (true, "acme", "k1", false, Some("acme~2"), Some("acme"), &other),
        (true, "other", "k1", true, Some("acme~2"), Some("acme"), &other),
        (false, "acme", "k2", false, Some("acme~2"), Some("acme~2"), &active),
        (false, "acme", "k2", false, Some("acme~2"), Some("attacker"), &other),
        (false, "acme", "k2", false, Some("acme~2"), Some("acme"), &other),
        (false, "acme", "k2", false, Some("acme~2"), None, &unnamed),
        (false, "acme", "k1", true, Some("acme~2"), Some("acme"), &active),
        (false, "acme", "k1", true, Some("acme"), Some("attacker"), &other),
        (false, "acme", "k1", true, Some("acme"), None, &unnamed),
        // A session whose customer id is not known proves nothing.
        (false, "acme", "k2", false, None, Some("attacker"), &other),
        (false, "acme", "k2", false, None, None, &unnamed),
    ] {
        let company = if connection == "k1" { "c" } else { "d" };
        let new = grant("t3", named(connection, company, named_id));
        let mut purpose = new_attempt(who);
        purpose.finch_customer_id = expected.and_then(|id| FinchCustomerId::new(id).ok());
        purpose.reauthenticates = connection.parse().ok().filter(|_| renews);
        let attempt = attempt(purpose);
        let from = match has_state {
            true => Source::Exchange(&attempt),
            false => Source::StatelessExchange(&attempt),
        };
        let admitted = admit(find(&store, &new).await, arrival(new, from));
        let row = format!("{has_state} {who} {connection} {expected:?} {named_id:?}");
        assert_eq!(&admitted.arrived, arrived, "{row}");
        let kept = stored(admitted);
        assert_eq!(kept.customer.is_some(), *arrived == active, "{row}");
        assert_eq!(kept.state != TokenState::Quarantined, *arrived == active, "{row}");
    }
}

#[tokio::test]
async fn a_connection_id_of_another_provider_or_company_is_quarantined() {
    for (provider, company) in [("justworks", "c"), ("gusto", "d")] {
        let odd = grant("t2", facts("k1", provider, company));
        let admitted = arrive(after_one(&odd).await, "acme", odd);
        assert_eq!(admitted.arrived, Arrived::Quarantined(Quarantine::Conflict));
        assert_eq!(stored(admitted).state, TokenState::Quarantined);
    }
}

#[test]
fn a_token_that_was_revoked_comes_back_in_doubt() {
    let found = Found { revoked_before: true, ..Found::default() };
    let admitted = arrive(found, "acme", grant("t1", facts("k1", "gusto", "c")));
    assert_eq!(stored(admitted).state, TokenState::Unverified);
}

#[test]
fn a_later_token_of_the_same_customer_id_clears_a_lost_exchange() {
    let attempt = |id: u64, customer_id: &str, reauthenticates: Option<&str>| {
        let mut purpose = new_attempt("acme");
        purpose.finch_customer_id = FinchCustomerId::new(customer_id).ok();
        purpose.reauthenticates = reauthenticates.map(|id| id.parse().expect("an id"));
        let exchange = Exchange { began: Seq(id + 1), began_at: at(1), end: None };
        Attempt { id: AttemptId(Seq(id)), purpose, exchange: Some(exchange) }
    };
    let said = |connection: &str, id| named(connection, "c", id);
    let (own, silent) = (said("k1", Some("acme")), said("k1", None));
    let (lost, renewing) = (attempt(1, "acme", None), attempt(1, "acme", Some("k1")));
    let later = |reauthenticates| attempt(3, "acme", reauthenticates);
    let mut anothers = later(None);
    anothers.purpose.customer = crate::customer("other");
    for (what, lost, by, token, cleared) in [
        ("the same customer id", &lost, later(None), &own, true),
        ("Finch names none", &lost, later(None), &silent, false),
        ("Finch named its connection", &lost, later(Some("k1")), &own, true),
        ("Finch named another one", &lost, later(Some("k2")), &own, false),
        ("its connection, and no id", &lost, later(Some("k1")), &silent, true),
        ("another one, and no id", &lost, later(Some("k2")), &silent, false),
        ("another session", &lost, attempt(3, "acme~2", Some("k1")), &silent, false),
        ("another id", &lost, later(Some("k1")), &said("k1", Some("acme~2")), false),
        ("another session's id", &lost, attempt(3, "acme~2", None), &own, false),
        ("an earlier attempt", &later(None), lost.clone(), &own, false),
        ("another customer", &lost, anothers, &own, false),
        ("the renewed connection", &renewing, attempt(3, "acme~2", Some("k1")), &own, true),
        ("not the renewed one", &renewing, later(None), &said("k2", Some("acme")), false),
    ] {
        assert_eq!(lost.is_cleared_by(&by, token), cleared, "{what}");
    }
}

#[test]
fn a_named_connection_is_not_work_any_more() {
    let mut nameless = connection(vec![token("acme", "k1", 1, 2, TokenState::Active)], vec![]);
    nameless.company = None;
    let found = Found { by_connection_id: Some(nameless), ..Found::default() };
    for (found, company, is_work) in [(found, "c", false), (Found::default(), "", true)] {
        let admitted = commit(arrive(found, "acme", grant("t2", facts("k1", "gusto", company))));
        assert_eq!(admitted.connection.unwrap().agenda.due.is_some(), is_work, "{company}");
    }
}

#[test]
fn a_reopened_disconnect_takes_what_was_left_over() {
    let left_over = token("acme", "k0", 1, 2, TokenState::Quarantined);
    let ended = connection(vec![left_over], vec![disconnect(operator(), 950, Some(960))]);
    let found = Found { by_pair: Some(ended), ..Found::default() };
    let commit = commit(arrive(found, "acme", grant("t2", facts("k1", "gusto", "c"))));
    assert_eq!(commit.tokens[0].state, TokenState::Fenced);
    assert!(commit.connection.unwrap().agenda.due.is_some());
}

#[test]
fn a_token_brought_for_a_disconnect_is_fenced_into_it() {
    let world = crate::fenced(&["k1"]);
    let for_disconnect = Some(world.disconnects[0].id);
    let attempt = attempt(NewAttempt { for_disconnect, ..new_attempt("acme") });
    let found = Found { by_pair: Some(world), ..Found::default() };
    let new = arrival(grant("t2", facts("k1", "gusto", "c")), Source::Exchange(&attempt));
    assert_eq!(stored(admit(found, new)).state, TokenState::Fenced);
}

/// A lost exchange, and a token that covers it.
#[test]
fn a_cover_holds_until_finch_ends_it() {
    let by = TokenId(Seq(7));
    let failure = || FailureKind::NoAnswer.into();
    let covered = |over| AttemptEnd::Covered { failure: failure(), by, over };
    let lost = |over| {
        let exchange = Exchange { began: Seq(2), began_at: at(1), end: Some(covered(over)) };
        Attempt { exchange: Some(exchange), ..attempt(new_attempt("acme")) }
    };
    let (operator, reason) = ("x".parse().expect("a name"), "it looks ended".to_owned());
    let evidence = Evidence::ClosedByOperator { operator, reason };
    let vouched = TokenState::Revoked { evidence, at: at(9) };
    let cases = [
        // The state of the token; the exchange may take effect yet, and was over when Finch accepted that.
        (TokenState::Active, Cover::Holds, Cover::Holds),
        (TokenState::Unverified, Cover::Holds, Cover::Holds),
        (TokenState::Fenced, Cover::Lost, Cover::Holds),
        (TokenState::Retired, Cover::Lost, Cover::Holds),
        (revoked(), Cover::Lost, Cover::Ends(AttemptEnd::Cleared)),
        (vouched, Cover::Lost, Cover::Lost),
    ];
    for (state, open, over) in cases {
        let by = token("acme", "k1", 5, 7, state);
        assert_eq!(lost(false).cover(&by, false), open, "{:?}", by.state);
        assert_eq!(lost(true).cover(&by, true), over, "{:?}", by.state);
        let now_over = if by.state.is_live() { Cover::Asks(covered(true)) } else { open };
        assert_eq!(lost(false).cover(&by, true), now_over, "{:?}", by.state);
    }
}
