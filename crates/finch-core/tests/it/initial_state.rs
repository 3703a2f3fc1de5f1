//! The table of the races: an exchange and a disconnect of the same connection.

use finch_core::{
    Actor, Connection, DisconnectId, Seq, TokenState,
    decide::{InitialState, initial_state},
};

use crate::{connection, customer, disconnect, operator, token};

/// What a token of `acme` may be whose exchange began at `began`.
fn stands(connection: &Connection, began: u64) -> InitialState {
    let acme = customer("acme");
    initial_state(connection, Seq(began), Some(&acme), &"new".parse().expect("an id"), false)
}

fn revoked() -> TokenState {
    let evidence = finch_core::Evidence::Refused { request_id: None };
    TokenState::Revoked { evidence, at: finch_testkit::at(0) }
}

/// What became of the connection's disconnect `10..`, or `10..12` if it has ended, and of its tokens; when
/// the exchange began; and how its token stands.
#[test]
fn each_row_of_the_table_of_races() {
    let open = || vec![disconnect(operator(), 10, None)];
    let ended = || vec![disconnect(operator(), 10, Some(12))];
    let of = |who: &str, ended| vec![disconnect(Actor::Customer(customer(who)), 10, ended)];
    let at_finch = vec![disconnect(Actor::Finch, 10, Some(11))];
    let old = || vec![token("acme", "k", 1, 2, revoked())];
    let same_id = vec![token("acme", "new", 1, 2, revoked())];
    let newer = vec![token("acme", "k2", 13, 14, TokenState::Active)];
    let reopens = InitialState::Reopens(DisconnectId(Seq(10)));
    for (what, tokens, disconnects, rows) in [
        ("no disconnect", vec![], vec![], &[(5, InitialState::Active)][..]),
        ("open", vec![], open(), &[(9, InitialState::Fenced), (11, InitialState::Unverified)]),
        (
            "ended",
            old(),
            ended(),
            &[(9, reopens), (11, InitialState::Unverified), (13, InitialState::Active)],
        ),
        ("a newer generation lives", newer, ended(), &[(9, InitialState::Superseded)]),
        ("the same connection id", same_id, ended(), &[(13, InitialState::Unverified)]),
        ("its own customer's", vec![], of("acme", None), &[(9, InitialState::Fenced)]),
        ("another customer's", vec![], of("other", None), &[(9, InitialState::Unverified)]),
        (
            "another customer's, ended",
            vec![],
            of("other", Some(12)),
            &[(9, InitialState::Unverified), (13, InitialState::Active)],
        ),
        (
            "an end seen at Finch",
            vec![],
            at_finch,
            &[(9, InitialState::Unverified), (12, InitialState::Active)],
        ),
    ] {
        let connection = connection(tokens, disconnects);
        for (began, expected) in rows {
            assert_eq!(stands(&connection, *began), *expected, "{what}, began at {began}");
        }
    }
}

#[test]
fn a_quarantined_token_is_covered_by_every_disconnect() {
    let open = connection(vec![], vec![disconnect(Actor::Customer(customer("other")), 10, None)]);
    let id = "new".parse().expect("an id");
    assert_eq!(initial_state(&open, Seq(9), None, &id, false), InitialState::Fenced);
}

#[test]
fn what_an_earlier_disconnect_covers_is_fenced_while_any_is_open() {
    let another_customers = disconnect(Actor::Customer(customer("other")), 30, None);
    let both = connection(vec![], vec![disconnect(operator(), 10, Some(12)), another_customers]);
    assert_eq!(stands(&both, 5), InitialState::Fenced);
    assert_eq!(stands(&both, 20), InitialState::Unverified);
}

#[test]
fn a_request_that_joined_covers_what_came_before_it() {
    let first = disconnect(Actor::Customer(customer("other")), 10, None);
    let mut joined = disconnect(operator(), 20, None);
    joined.state = finch_core::DisconnectState::Merged { into: first.id };
    let open = connection(vec![], vec![first.clone(), joined.clone()]);
    assert_eq!(stands(&open, 15), InitialState::Fenced);
    assert_eq!(stands(&open, 21), InitialState::Unverified);
    let ended = disconnect(Actor::Customer(customer("other")), 10, Some(25));
    let ended = connection(vec![], vec![ended, joined]);
    assert_eq!(stands(&ended, 15), InitialState::Reopens(first.id), "it goes on as the first one");
}

/// It ends what is left over, and no one's exchange.
#[test]
fn a_reconcilers_disconnect_covers_no_customers_exchange() {
    let open = connection(vec![], vec![disconnect(Actor::Reconciler, 10, None)]);
    assert_eq!(stands(&open, 5), InitialState::Unverified);
    let ended = connection(vec![], vec![disconnect(Actor::Reconciler, 10, Some(12))]);
    assert_eq!(stands(&ended, 5), InitialState::Unverified);
    assert!(open.disconnects[0].covers(Seq(5), None), "a quarantined token ends with it");
}
