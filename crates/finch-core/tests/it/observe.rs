//! What Finch's word on a token changes outside a disconnect of ours.

use finch_core::{
    Connection, ConnectionStatus, Introspection, TokenState,
    decide::{AskedAt, Observed},
};
use finch_testkit::facts;

use crate::{answered, by, connection, disconnect, observed, token};

fn accepted() -> Introspection {
    let status = Some(ConnectionStatus::Connected);
    Introspection { facts: facts("k", "gusto", "c").into(), status, ..Introspection::default() }
}

/// The first token's state once Finch accepts it.
fn new_state(world: &Connection, asked_at: AskedAt) -> TokenState {
    let (draft, _) = observed(world, None, world.tokens[0].id, asked_at, Ok(&accepted()));
    draft.connection().tokens[0].state.clone()
}

#[test]
fn accepted_settles_a_doubt_that_was_there_when_finch_was_asked() {
    let doubtful = || vec![token("acme", "k", 11, 12, TokenState::Unverified)];
    let world = connection(doubtful(), vec![]);
    let open = connection(doubtful(), vec![disconnect(by("acme"), 10, None)]);
    let ended = connection(doubtful(), vec![disconnect(by("acme"), 10, Some(20))]);
    for (what, world, asked_at, state) in [
        ("no disconnect", &world, AskedAt::of(&world), TokenState::Active),
        ("before it was known here", &world, AskedAt::unknown(), TokenState::Unverified),
        ("a disconnect goes on", &open, AskedAt::of(&open), TokenState::Unverified),
        ("before the end", &ended, AskedAt::of(&open), TokenState::Unverified),
        ("after the end", &ended, AskedAt::of(&ended), TokenState::Active),
    ] {
        assert_eq!(new_state(world, asked_at), state, "{what}");
    }
}

#[test]
fn accepted_changes_no_progress_of_a_token_that_is_being_ended() {
    let world = crate::fenced(&["k"]);
    let token = world.tokens[0].id;
    let (after, _) = observed(&world, None, token, AskedAt::of(&world), Ok(&accepted()));
    let after = &after.connection().tokens[0];
    assert_eq!((&after.progress, &after.state), (&world.tokens[0].progress, &TokenState::Fenced));
}

#[test]
fn the_last_live_token_refused_ends_the_generation() {
    let one = token("acme", "k", 1, 2, TokenState::Active);
    let other = token("acme", "k", 3, 4, TokenState::Active);
    for (tokens, ends) in [(vec![one.clone()], true), (vec![one, other], false)] {
        let world = connection(tokens, vec![]);
        let refusal = answered(401, "invalid_token");
        let (after, observed) =
            observed(&world, None, world.tokens[0].id, AskedAt::of(&world), Err(&refusal));
        assert_eq!(observed, Observed::Refused);
        assert!(after.connection().tokens[0].state.is_revoked());
        assert_eq!(after.connection().generation() > world.generation(), ends);
    }
}

#[test]
fn what_an_introspection_leaves_out_stays_as_it_was() {
    let mut known = token("acme", "k", 1, 2, TokenState::Unverified);
    known.status = Some(ConnectionStatus::Reauth);
    let world = connection(vec![known.clone()], vec![]);
    let said = Introspection::default();
    let (after, observed) = observed(&world, None, known.id, AskedAt::of(&world), Ok(&said));
    assert_eq!(observed, Observed::Accepted);
    let token = &after.connection().tokens[0];
    assert_eq!(token.state, TokenState::Active, "Finch accepts it, whatever else it says");
    assert!(!known.facts.products.is_empty());
    assert_eq!((&token.facts.products, &token.status), (&known.facts.products, &known.status));
}
