//! The cases about disconnects and retirements.

use super::pieces::{StoreFixture, by_id, customer, id, intent, loaded, stored, token_of};
use crate::{at, decided, facts, fingerprint, grant, opened, store_token, unchanged};
use finch_core::{
    Actor, Answer, DisconnectId, DisconnectState, Refusal, SealedAs, Seq,
    TokenState, TokenQuery,
    decide::{self, Call},
};

/// From the fence on no call hands out a token; secrets stay, for Finch wants them.
pub async fn a_fence_holds(fixture: &mut dyn StoreFixture) {
    let token =
        stored(fixture, "t1").await;
    let by_acme = || intent(Actor::Customer(customer("acme")));
    let number =
        decided(&*fixture.store().await, "k", |draft| decide::fence(draft, by_acme())).await;
    let store = fixture.store().await;
    assert!(
        store
            .usable_token(&customer("acme"), &id("k"), &TokenQuery::default())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(opened(&store.sealed(token).await.unwrap().unwrap()), ("t1".into(), SealedAs::Held));
    let fenced = by_id(&*store, "k").await;
    let open = fenced.open_disconnect().expect("an open disconnect");
    assert_eq!(open.id, DisconnectId(number));
    assert_eq!(open.intent, by_acme());
    assert!(open.began() > token.0);
}

/// Evidence, wipe and end are written in one; the record and its fingerprint stay.
pub async fn a_finished_disconnect_wipes_the_secret(fixture: &mut dyn StoreFixture) {
    let token =
        stored(fixture, "t1").await;
    let fence = |draft: &mut _| decide::fence(draft, intent(Actor::Finch));
    decided(&*fixture.store().await, "k", fence).await;
    let invalid = Answer {
        status: 401,
        finch_shaped: true,
        name: Some("invalid_token".into()),
        request_id: Some("req-1".parse().unwrap()),
        ..Answer::default()
    };
    let invalid = invalid.into_error();
    decided(&*fixture.store().await, "k", |draft| {
        decide::record(draft, token, Call::Introspect, None, Err(&invalid), at(20), 0.5);
    })
    .await;
    let seen = loaded(fixture).await;
    let refusal = Refusal { at: at(20), request_id: Some("req-1".parse().unwrap()) };
    assert_eq!(seen.token(token).unwrap().progress.refused, Some(refusal));
    let open = seen.open_disconnect().unwrap().clone();
    let finish = |draft: &mut _| decide::finish(draft, open.id, at(21));
    decided(&*fixture.store().await, "k", finish).await;
    let store = fixture.store().await;
    let ended = by_id(&*store, "k").await;
    assert!(ended.open_disconnect().is_none());
    assert!(ended.disconnects[0].ended().unwrap() > open.began());
    assert!(ended.token(token).unwrap().state.is_revoked());
    assert!(store.sealed(token).await.unwrap().is_none());
    assert_eq!(token_of(&*store, "t1").await, Some(token));
    let found = store.find(&fingerprint("t1"), &facts("k", "gusto", "c")).await.unwrap();
    assert!(found.known.is_none() && found.revoked_before);
    let again = store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    assert_ne!(again, token);
    assert_eq!(by_id(&*store, "k").await.token(again).unwrap().state, TokenState::Unverified);
    assert_eq!(token_of(&*store, "t1").await, Some(again));
}

/// A disconnect ends, is reopened, and ends again; it keeps its number.
pub async fn a_disconnect_is_reopened(fixture: &mut dyn StoreFixture) {
    stored(fixture, "t1").await;
    let store = fixture.store().await;
    decided(&*store, "k", |draft| decide::fence(draft, intent(Actor::Finch))).await;
    let begun = by_id(&*store, "k").await.disconnects[0].id;
    let mut last = begun.0;
    let ended = || DisconnectState::Ended { seq: Seq::OF_COMMIT, at: at(11) };
    for state in [ended(), DisconnectState::Open, ended()] {
        let seen = by_id(&*store, "k").await;
        let mut commit = unchanged(&seen);
        commit.disconnects = seen.disconnects.clone();
        commit.disconnects[0].state = state;
        let number = store.commit(commit).await.unwrap();
        let seen = by_id(&*store, "k").await;
        assert_eq!((seen.disconnects.len(), seen.disconnects[0].id), (1, begun));
        if let Some(ended) = seen.disconnects[0].ended() {
            assert_eq!(ended, number);
            assert!(ended > last, "each end has a number of its own");
            last = ended;
        }
    }
}

/// A request that joins an open disconnect is kept, and goes on as that one.
pub async fn a_request_joins_an_open_disconnect(fixture: &mut dyn StoreFixture) {
    stored(fixture, "t1").await;
    let first = intent(Actor::Customer(customer("acme")));
    let begun = decided(&*fixture.store().await, "k", |draft| decide::fence(draft, first)).await;
    let begun = DisconnectId(begun);
    let second = || intent(Actor::Operator("ops".parse().unwrap()));
    decided(&*fixture.store().await, "k", |draft| decide::fence(draft, second())).await;
    let seen = loaded(fixture).await;
    assert_eq!(seen.disconnects.len(), 2);
    assert_eq!(seen.open_disconnect().map(|d| d.id), Some(begun));
    let joined = &seen.disconnects[1];
    assert_eq!(joined.intent, second());
    assert_eq!(joined.state, DisconnectState::Merged { into: begun });
}

/// A retirement is kept.
pub async fn retirements_are_kept(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let token = store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    store_token(&*store, "beta", grant("t2", facts("k", "gusto", "c"))).await;
    decided(&*store, "k", |draft| decide::retire(draft, &customer("acme"), at(20))).await;
    let store = fixture.store().await;
    let after = by_id(&*store, "k").await;
    assert_eq!(after.token(token).unwrap().state, TokenState::Retired);
    assert_eq!(after.retirements.len(), 1);
    assert!(after.retirements[0].seq > token.0 && after.is_retired(after.token(token).unwrap()));
    assert_eq!(
        (&after.retirements[0].customer, after.retirements[0].at),
        (&customer("acme"), at(20))
    );
    assert!(store.sealed(token).await.unwrap().is_some(), "it may still be needed");
}
