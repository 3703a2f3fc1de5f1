//! The table of the races: an exchange and a disconnect of the same connection.

use finch_core::{
    Actor, Disconnect, DisconnectId, DisconnectState, Seq,
    TokenState::{self, Active, Fenced, Superseded, Unverified},
    decide::initial_state,
};

use crate::{by, connection, customer, disconnect, operator, revoked, token};

/// What became of the connection's disconnects, of which the first has the numbers `10..`, or `10..12` if it
/// has ended, and of its tokens; when the exchange began; and how its token stands.
#[test]
fn each_row_of_the_table_of_races() {
    let open = |by: Actor| vec![disconnect(by, 10, None)];
    let ended = |by: Actor| vec![disconnect(by, 10, Some(12))];
    let old = || vec![token("acme", "k", 1, 2, revoked())];
    let same_id = vec![token("acme", "new", 1, 2, revoked())];
    let newer = vec![token("acme", "k2", 13, 14, TokenState::Active)];
    let first = DisconnectId(Seq(10));
    // An operator's request has joined another customer's disconnect.
    let joined = |mut disconnects: Vec<Disconnect>| {
        let state = DisconnectState::Merged { into: first };
        disconnects.push(Disconnect { state, ..disconnect(operator(), 20, None) });
        disconnects
    };
    let other_open = disconnect(by("other"), 30, None);
    for (what, tokens, disconnects, rows) in [
        ("no disconnect", vec![], vec![], &[(5, Active)][..]),
        ("open", vec![], open(operator()), &[(9, Fenced), (11, Unverified)]),
        ("ended", old(), ended(operator()), &[(9, Fenced), (11, Unverified), (13, Active)]),
        ("a newer generation lives", newer, ended(operator()), &[(9, Superseded)]),
        ("the same connection id", same_id, ended(operator()), &[(13, Unverified)]),
        ("its own customer's", vec![], open(by("acme")), &[(9, Fenced)]),
        ("another customer's", vec![], open(by("other")), &[(9, Unverified)]),
        ("another customer's, ended", vec![], ended(by("other")), &[(9, Unverified), (13, Active)]),
        ("an end seen at Finch", vec![], ended(Actor::Finch), &[(9, Unverified), (12, Active)]),
        // It ends what is left over, and no customer's exchange.
        ("a reconciler's", vec![], open(Actor::Reconciler), &[(5, Unverified)]),
        ("a reconciler's, ended", vec![], ended(Actor::Reconciler), &[(5, Unverified)]),
        (
            "an earlier one covers it while any is open",
            vec![],
            [ended(operator()), vec![other_open]].concat(),
            &[(5, Fenced), (20, Unverified)],
        ),
        ("joined", vec![], joined(open(by("other"))), &[(15, Fenced), (21, Unverified)]),
        (
            "joined, and ended as the first one",
            vec![],
            joined(vec![disconnect(by("other"), 10, Some(25))]),
            &[(15, Fenced)],
        ),
    ] {
        let connection = connection(tokens, disconnects);
        for (began, expected) in rows {
            let (acme, id) = (customer("acme"), "new".parse().expect("an id"));
            let found = initial_state(&connection, Seq(*began), Some(&acme), &id, false);
            let has_ended = connection.open_disconnect().is_none();
            let reopens = (*expected == Fenced && has_ended).then_some(first);
            assert_eq!(found, (expected.clone(), reopens), "{what}, began at {began}");
        }
    }
}

#[test]
fn a_quarantined_token_is_covered_by_every_disconnect() {
    let id = "new".parse().expect("an id");
    let open = connection(vec![], vec![disconnect(by("other"), 10, None)]);
    assert_eq!(initial_state(&open, Seq(9), None, &id, false), (Fenced, None));
    assert!(disconnect(Actor::Reconciler, 10, None).covers(Seq(5), None));
}
