//! The cases about changes: what one names is kept, on the revision that it was decided on.

use super::{
    super::{at, facts, grant, store_token},
    pieces::{StoreFixture, by_id, failure, intent, moved},
};
use crate::{Actor, Changes, FailureKind, Progress, Target, TokenChange, Trouble, decide};

/// A decision on an old revision changes nothing.
pub async fn an_old_revision_changes_nothing(fixture: &mut dyn StoreFixture) {
    store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let old = by_id(&*fixture.store().await, "k").await;
    let applied = fixture.store().await.apply(decide::fence(&old, intent(Actor::Finch))).await.unwrap();
    assert!(applied.revision > old.revision);
    let fenced = by_id(&*fixture.store().await, "k").await;
    assert_eq!(fenced.revision, applied.revision);
    moved(&*fixture.store().await, decide::fence(&old, intent(Actor::Finch))).await;
    assert_eq!(by_id(&*fixture.store().await, "k").await, fenced);
}

/// Two decisions race for the same revision: one holds.
pub async fn of_two_decisions_one_holds(fixture: &mut dyn StoreFixture) {
    store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let store = fixture.store().await;
    let seen = by_id(&*store, "k").await;
    let (a, b) = tokio::join!(
        store.apply(decide::fence(&seen, intent(Actor::Finch))),
        store.apply(decide::fence(&seen, intent(Actor::Finch))),
    );
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
    assert_eq!(by_id(&*store, "k").await.disconnects.len(), 1);
}

/// What a change does not name stays; what it names is kept whole.
pub async fn a_change_keeps_what_it_does_not_name(fixture: &mut dyn StoreFixture) {
    let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*fixture.store().await, "k").await;
    let progress = Progress {
        acknowledged: Some(at(3)),
        polls: 4,
        failures: 2,
        next_try: Some(at(6)),
        trouble: Some(Trouble {
            failure: failure(FailureKind::PaymentRequired),
            at: at(5),
            attention: true,
            this_token_only: false,
            ambiguous: true,
        }),
        ..Progress::default()
    };
    let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
    changes.tokens.push(TokenChange {
        progress: Some(progress.clone()),
        finch_token_id: Some("finch-token".parse().unwrap()),
        verified: true,
        ..TokenChange::to(token)
    });
    fixture.store().await.apply(changes).await.unwrap();
    let after = by_id(&*fixture.store().await, "k").await;
    let (old, new) = (seen.token(token).unwrap(), after.token(token).unwrap());
    assert_eq!(new.progress, progress);
    assert_eq!(new.finch_token_id.as_ref().unwrap().as_str(), "finch-token");
    assert!(new.verified.unwrap() > token.0);
    assert_eq!((&new.facts, &new.state, new.status.as_ref()), (&old.facts, &old.state, None));
}
