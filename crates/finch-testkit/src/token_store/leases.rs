//! The cases about leases and turns.

use std::time::Duration;

use super::pieces::{StoreFixture, by_id};
use crate::{at, facts, grant, store_token};
use finch_core::{ConnectionKey, InstanceId, LEASE, Leased, Seq};

/// A lease is one instance's at a time, until it is released or runs out, and changes no revision.
pub async fn a_lease_is_one_instances_at_a_time(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*store, "k").await;
    let (one, two) = (InstanceId::new([1; 16]), InstanceId::new([2; 16]));
    assert_eq!(store.lease(seen.key, &one, at(10)).await.unwrap(), Leased::Taken);
    let store = fixture.store().await;
    assert_eq!(store.lease(seen.key, &one, at(12)).await.unwrap(), Leased::Taken, "renewed");
    let until = at(12) + jiff::SignedDuration::try_from(LEASE).unwrap();
    assert_eq!(store.lease(seen.key, &two, at(13)).await.unwrap(), Leased::Held(until));
    store.release(seen.key, &two).await.unwrap();
    assert_eq!(store.lease(seen.key, &two, at(13)).await.unwrap(), Leased::Held(until));
    assert_eq!(store.lease(seen.key, &two, until).await.unwrap(), Leased::Taken);
    store.release(seen.key, &two).await.unwrap();
    let store = fixture.store().await;
    assert_eq!(store.lease(seen.key, &one, until).await.unwrap(), Leased::Taken);
    assert_eq!(by_id(&*store, "k").await.revision, seen.revision);
}

/// There is no lease of a connection that is not there: another one has absorbed it.
pub async fn an_absorbed_connection_is_not_leased(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let (gone, one) = (ConnectionKey(Seq(1_000_000)), InstanceId::new([1; 16]));
    assert_eq!(store.lease(gone, &one, at(10)).await.unwrap(), Leased::Absorbed);
}

/// Turns to call Finch are spaced apart across all instances.
pub async fn turns_are_apart(fixture: &mut dyn StoreFixture) {
    let every = Duration::from_secs(2);
    assert_eq!(fixture.store().await.take_turn(every, at(10)).await.unwrap(), at(10));
    assert_eq!(fixture.store().await.take_turn(every, at(10)).await.unwrap(), at(12));
    assert_eq!(fixture.store().await.take_turn(every, at(11)).await.unwrap(), at(14));
    assert_eq!(fixture.store().await.take_turn(every, at(60)).await.unwrap(), at(60));
}
