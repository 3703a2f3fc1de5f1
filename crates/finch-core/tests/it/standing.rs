//! The table of the races: an exchange and a disconnect of the same connection.

use finch_core::{
    Actor, Connection, Seq, TokenState,
    decide::{Standing, standing},
};

use crate::{connection, customer, disconnect, operator, token};

/// What a token of `acme` may be whose exchange began at `began`.
fn stands(connection: &Connection, began: u64) -> Standing {
    let acme = customer("acme");
    standing(connection, Seq(began), Some(&acme), &"new".parse().expect("an id"), false)
}

fn revoked() -> TokenState {
    let evidence = finch_core::Evidence::Refused { request_id: None };
    TokenState::Revoked { evidence, at: finch_testkit::at(0) }
}

#[test]
fn without_a_disconnect_a_token_is_active() {
    assert_eq!(stands(&connection(vec![], vec![]), 5), Standing::Active);
}

#[test]
fn began_before_an_open_disconnect_is_fenced() {
    let open = connection(vec![], vec![disconnect(operator(), 10, None)]);
    assert_eq!(stands(&open, 9), Standing::Fenced);
}

#[test]
fn began_during_an_open_disconnect_is_unverified() {
    let open = connection(vec![], vec![disconnect(operator(), 10, None)]);
    assert_eq!(stands(&open, 11), Standing::Unverified);
}

#[test]
fn began_before_a_disconnect_that_has_ended_reopens_it() {
    let first = disconnect(operator(), 10, Some(12));
    let ended = connection(vec![token("acme", "k", 1, 2, revoked())], vec![first.clone()]);
    assert_eq!(stands(&ended, 9), Standing::Reopens(first.id));
}

#[test]
fn began_before_a_disconnect_while_a_newer_generation_lives_is_superseded() {
    let newer = token("acme", "k2", 13, 14, TokenState::Active);
    let ended = connection(vec![newer], vec![disconnect(operator(), 10, Some(12))]);
    assert_eq!(stands(&ended, 9), Standing::Superseded);
}

#[test]
fn began_during_a_disconnect_that_has_ended_is_unverified() {
    let ended = connection(vec![], vec![disconnect(operator(), 10, Some(12))]);
    assert_eq!(stands(&ended, 11), Standing::Unverified);
}

#[test]
fn began_after_the_end_is_active() {
    let ended = connection(
        vec![token("acme", "k", 1, 2, revoked())],
        vec![disconnect(operator(), 10, Some(12))],
    );
    assert_eq!(stands(&ended, 13), Standing::Active);
}

#[test]
fn a_connection_id_of_an_ended_generation_is_in_doubt() {
    let ended = connection(
        vec![token("acme", "new", 1, 2, revoked())],
        vec![disconnect(operator(), 10, Some(12))],
    );
    assert_eq!(stands(&ended, 13), Standing::Unverified);
}

#[test]
fn a_customers_disconnect_covers_only_that_customers_exchanges() {
    let of = |who: &str, ended| {
        connection(vec![], vec![disconnect(Actor::Customer(customer(who)), 10, ended)])
    };
    assert_eq!(stands(&of("acme", None), 9), Standing::Fenced);
    assert_eq!(stands(&of("other", None), 9), Standing::Unverified);
    assert_eq!(stands(&of("other", Some(12)), 9), Standing::Unverified);
    assert_eq!(stands(&of("other", Some(12)), 13), Standing::Active);
}

#[test]
fn a_quarantined_token_is_covered_by_every_disconnect() {
    let open = connection(vec![], vec![disconnect(Actor::Customer(customer("other")), 10, None)]);
    let id = "new".parse().expect("an id");
    assert_eq!(standing(&open, Seq(9), None, &id, false), Standing::Fenced);
}

#[test]
fn an_end_seen_at_finch_covers_nothing_and_leaves_a_doubt() {
    let seen = connection(vec![], vec![disconnect(Actor::Finch, 10, Some(11))]);
    assert_eq!(stands(&seen, 9), Standing::Unverified);
    assert_eq!(stands(&seen, 12), Standing::Active);
}

#[test]
fn what_an_earlier_disconnect_covers_is_fenced_while_any_is_open() {
    let another_customers = disconnect(Actor::Customer(customer("other")), 30, None);
    let both = connection(vec![], vec![disconnect(operator(), 10, Some(12)), another_customers]);
    assert_eq!(stands(&both, 5), Standing::Fenced);
    assert_eq!(stands(&both, 20), Standing::Unverified);
}

#[test]
fn a_request_that_joined_covers_what_came_before_it() {
    let first = disconnect(Actor::Customer(customer("other")), 10, None);
    let mut joined = disconnect(operator(), 20, None);
    joined.state = finch_core::DisconnectState::Merged { into: first.id };
    let open = connection(vec![], vec![first.clone(), joined.clone()]);
    assert_eq!(stands(&open, 15), Standing::Fenced);
    assert_eq!(stands(&open, 21), Standing::Unverified);
    let ended = disconnect(Actor::Customer(customer("other")), 10, Some(25));
    let ended = connection(vec![], vec![ended, joined]);
    assert_eq!(stands(&ended, 15), Standing::Reopens(first.id), "it goes on as the first one");
}

/// It ends what is left over, and no one's exchange.
#[test]
fn a_reconcilers_disconnect_covers_no_customers_exchange() {
    let open = connection(vec![], vec![disconnect(Actor::Reconciler, 10, None)]);
    assert_eq!(stands(&open, 5), Standing::Unverified);
    let ended = connection(vec![], vec![disconnect(Actor::Reconciler, 10, Some(12))]);
    assert_eq!(stands(&ended, 5), Standing::Unverified);
    assert!(open.disconnects[0].covers(Seq(5), None), "a quarantined token ends with it");
}
