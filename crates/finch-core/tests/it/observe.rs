//! What Finch's word on a token changes outside a disconnect of ours.

use finch_core::{
    Actor, Answer, Connection, ConnectionStatus, DisconnectChange, Introspection, PartialFacts,
    TokenState,
    decide::{AskedAt, Observed, observe},
    testing::at,
};

use crate::{connection, customer, disconnect, token};

fn accepted() -> Introspection {
    Introspection {
        facts: PartialFacts {
            connection_id: "k".parse().ok(),
            provider_id: "gusto".parse().ok(),
            company_id: "c".parse().ok(),
            products: Some(Vec::new()),
            ..PartialFacts::default()
        },
        status: Some(ConnectionStatus::Connected),
        ..Introspection::default()
    }
}

fn new_state(world: &Connection, asked_at: AskedAt) -> Option<TokenState> {
    let token = world.tokens[0].id;
    let (changes, _) = observe(world, None, token, asked_at, Ok(&accepted()), None, at(1), 0.5);
    changes.tokens.iter().find(|t| t.id == token).and_then(|t| t.state.clone())
}

#[test]
fn accepted_settles_a_doubt() {
    let world = connection(vec![token("acme", "k", 1, 2, TokenState::Unverified)], vec![]);
    assert_eq!(new_state(&world, AskedAt::of(&world)), Some(TokenState::Active));
    assert_eq!(new_state(&world, AskedAt::unknown()), None, "asked before it was known here");
}

#[test]
fn accepted_before_the_end_of_a_disconnect_settles_nothing_after_it() {
    let doubtful = || vec![token("acme", "k", 11, 12, TokenState::Unverified)];
    let acme = || Actor::Customer(customer("acme"));
    let open = connection(doubtful(), vec![disconnect(acme(), 10, None)]);
    let ended = connection(doubtful(), vec![disconnect(acme(), 10, Some(20))]);
    assert_eq!(new_state(&open, AskedAt::of(&open)), None, "it still goes on");
    assert_eq!(new_state(&ended, AskedAt::of(&open)), None, "Finch was asked before the end");
    assert_eq!(new_state(&ended, AskedAt::of(&ended)), Some(TokenState::Active));
}

#[test]
fn accepted_changes_no_progress_of_a_token_that_is_being_ended() {
    let world = connection(
        vec![token("acme", "k", 1, 2, TokenState::Fenced)],
        vec![disconnect(Actor::Customer(customer("acme")), 10, None)],
    );
    let asked_at = AskedAt::of(&world);
    let (changes, _) =
        observe(&world, None, world.tokens[0].id, asked_at, Ok(&accepted()), None, at(1), 0.5);
    assert!(changes.tokens[0].progress.is_none() && changes.tokens[0].state.is_none());
}

#[test]
fn the_last_live_token_refused_ends_the_generation() {
    let refused = || {
        let name = Some("invalid_token".into());
        Answer { status: 401, finch_shaped: true, name, ..Answer::default() }.into_error()
    };
    let one = token("acme", "k", 1, 2, TokenState::Active);
    let other = token("acme", "k", 3, 4, TokenState::Active);
    for (tokens, ends) in [(vec![one.clone()], true), (vec![one, other], false)] {
        let world = connection(tokens, vec![]);
        let asked_at = AskedAt::of(&world);
        let (changes, observed) =
            observe(&world, None, world.tokens[0].id, asked_at, Err(&refused()), None, at(1), 0.5);
        assert_eq!(observed, Observed::Refused);
        assert!(changes.tokens[0].state.as_ref().is_some_and(TokenState::is_revoked));
        let ended = changes.disconnects.iter().any(|d| matches!(d, DisconnectChange::End(None, _)));
        assert_eq!(ended, ends);
    }
}

#[test]
fn what_an_introspection_leaves_out_stays_as_it_was() {
    let mut known = token("acme", "k", 1, 2, TokenState::Unverified);
    known.status = Some(ConnectionStatus::Reauth);
    let products = known.facts.products.clone();
    let world = connection(vec![known], vec![]);
    let asked_at = AskedAt::of(&world);
    let said = Introspection::default();
    let (changes, observed) =
        observe(&world, None, world.tokens[0].id, asked_at, Ok(&said), None, at(1), 0.5);
    assert_eq!(observed, Observed::Accepted);
    let [change] = &changes.tokens[..] else { panic!("{changes:?}") };
    assert_eq!(change.state, Some(TokenState::Active), "Finch accepts it, whatever else it says");
    assert!(!products.is_empty());
    assert_eq!((&change.products, &change.status), (&None, &None));
}
