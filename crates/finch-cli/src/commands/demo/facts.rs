//! What must be true after the play; each is looked up where it can be seen, at Finch or in the store.

use finch_app::{DisconnectOutcome, TokenError};
use finch_core::{
    CustomerScope, TokenState,
    decide::{Plan, PlanVerdict},
};
use serde::Serialize;

use super::{
    play::{Played, TARGET, Together},
    search::Searched,
    stage::Stage,
};

/// Something that must be true.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) fact: &'static str,
    pub(crate) held: bool,
}

/// What the facts are about.
pub(crate) struct Seen<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) scope: &'a CustomerScope,
    pub(crate) tokens: &'a [Played],
    pub(crate) connections: &'a [Together],
    pub(crate) plan: &'a Plan,
    pub(crate) outcome: &'a DisconnectOutcome,
    pub(crate) searches: [Searched; 2],
}

pub(crate) async fn facts(seen: &Seen<'_>) -> Vec<Fact> {
    let Seen { stage, scope, tokens, connections, plan, outcome, searches } = seen;
    let numbers: Vec<&[usize]> = connections.iter().map(|c| c.tokens.as_slice()).collect();
    let ids = connections.first().map(|c| c.connection_ids.clone()).unwrap_or_default();
    let no_token = |token: &Played| {
        let id = token.connection_id.clone();
        async move { stage.finch.access_token(scope, &id, &[]).await }
    };
    let view = stage.finch.connection(*scope, &tokens[TARGET - 1].connection_id).await;
    let all_revoked = view.ok().flatten().is_some_and(|view| {
        view.tokens.len() == 3
            && view.tokens.iter().all(|token| matches!(token.state, TokenState::Revoked { .. }))
    });
    let at_finch: Vec<bool> =
        stage.emulator.state().tokens.iter().map(|token| token.revoked).collect();
    let answers = |of: fn(&Played) -> u16| tokens.iter().map(of).collect::<Vec<_>>();
    let fact = |fact, held| Fact { fact, held };
    vec![
        fact(
            "tokens 1, 2 and 3 are one connection, token 4 another",
            numbers == [&[1, 2, 3][..], &[4]],
        ),
        fact(
            "before the disconnect all four tokens work",
            answers(|t| t.before.status) == [200; 4],
        ),
        fact(
            "the preview names tokens 1, 2 and 3, and nothing else",
            plan.verdict == PlanVerdict::Disconnects
                && plan.tokens == 3
                && plan.connection_ids == ids,
        ),
        fact(
            "the disconnect ended three tokens",
            matches!(outcome, DisconnectOutcome::Disconnected { tokens: 3 }),
        ),
        fact(
            "one call to /disconnect was made for each connection_id",
            disconnect_calls(stage) == ids.len() as u64,
        ),
        fact(
            "after it tokens 1, 2 and 3 get 401, and token 4 works",
            answers(|t| t.after.status) == [401, 401, 401, 200],
        ),
        fact("the local Finch says the same", at_finch == [true, true, true, false]),
        fact(
            "the store hands out no token of the first connection any more",
            all_revoked && matches!(no_token(&tokens[0]).await, Err(TokenError::Disconnected)),
        ),
        fact("and still the one of the second", no_token(&tokens[3]).await.is_ok()),
        fact(
            "no secret is in the store's files, before the disconnect or after it",
            searches.iter().all(|searched| searched.files > 0 && searched.found == 0),
        ),
    ]
}

/// How often the local Finch was asked to disconnect.
pub(crate) fn disconnect_calls(stage: &Stage) -> u64 {
    stage.emulator.state().calls.get("POST /disconnect").copied().unwrap_or(0)
}
