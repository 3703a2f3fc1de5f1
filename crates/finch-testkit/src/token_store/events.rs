//! The cases about events: what happened, in order.

use std::collections::BTreeSet;

use super::{
    listing::read_pages,
    pieces::{StoreFixture, by_id, customer, id, intent, loaded, stored},
};
use crate::{at, decided, facts, grant, store_token, unchanged};
use finch_core::{
    Actor, Commit, ConnectionId, CustomerId, Event, EventQuery, EventKind, TokenStore, TokenQuery, decide,
};

pub(super) fn of<'a>(
    connection: Option<&'a ConnectionId>,
    customer: Option<&'a CustomerId>,
) -> EventQuery<'a> {
    EventQuery { customer, connection, since: None, after: None, limit: 100 }
}

async fn events(store: &dyn TokenStore, query: EventQuery<'_>) -> Vec<Event> {
    let page = store.events(&query).await.unwrap();
    page.into_iter().map(|recorded| recorded.event).collect()
}

async fn assert_pages(store: &dyn TokenStore, query: EventQuery<'_>, count: usize) {
    let page = async |after, limit| {
        let page = store.events(&EventQuery { after, limit, ..query }).await.unwrap();
        page.into_iter().map(|recorded| recorded.id).collect()
    };
    read_pages("events", count, page).await;
}

/// Events come back in the order in which they were written.
pub async fn events_are_kept_in_order(fixture: &mut dyn StoreFixture) {
    stored(fixture, "t1").await;
    store_token(&*fixture.store().await, "acme", grant("t2", facts("k2", "gusto", "d"))).await;
    let ops = Actor::Operator("ops".parse().unwrap());
    let fence = |draft: &mut _| decide::fence(draft, intent(ops.clone()));
    decided(&*fixture.store().await, "k", fence).await;
    let store = fixture.store().await;
    assert_pages(&*store, of(None, None), 6).await;
    assert_pages(&*store, of(Some(&id("k")), None), 4).await;
    let happened = events(&*store, of(Some(&id("k")), None)).await;
    let [connected, added, began, fenced] = <[Event; 4]>::try_from(happened).unwrap();
    assert_eq!(connected.kind, EventKind::Connected);
    assert_eq!(added.kind, EventKind::TokenAdded { state: "active".into() });
    assert!(matches!(began.kind, EventKind::DisconnectBegan { .. }), "{began:?}");
    assert_eq!((&began.by, &began.connection_id), (&ops, &Some(id("k"))));
    assert_eq!(fenced.kind, EventKind::Fenced { tokens: 1 });
    assert_eq!(fenced.customer, Some(customer("acme")));
    let all = events(&*store, of(None, None)).await;
    let since = EventQuery { since: Some(began.at), ..of(None, None) };
    assert_eq!(events(&*store, since).await, all[4..]);
    assert!(events(&*store, of(Some(&id("unknown")), None)).await.is_empty());
}

/// A customer reads what names that customer, and nothing else.
pub async fn events_are_read_by_whom_they_concern(fixture: &mut dyn StoreFixture) {
    stored(fixture, "t1").await;
    store_token(&*fixture.store().await, "other", grant("t2", facts("k", "gusto", "c"))).await;
    let store = fixture.store().await;
    let (acme, other) = (customer("acme"), customer("other"));
    assert_pages(&*store, of(None, Some(&acme)), 2).await;
    let own = events(&*store, of(None, Some(&acme))).await;
    assert!(own.iter().all(|event| event.customer.as_ref() == Some(&acme)));
    assert_eq!(events(&*store, of(Some(&id("k")), Some(&acme))).await, own);
    let others = events(&*store, of(Some(&id("k")), Some(&other))).await;
    assert_eq!(others.len(), 1, "{others:?}");
    let stranger = customer("stranger");
    assert!(events(&*store, of(None, Some(&stranger))).await.is_empty());
    assert!(events(&*store, of(Some(&id("k")), Some(&stranger))).await.is_empty());
}

/// The use of a token is noted, which changes no revision, and which no commit takes back.
pub async fn a_use_is_noted(fixture: &mut dyn StoreFixture) {
    let acme = customer("acme");
    let token =
        stored(fixture, "t1").await;
    let before = loaded(fixture).await;
    for minute in [20, 21] {
        let now = at(minute);
        fixture.store().await.note_use(token, now).await.unwrap();
        let store = fixture.store().await;
        let usable = store.usable_token(&acme, &id("k"), &TokenQuery::default()).await.unwrap();
        let usable = usable.expect("a token in use");
        assert_eq!((usable.id, usable.used_at), (token, Some(now)));
        let now_known = by_id(&*store, "k").await;
        assert_eq!(now_known.tokens[0].used_at, Some(now));
        assert_eq!(now_known.revision, before.revision, "it changes no revision");
    }
    let mut commit = unchanged(&before);
    commit.tokens = before.tokens.clone();
    fixture.store().await.commit(commit).await.unwrap();
    assert_eq!(loaded(fixture).await.tokens[0].used_at, Some(at(21)));
}

/// A number that is taken is never given out again.
pub async fn numbers_are_taken_once(fixture: &mut dyn StoreFixture) {
    let mut numbers = BTreeSet::new();
    for _ in 0..3 {
        assert!(numbers.insert(fixture.store().await.commit(Commit::default()).await.unwrap()));
    }
    let token =
        stored(fixture, "t1").await;
    assert!(numbers.iter().all(|number| *number < token.0));
}
