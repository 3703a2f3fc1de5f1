//! What must be true after the demo; each is looked up where it can be seen, at Finch or in the store.

use finch_app::{DisconnectOutcome, TokenError};
use finch_core::{CustomerScope, TokenState, decide::PlanVerdict};
use serde::Serialize;

use super::{
    play::{Play, Played, TARGET},
    stage::Stage,
};

/// Something that must be true.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) fact: &'static str,
    pub(super) held: bool,
}

pub(super) async fn facts(play: &Play, stage: &Stage, scope: &CustomerScope) -> Vec<Fact> {
    let Play { tokens, connections, plan, outcome, .. } = play;
    let numbers: Vec<&[usize]> = connections.iter().map(|c| c.tokens.as_slice()).collect();
    let ids = connections.first().map(|c| c.connection_ids.clone()).unwrap_or_default();
    let handed_out = async |number: usize| {
        stage.finch.access_token(scope, &tokens[number - 1].connection_id, &[]).await
    };
    let view = stage.finch.connection(scope, &tokens[TARGET - 1].connection_id).await;
    let all_revoked = view.ok().flatten().is_some_and(|view| {
        let is_revoked = |state: &TokenState| matches!(state, TokenState::Revoked { .. });
        view.tokens.len() == 3 && view.tokens.iter().all(|token| is_revoked(&token.state))
    });
    let at_finch =
        stage.emulator.state().tokens.iter().map(|token| token.revoked).collect::<Vec<_>>();
    let answers = |of: fn(&Played) -> u16| tokens.iter().map(of).collect::<Vec<_>>();
    let facts = [
        (
            "tokens 1, 2 and 3 are one connection, token 4 another",
            numbers == [&[1, 2, 3][..], &[4]],
        ),
        ("before the disconnect all four tokens work", answers(|t| t.before.status) == [200; 4]),
        (
            "the preview names tokens 1, 2 and 3, and nothing else",
            plan.verdict == PlanVerdict::Disconnects
                && plan.tokens == 3
                && plan.connection_ids == ids,
        ),
        (
            "the disconnect ended three tokens",
            matches!(outcome, DisconnectOutcome::Disconnected { tokens: 3 }),
        ),
        (
            "one call to /disconnect was made for each connection_id",
            play.disconnect_calls == ids.len() as u64,
        ),
        (
            "after it tokens 1, 2 and 3 get 401, and token 4 works",
            answers(|t| t.after.status) == [401, 401, 401, 200],
        ),
        ("the local Finch says the same", at_finch == [true, true, true, false]),
        (
            "the store hands out no token of the first connection any more",
            all_revoked && matches!(handed_out(1).await, Err(TokenError::Disconnected)),
        ),
        ("and still the one of the second", handed_out(4).await.is_ok()),
        (
            "no secret is in the store's files, before the disconnect or after it",
            [play.search_before, play.search_after].iter().all(|s| s.files > 0 && s.found == 0),
        ),
    ];
    facts.map(|(fact, held)| Fact { fact, held }).into()
}
