//! What is written when a token arrives.

use finch_core::{
    Attempt, AttemptEnd, AttemptId, Commit, ConnectionStatus, Cover, Evidence, Exchange, Failure,
    FailureKind, FinchCustomerId, Found, Grant, MemoryTokenStore, NewAttempt, Quarantine, Seq,
    Token, TokenId, TokenState, TokenStore,
    decide::{Admitted, Arrived, Source, admit},
};
use finch_testkit::{application, at, facts, fingerprint, grant, new_attempt, store_token};

use crate::arrival;

fn arrive(found: Found, who: &str, grant: Grant) -> Admitted {
    arrive_for(found, new_attempt(who), grant)
}

fn arrive_for(found: Found, purpose: NewAttempt, grant: Grant) -> Admitted {
    let attempt = Attempt { id: AttemptId(Seq(900)), purpose, exchange: None };
    admit(found, arrival(grant, Source::Exchange(&attempt)))
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

#[tokio::test]
async fn a_token_of_another_customer_id_is_quarantined() {
    let mut other = facts("k2", "gusto", "d");
    other.finch_customer_id = FinchCustomerId::new("another").ok();
    let new = grant("t2", other);
    let admitted = arrive(after_one(&new).await, "acme", new);
    assert_eq!(admitted.arrived, Arrived::Quarantined(Quarantine::OtherCustomer));
    let stored = stored(admitted);
    assert_eq!((stored.state, stored.customer), (TokenState::Quarantined, None));
}

/// A connection of two sessions has two customer ids, both the customer's, and Finch names one of them.
#[tokio::test]
async fn a_renewed_token_may_be_of_any_customer_id_of_ones_own_there() {
    let of = |id: &str, connection: &str| {
        let mut facts = facts(connection, "gusto", "c");
        facts.finch_customer_id = FinchCustomerId::new(id).ok();
        facts
    };
    let store = MemoryTokenStore::new(application());
    store_token(&store, "acme", grant("t1", of("acme", "k1"))).await;
    store_token(&store, "other", grant("t2", of("other", "k1"))).await;
    let renew = async |who: &str, reauthenticates: Option<&str>, new: Grant| {
        let mut purpose = new_attempt(who);
        purpose.finch_customer_id = FinchCustomerId::new("acme~2").ok();
        purpose.reauthenticates = reauthenticates.and_then(|id| id.parse().ok());
        let attempt = Attempt { id: AttemptId(Seq(900)), purpose, exchange: None };
        let found = find(&store, &new).await;
        admit(found, arrival(new, Source::Exchange(&attempt))).arrived
    };
    let new = |id: &str, connection: &str| grant("t3", of(id, connection));
    let accepted = Arrived::Stored(TokenState::Active);
    assert_eq!(renew("acme", Some("k1"), new("acme", "k1")).await, accepted);
    assert_eq!(renew("acme", Some("k1"), new("acme~2", "k1")).await, accepted);
    for (who, reauthenticates, new) in [
        ("acme", Some("k1"), new("other", "k1")),
        ("acme", Some("k1"), new("stranger", "k1")),
        ("acme", Some("k1"), new("acme", "k2")),
        ("acme", None, new("acme", "k1")),
        ("other", Some("k1"), new("acme", "k1")),
    ] {
        let arrived = renew(who, reauthenticates, new).await;
        assert_eq!(
            arrived,
            Arrived::Quarantined(Quarantine::OtherCustomer),
            "{who} {reauthenticates:?}"
        );
    }
}

/// Without a state only the customer id that Finch names ties a code to its attempt: an attacker can send a
/// browser to a callback with a code of their own.
#[tokio::test]
async fn without_a_state_finch_must_name_the_customer_id_of_the_session() {
    let id = |text: &str| FinchCustomerId::new(text).ok();
    let store = MemoryTokenStore::new(application());
    let mut own = facts("k1", "gusto", "c");
    own.finch_customer_id = id("acme");
    store_token(&store, "acme", grant("t1", own)).await;
    let arrive = async |connection: &str, expected: Option<&str>, named: Option<&str>, renews| {
        let mut facts = facts(connection, "gusto", if connection == "k1" { "c" } else { "d" });
        facts.finch_customer_id = named.and_then(id);
        let new = grant("t2", facts);
        let mut purpose = new_attempt("acme");
        purpose.finch_customer_id = expected.and_then(id);
        purpose.reauthenticates = if renews { connection.parse().ok() } else { None };
        let attempt = Attempt { id: AttemptId(Seq(900)), purpose, exchange: None };
        let found = find(&store, &new).await;
        admit(found, arrival(new, Source::StatelessExchange(&attempt)))
    };
    let active = Arrived::Stored(TokenState::Active);
    for (connection, expected, named, renews, arrived) in [
        ("k2", Some("acme~2"), Some("acme~2"), false, active.clone()),
        (
            "k2",
            Some("acme~2"),
            Some("attacker"),
            false,
            Arrived::Quarantined(Quarantine::OtherCustomer),
        ),
        (
            "k2",
            Some("acme~2"),
            Some("acme"),
            false,
            Arrived::Quarantined(Quarantine::OtherCustomer),
        ),
        ("k2", Some("acme~2"), None, false, Arrived::Quarantined(Quarantine::UnnamedCustomer)),
        // A renewal: any customer id of one's own there.
        ("k1", Some("acme~2"), Some("acme"), true, active),
        (
            "k1",
            Some("acme"),
            Some("attacker"),
            true,
            Arrived::Quarantined(Quarantine::OtherCustomer),
        ),
        ("k1", Some("acme"), None, true, Arrived::Quarantined(Quarantine::UnnamedCustomer)),
        // A session whose customer id is not known proves nothing.
        ("k2", None, Some("attacker"), false, Arrived::Quarantined(Quarantine::OtherCustomer)),
        ("k2", None, None, false, Arrived::Quarantined(Quarantine::UnnamedCustomer)),
    ] {
        let admitted = arrive(connection, expected, named, renews).await;
        assert_eq!(admitted.arrived, arrived, "{connection} {expected:?} {named:?} {renews}");
        let used = matches!(admitted.arrived, Arrived::Stored(_));
        let kept = stored(admitted);
        assert_eq!(kept.customer.is_some(), used, "a quarantined token has no customer");
        assert_eq!(kept.state == TokenState::Quarantined, !used);
    }
}

#[tokio::test]
async fn a_missing_customer_id_is_accepted_on_the_state() {
    let new = grant("t2", facts("k2", "gusto", "d"));
    let admitted = arrive(after_one(&new).await, "acme", new);
    assert_eq!(admitted.arrived, Arrived::Stored(TokenState::Active));
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
        purpose.opened_at = at(id as i64 * 300);
        let exchange = Exchange { began: Seq(id + 1), began_at: at(1), end: None };
        Attempt { id: AttemptId(Seq(id)), purpose, exchange: Some(exchange) }
    };
    let said = |name: &str, id: Option<&str>| {
        let finch_customer_id = id.and_then(|id| FinchCustomerId::new(id).ok());
        finch_core::TokenFacts { finch_customer_id, ..facts(name, "gusto", "c") }
    };
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
    let mut nameless =
        crate::connection(vec![crate::token("acme", "k1", 1, 2, TokenState::Active)], vec![]);
    nameless.company = None;
    let found = Found { by_connection_id: Some(nameless), ..Found::default() };
    let named = commit(arrive(found, "acme", grant("t2", facts("k1", "gusto", "c"))));
    assert_eq!(named.connection.unwrap().agenda.due, None);
    let new = commit(arrive(Found::default(), "acme", grant("t2", facts("k1", "gusto", ""))));
    assert!(new.connection.unwrap().agenda.due.is_some(), "a nameless one is");
}

