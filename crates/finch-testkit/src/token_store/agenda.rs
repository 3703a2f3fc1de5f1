//! The cases about what is due, and what needs a person.

use super::{listing::read_pages,
    pieces::{StoreFixture, by_id, set_agenda}};
use crate::{at, facts, grant, store_token};
use finch_core::{Agenda, ConnectionKey, Due, TokenStore};

/// Work is found when it is due, in pages, and not after it is done.
pub async fn work_is_found_when_it_is_due(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let mut keys: Vec<ConnectionKey> = Vec::new();
    for n in 0..3_i64 {
        let name = format!("k{n}");
        store_token(&*store, "acme", grant(&name, facts(&name, "gusto", &name))).await;
        let seen = by_id(&*store, &name).await;
        keys.push(seen.key);
        let agenda = Agenda { due: Some(at(100 + n)), attention: n == 0 };
        set_agenda(&*store, &seen, agenda).await;
    }
    let store = fixture.store().await;
    let all = read_pages("work", 3, async |after, limit| {
        store.work(None, after, limit).await.unwrap()
    });
    assert_eq!(all.await, keys);
    let due = Some(Due::at(at(101)));
    let of_due = read_pages("due work", 2, async |after, limit| {
        store.work(due, after, limit).await.unwrap()
    });
    assert_eq!(of_due.await, keys[..2]);
    assert!(store.work(Some(Due::at(at(99))), None, 10).await.unwrap().is_empty());
    let seen = by_id(&*store, "k0").await;
    set_agenda(&*store, &seen, Agenda::default()).await;
    assert_eq!(fixture.store().await.work(None, None, 10).await.unwrap(), keys[1..]);
}

/// Work of a clock that ran a year ahead is not lost when the clock is set back.
pub async fn work_of_a_clock_that_ran_ahead_is_due(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*store, "k").await;
    let agenda = Agenda { due: Some(at(365 * 24 * 3600)), attention: false };
    set_agenda(&*store, &seen, agenda).await;
    let store = fixture.store().await;
    assert_eq!(store.work(Some(Due::at(at(10))), None, 10).await.unwrap(), [seen.key]);
    let tomorrow = Due::at(at(364 * 24 * 3600));
    assert!(store.work(Some(tomorrow), None, 10).await.unwrap().is_empty());
}

/// What needs a person is found, in pages, and not after it is mended.
pub async fn attention_is_found(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let mut keys: Vec<ConnectionKey> = Vec::new();
    for name in ["k0", "k1", "k2"] {
        store_token(&*store, "acme", grant(name, facts(name, "gusto", name))).await;
        keys.push(by_id(&*store, name).await.key);
    }
    let set = async |store: &dyn TokenStore, name, attention| {
        let seen = by_id(store, name).await;
        set_agenda(store, &seen, Agenda { due: None, attention }).await;
    };
    set(&*store, "k0", true).await;
    set(&*store, "k2", true).await;
    let store = fixture.store().await;
    let listed = read_pages("attention", 2, async |after, limit| {
        store.attention(after, limit).await.unwrap()
    });
    assert_eq!(listed.await, [keys[0], keys[2]]);
    set(&*store, "k0", false).await;
    assert_eq!(fixture.store().await.attention(None, 10).await.unwrap(), [keys[2]]);
}
