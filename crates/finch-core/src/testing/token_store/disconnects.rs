//! The cases about disconnects and retirements.

use super::{
    super::{at, facts, grant, store_token},
    pieces::{StoreFixture, all, by_id, customer, id, intent},
};
use crate::{
    AccessToken, Actor, Answer, Changes, DisconnectChange, DisconnectState, FinchApiError, Refusal,
    Target, TokenState, Wanted,
    decide::{self, Call},
};

/// From the fence on no call hands out a token; secrets stay, for Finch wants them.
pub async fn a_fence_holds(fixture: &mut dyn StoreFixture) {
    let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*fixture.store().await, "k").await;
    let applied = fixture.store().await.apply(decide::fence(&seen, intent(Actor::Customer(customer("acme"))))).await.unwrap();
    let store = fixture.store().await;
    assert!(store.usable_token(&customer("acme"), &id("k"), &Wanted::default()).await.unwrap().is_none());
    assert!(store.secret(token).await.unwrap().is_some());
    let fenced = by_id(&*store, "k").await;
    let open = fenced.open_disconnect().expect("an open disconnect");
    assert_eq!(Some(open.id), applied.begun);
    assert_eq!(open.intent, intent(Actor::Customer(customer("acme"))));
    assert!(open.began() > token.0);
}

/// Evidence, wipe and end are written in one; the record and its fingerprint stay.
pub async fn a_finished_disconnect_wipes_the_secret(fixture: &mut dyn StoreFixture) {
    let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*fixture.store().await, "k").await;
    fixture.store().await.apply(decide::fence(&seen, intent(Actor::Finch))).await.unwrap();
    let seen = by_id(&*fixture.store().await, "k").await;
    let invalid = FinchApiError::TokenInvalid(Box::new(Answer {
        status: 401,
        request_id: Some("req-1".parse().unwrap()),
        ..Answer::default()
    }));
    let refused = decide::record(&seen, token, Call::Introspect, Err(&invalid), at(20), 0.5);
    fixture.store().await.apply(refused).await.unwrap();
    let seen = by_id(&*fixture.store().await, "k").await;
    let refusal = Refusal { at: at(20), request_id: Some("req-1".parse().unwrap()) };
    assert_eq!(seen.token(token).unwrap().progress.refused, Some(refusal));
    let open = seen.open_disconnect().unwrap().clone();
    fixture.store().await.apply(decide::finish(&seen, &open, at(21))).await.unwrap();
    let store = fixture.store().await;
    let ended = by_id(&*store, "k").await;
    assert!(ended.open_disconnect().is_none());
    assert!(ended.disconnects[0].ended().unwrap() > open.began());
    assert!(ended.token(token).unwrap().state.is_revoked());
    assert!(store.secret(token).await.unwrap().is_none());
    assert_eq!(store.token_of(&AccessToken::new("t1"), None).await.unwrap(), Some(token));
    let found = store.find(&grant("t1", facts("k", "gusto", "c"))).await.unwrap();
    assert!(found.known.is_none() && found.revoked_before);
    let again = store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    assert_ne!(again, token);
    assert_eq!(by_id(&*store, "k").await.token(again).unwrap().state, TokenState::Unverified);
    assert_eq!(store.token_of(&AccessToken::new("t1"), None).await.unwrap(), Some(again));
}

/// A disconnect ends, is reopened, and ends again; it keeps its number.
pub async fn a_disconnect_is_reopened(fixture: &mut dyn StoreFixture) {
    store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let store = fixture.store().await;
    let mut last = None;
    for change in [
        vec![DisconnectChange::Begin(intent(Actor::Finch)), DisconnectChange::End(None, at(11))],
        vec![],
        vec![],
    ] {
        let seen = by_id(&*store, "k").await;
        let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
        changes.disconnects = match (change.is_empty(), seen.open_disconnect(), seen.disconnects.first()) {
            (true, Some(open), _) => vec![DisconnectChange::End(Some(open.id), at(12))],
            (true, None, Some(ended)) => vec![DisconnectChange::Reopen(ended.id)],
            _ => change,
        };
        store.apply(changes).await.unwrap();
        let seen = by_id(&*store, "k").await;
        assert_eq!(seen.disconnects.len(), 1);
        if let Some(ended) = seen.disconnects[0].ended() {
            assert!(last.is_none_or(|last| ended > last), "each end takes a number of its own");
            last = Some(ended);
        }
    }
}

/// A request that joins an open disconnect is kept, and goes on as that one.
pub async fn a_request_joins_an_open_disconnect(fixture: &mut dyn StoreFixture) {
    store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*fixture.store().await, "k").await;
    let first = intent(Actor::Customer(customer("acme")));
    let begun = fixture.store().await.apply(decide::fence(&seen, first)).await.unwrap().begun;
    let seen = by_id(&*fixture.store().await, "k").await;
    let second = intent(Actor::Operator("ops".parse().unwrap()));
    let applied = fixture.store().await.apply(decide::fence(&seen, second.clone())).await.unwrap();
    assert_eq!(applied.begun, None, "none began");
    let seen = by_id(&*fixture.store().await, "k").await;
    assert_eq!(seen.disconnects.len(), 2);
    assert_eq!(seen.open_disconnect().map(|d| d.id), begun);
    let joined = &seen.disconnects[1];
    assert_eq!(joined.intent, second);
    assert_eq!(joined.state, DisconnectState::Merged { into: begun.unwrap() });
}

/// A retirement is kept, and in a customer's listing only that customer's.
pub async fn retirements_are_kept(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let token = store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    store_token(&*store, "beta", grant("t2", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*store, "k").await;
    store.apply(decide::retire(&seen, &customer("acme"), at(20))).await.unwrap();
    let store = fixture.store().await;
    let after = by_id(&*store, "k").await;
    assert_eq!(after.token(token).unwrap().state, TokenState::Retired);
    assert_eq!(after.retirements.len(), 1);
    assert!(after.retirements[0].seq > token.0 && after.is_retired(after.token(token).unwrap()));
    assert_eq!((&after.retirements[0].customer, after.retirements[0].at), (&customer("acme"), at(20)));
    assert!(store.secret(token).await.unwrap().is_some(), "it may still be needed");
    for (who, kept) in [("acme", 1), ("beta", 0)] {
        let who = customer(who);
        assert_eq!(store.connections(&all(Some(&who))).await.unwrap()[0].retirements.len(), kept);
    }
}