#[test]
fn a_reopened_disconnect_takes_what_was_left_over() {
    let left_over = crate::token("acme", "k0", 1, 2, TokenState::Quarantined);
    let ended = crate::connection(
        vec![left_over],
        vec![crate::disconnect(crate::operator(), 950, Some(960))],
    );
    let found = Found { by_pair: Some(ended), ..Found::default() };
    let commit = commit(arrive(found, "acme", grant("t2", facts("k1", "gusto", "c"))));
    assert_eq!(commit.tokens[0].state, TokenState::Fenced);
    assert!(commit.connection.unwrap().agenda.due.is_some());
}

#[test]
fn a_token_brought_for_a_disconnect_is_fenced_into_it() {
    let stuck = crate::token("acme", "k1", 1, 2, TokenState::Fenced);
    let open = crate::disconnect(crate::operator(), 10, None);
    let world = crate::connection(vec![stuck], vec![open.clone()]);
    let mut purpose = new_attempt("acme");
    purpose.for_disconnect = Some(open.id);
    let found = Found { by_pair: Some(world), ..Found::default() };
    let admitted = arrive_for(found, purpose, grant("t2", facts("k1", "gusto", "c")));
    assert_eq!(stored(admitted).state, TokenState::Fenced);
}

/// A lost exchange, and a token that covers it.
#[test]
fn a_cover_holds_until_finch_ends_it() {
    let failure = FailureKind::NoAnswer;
    let failure =
        Failure { kind: failure, status: None, name: None, finch_code: None, request_id: None };
    let covered =
        |over| AttemptEnd::Covered { failure: failure.clone(), by: TokenId(Seq(7)), over };
    let lost = |over| {
        let exchange = Exchange { began: Seq(2), began_at: at(1), end: Some(covered(over)) };
        Attempt { id: AttemptId(Seq(1)), purpose: new_attempt("acme"), exchange: Some(exchange) }
    };
    let refused = Evidence::Refused { request_id: None };
    let (operator, reason) = ("x".parse().expect("a name"), "it looks ended".to_owned());
    let vouched = Evidence::ClosedByOperator { operator, reason };
    let revoked = |evidence| TokenState::Revoked { evidence, at: at(9) };
    let arrived = arrive(Found::default(), "acme", grant("t1", facts("k1", "gusto", "c")));
    let token = Token { id: TokenId(Seq(7)), ..stored(arrived) };
    let cases = [
        // The state of the token; the exchange may take effect yet, and was over when Finch accepted that.
        (TokenState::Active, Cover::Holds, Cover::Holds),
        (TokenState::Unverified, Cover::Holds, Cover::Holds),
        (TokenState::Fenced, Cover::Lost, Cover::Holds),
        (TokenState::Retired, Cover::Lost, Cover::Holds),
        (revoked(refused), Cover::Lost, Cover::Ends(AttemptEnd::Cleared)),
        (revoked(vouched), Cover::Lost, Cover::Lost),
    ];
    for (state, open, over) in cases {
        let by = Token { state, ..token.clone() };
        assert_eq!(lost(false).cover(&by, false), open, "{:?}", by.state);
        assert_eq!(lost(true).cover(&by, true), over, "{:?}", by.state);
        let now_over = if by.state.is_live() { Cover::Asks(covered(true)) } else { open };
        assert_eq!(lost(false).cover(&by, true), now_over, "{:?}", by.state);
    }
}
