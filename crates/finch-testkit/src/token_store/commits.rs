//! The cases about commits: whole rows, on the revision that was decided on, under one number.

use super::pieces::{StoreFixture, by_id, commit, failure, intent, moved, loaded, stored};
use crate::{at, decided, unchanged};
use finch_core::{
    Actor, FailureKind, Progress, Revision, Seq, TokenId, TokenState, Trouble, decide::fence,
};

/// A decision on an old revision changes nothing, and takes no number.
pub async fn an_old_revision_changes_nothing(fixture: &mut dyn StoreFixture) {
    stored(fixture, "t1").await;
    let old = loaded(fixture).await;
    let fencing = || commit(&old, |draft| fence(draft, intent(Actor::Finch)));
    let number = fixture.store().await.commit(fencing()).await.unwrap();
    let fenced = loaded(fixture).await;
    assert_eq!(fenced.revision, Revision(old.revision.0 + 1));
    moved(&*fixture.store().await, fencing()).await;
    assert_eq!(loaded(fixture).await, fenced);
    let next = fixture.store().await.commit(unchanged(&fenced)).await.unwrap();
    assert_eq!(next, Seq(number.0 + 1));
}

/// Two decisions race for the same revision: one holds.
pub async fn of_two_decisions_one_holds(fixture: &mut dyn StoreFixture) {
    stored(fixture, "t1").await;
    let store = fixture.store().await;
    let seen = by_id(&*store, "k").await;
    let fencing = || commit(&seen, |draft| fence(draft, intent(Actor::Finch)));
    let (a, b) = tokio::join!(store.commit(fencing()), store.commit(fencing()));
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
    assert_eq!(by_id(&*store, "k").await.disconnects.len(), 1);
}

/// What is new in a commit has its number: in the order in which commits take effect, without a gap.
pub async fn a_commit_has_one_number(fixture: &mut dyn StoreFixture) {
    let first =
        stored(fixture, "t1").await;
    let connection = loaded(fixture).await;
    assert_eq!(connection.key.0, first.0, "the connection is as old as its first token");
    let number =
        decided(&*fixture.store().await, "k", |draft| fence(draft, intent(Actor::Finch))).await;
    assert_eq!(number, Seq(first.0.0 + 1));
    assert_eq!(loaded(fixture).await.disconnects[0].began(), number);
}

/// What is not written stays; a row that is written is kept whole.
pub async fn a_row_is_kept_whole(fixture: &mut dyn StoreFixture) {
    let token =
        stored(fixture, "t1").await;
    let other =
        stored(fixture, "t2").await;
    let seen = loaded(fixture).await;
    let mut row = seen.token(token).unwrap().clone();
    row.progress = Progress {
        acknowledged: Some(at(3)),
        polls: 4,
        failures: 2,
        next_try: Some(at(6)),
        trouble: Some(Trouble { failure: failure(FailureKind::PaymentRequired), at: at(5) }),
        ..Progress::default()
    };
    row.finch_token_id = Some("finch-token".parse().unwrap());
    row.verified = Some(Seq::OF_COMMIT);
    row.state = TokenState::Superseded;
    row.facts.products.clear();
    let mut commit = unchanged(&seen);
    commit.tokens.push(row.clone());
    let number = fixture.store().await.commit(commit).await.unwrap();
    row.verified = Some(number);
    let after = loaded(fixture).await;
    assert_eq!(after.token(token), Some(&row));
    assert_eq!(after.token(other), seen.token(other));
    let unknown = TokenId(Seq(number.0 + 100));
    assert_eq!(after.token(unknown), None);
}
