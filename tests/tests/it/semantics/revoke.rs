//! What Finch answers to a disconnect, and what is done then.

use finch_core::{FailureKind, TokenState};

use super::{people::listed, *};

#[tokio::test]
async fn a_401_of_another_meaning_is_no_proof_and_needs_attention() {
    for (name, kind) in [
        ("reauthenticate_user", FailureKind::ReauthenticateUser),
        ("account_setup_required", FailureKind::AccountSetupRequired),
        ("", FailureKind::OtherUnauthorized),
    ] {
        let (world, id) = connected().await;
        world.fail(100, || answer(401, name));
        let outcome = disconnect(&world, ACME, &id).await;
        let DisconnectOutcome::Pending { trouble: Some(failure), attention: true, .. } = outcome
        else {
            panic!("{name}: {outcome:?}");
        };
        assert_eq!(failure.kind, kind);
        let token = load(&world, &id).await.tokens.remove(0);
        assert_eq!((&token.state, token.progress.refused), (&TokenState::Fenced, None), "{name}");
        assert!(is_sealed(&world, token.id).await, "{name}");
        let listed = listed(&world).await.remove(0).failure.expect("a failure");
        for failure in [failure, listed] {
            assert_eq!(failure.request_id.expect("it is kept").as_str(), "request-7");
        }
        world.finch.recover();
        settle(&world).await;
        assert!(all_revoked(&load(&world, &id).await), "{name}");
    }
}

#[tokio::test]
async fn a_401_of_another_meaning_is_followed_by_the_same_call_until_it_is_proven() {
    for name in ["reauthenticate_user", "account_setup_required", ""] {
        let (world, id) = connected().await;
        world.finch.fail_next(answer(401, name));
        let outcome = disconnect(&world, ACME, &id).await;
        assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 1 }, "{name}");
        let progress = load(&world, &id).await.tokens.remove(0).progress;
        assert!(progress.acknowledged.is_some() && progress.refused.is_some(), "{name}");
        assert_eq!(world.finch.take_calls(), ["disconnect", "disconnect", "introspect"]);
    }
}

#[tokio::test]
async fn a_disconnect_without_an_answer_is_kept_as_ambiguous() {
    let unreadable = FinchApiError::Unreadable {
        problem: "cut off".into(),
        answer: Some(Box::new(Answer::default())),
    };
    for (error, ambiguous) in [
        (lost(), true),
        (answer(503, "later"), true),
        (unreadable, true),
        (answer(429, "later"), false),
        (away(), false),
        (answer(402, "pay"), false),
    ] {
        let (world, id) = connected().await;
        let what = format!("{error:?}");
        world.finch.fail_next(error);
        disconnect(&world, ACME, &id).await;
        let connection = load(&world, &id).await;
        assert_eq!(connection.ambiguous_at().is_some(), ambiguous, "{what}");
        settle(&world).await;
        let ended = load(&world, &id).await;
        assert_eq!(ended.ambiguous_at().is_some(), ambiguous, "kept after the end: {what}");
    }
}

#[tokio::test]
async fn pending_is_an_outcome_and_the_tokens_are_unusable() {
    let (world, id) = connected().await;
    world.fail(200, || answer(503, "later"));
    let outcome = disconnect(&world, ACME, &id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { unproven: 1, .. }), "{outcome:?}");
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::Disconnecting));
}

#[tokio::test]
async fn finch_away_for_a_month_the_reconciler_ends_it_when_it_is_back() {
    let (world, id) = connected().await;
    world.fail(2000, away);
    disconnect(&world, ACME, &id).await;
    for _ in 0..24 * 30 {
        world.system.pass(Duration::from_secs(3600));
        reconcile(&world).await;
    }
    assert_eq!(states(&world, &id).await, ["fenced"], "Finch is away");
    world.finch.recover();
    world.system.pass(Duration::from_secs(3600));
    assert_eq!(reconcile(&world).await.disconnected, 1);
    assert!(all_revoked(&load(&world, &id).await));
}
