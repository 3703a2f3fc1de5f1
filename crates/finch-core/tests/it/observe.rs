//! What Finch's word on a token changes outside a disconnect of ours.

use finch_core::{
    Actor, Answer, Connection, ConnectionStatus, Draft, FinchApiError, Introspection, PartialFacts,
    TokenState,
    decide::{AskedAt, Observation, Observed, observe},
};
use finch_testkit::at;

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

/// What Finch's word on the first token makes of the connection.
fn after(
    world: &Connection,
    asked_at: AskedAt,
    answer: Result<&Introspection, &FinchApiError>,
) -> (Connection, Observed) {
    let token = world.tokens[0].id;
    let observation = Observation { token, asked_at, answer, late: None, now: at(1), jitter: 0.5 };
    let mut draft = Draft::of(world.clone());
    let observed = observe(&mut draft, None, observation);
    (draft.connection().clone(), observed)
}

fn new_state(world: &Connection, asked_at: AskedAt) -> TokenState {
    after(world, asked_at, Ok(&accepted())).0.tokens[0].state.clone()
}

#[test]
fn accepted_settles_a_doubt() {
    let world = connection(vec![token("acme", "k", 1, 2, TokenState::Unverified)], vec![]);
    assert_eq!(new_state(&world, AskedAt::of(&world)), TokenState::Active);
    assert_eq!(
        new_state(&world, AskedAt::unknown()),
        TokenState::Unverified,
        "asked before it was known here"
    );
}

#[test]
fn accepted_before_the_end_of_a_disconnect_settles_nothing_after_it() {
    let doubtful = || vec![token("acme", "k", 11, 12, TokenState::Unverified)];
    let acme = || Actor::Customer(customer("acme"));
    let open = connection(doubtful(), vec![disconnect(acme(), 10, None)]);
    let ended = connection(doubtful(), vec![disconnect(acme(), 10, Some(20))]);
    assert_eq!(new_state(&open, AskedAt::of(&open)), TokenState::Unverified, "it still goes on");
    assert_eq!(
        new_state(&ended, AskedAt::of(&open)),
        TokenState::Unverified,
        "Finch was asked before the end"
    );
    assert_eq!(new_state(&ended, AskedAt::of(&ended)), TokenState::Active);
}

#[test]
fn accepted_changes_no_progress_of_a_token_that_is_being_ended() {
    let world = connection(
        vec![token("acme", "k", 1, 2, TokenState::Fenced)],
        vec![disconnect(Actor::Customer(customer("acme")), 10, None)],
    );
    let (after, _) = after(&world, AskedAt::of(&world), Ok(&accepted()));
    assert_eq!(after.tokens[0].progress, world.tokens[0].progress);
    assert_eq!(after.tokens[0].state, TokenState::Fenced);
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
        let (after, observed) = after(&world, AskedAt::of(&world), Err(&refused()));
        assert_eq!(observed, Observed::Refused);
        assert!(after.tokens[0].state.is_revoked());
        assert_eq!(after.generation() > world.generation(), ends);
    }
}

#[test]
fn what_an_introspection_leaves_out_stays_as_it_was() {
    let mut known = token("acme", "k", 1, 2, TokenState::Unverified);
    known.status = Some(ConnectionStatus::Reauth);
    let products = known.facts.products.clone();
    let world = connection(vec![known], vec![]);
    let said = Introspection::default();
    let (after, observed) = after(&world, AskedAt::of(&world), Ok(&said));
    assert_eq!(observed, Observed::Accepted);
    let token = &after.tokens[0];
    assert_eq!(token.state, TokenState::Active, "Finch accepts it, whatever else it says");
    assert!(!products.is_empty());
    assert_eq!((&token.facts.products, &token.status), (&products, &world.tokens[0].status));
}
