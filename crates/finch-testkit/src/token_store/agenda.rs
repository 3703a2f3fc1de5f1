//! The cases about what is due, and what needs a person.

use super::{
    listing::read_pages,
    pieces::{StoreFixture, by_id, set_agenda},
};
use crate::{at, decided, facts, grant, store_token, unchanged};
use finch_core::{Agenda, ConnectionFilter, ConnectionKey, Due, Question, Seq, TokenStore, decide};

async fn list(store: &dyn TokenStore, filter: ConnectionFilter<'_>) -> Vec<ConnectionKey> {
    store.connections(&filter, None, 10).await.unwrap()
}

/// Work is found when it is due, in pages, and not after it is done.
pub async fn work_is_found_when_it_is_due(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let mut keys: Vec<ConnectionKey> = Vec::new();
    for n in 0..3_i64 {
        let name = format!("k{n}");
        store_token(&*store, "acme", grant(&name, facts(&name, "gusto", &name))).await;
        let seen = by_id(&*store, &name).await;
        keys.push(seen.key);
        let agenda = Agenda { due: Some(at(100 + n)), question: None, attention: n == 0 };
        set_agenda(&*store, &seen, agenda).await;
    }
    let store = fixture.store().await;
    let all = read_pages("due whenever", 3, async |after, limit| {
        store.connections(&ConnectionFilter::Due(None), after, limit).await.unwrap()
    });
    assert_eq!(all.await, keys);
    let due = Some(Due::at(at(101)));
    let of_due = read_pages("due work", 2, async |after, limit| {
        store.connections(&ConnectionFilter::Due(due), after, limit).await.unwrap()
    });
    assert_eq!(of_due.await, keys[..2]);
    assert!(list(&*store, ConnectionFilter::Due(Some(Due::at(at(99))))).await.is_empty());
    let seen = by_id(&*store, "k0").await;
    set_agenda(&*store, &seen, Agenda::default()).await;
    assert_eq!(list(&*fixture.store().await, ConnectionFilter::Due(None)).await, keys[1..]);
}

/// Work of a clock that ran a year ahead is not lost when the clock is set back.
pub async fn work_of_a_clock_that_ran_ahead_is_due(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    let seen = by_id(&*store, "k").await;
    let agenda = Agenda { due: Some(at(365 * 24 * 3600)), ..Agenda::default() };
    set_agenda(&*store, &seen, agenda).await;
    let store = fixture.store().await;
    let today = Due::at(at(10));
    assert_eq!(list(&*store, ConnectionFilter::Due(Some(today))).await, [seen.key]);
    let tomorrow = Due::at(at(364 * 24 * 3600));
    assert!(list(&*store, ConnectionFilter::Due(Some(tomorrow))).await.is_empty());
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
        set_agenda(store, &seen, Agenda { attention, ..Agenda::default() }).await;
    };
    set(&*store, "k0", true).await;
    set(&*store, "k2", true).await;
    let store = fixture.store().await;
    let listed = read_pages("attention", 2, async |after, limit| {
        store.connections(&ConnectionFilter::Attention, after, limit).await.unwrap()
    });
    assert_eq!(listed.await, [keys[0], keys[2]]);
    set(&*store, "k0", false).await;
    assert_eq!(list(&*fixture.store().await, ConnectionFilter::Attention).await, [keys[2]]);
}

/// A question is kept under the number of its commit, found when it is due, and gone when it is answered.
pub async fn a_question_is_kept_and_found(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let mut keys: Vec<ConnectionKey> = Vec::new();
    for name in ["k0", "k1", "k2"] {
        store_token(&*store, "acme", grant(name, facts(name, "gusto", name))).await;
        keys.push(by_id(&*store, name).await.key);
    }
    let mut numbers: Vec<Seq> = Vec::new();
    for name in ["k0", "k2"] {
        numbers.push(decided(&*fixture.store().await, name, decide::ask).await);
    }
    let store = fixture.store().await;
    let listed = read_pages("questions", 2, async |after, limit| {
        store.connections(&ConnectionFilter::Question(None), after, limit).await.unwrap()
    });
    assert_eq!(listed.await, [keys[0], keys[2]]);
    let seen = by_id(&*store, "k0").await;
    let asked = Question { number: numbers[0], failures: 0, next_try: None };
    assert_eq!(seen.question, Some(asked));
    let failed = Question { failures: 3, next_try: Some(at(100)), ..asked };
    let mut commit = unchanged(&seen);
    let row = commit.connection.as_mut().unwrap();
    row.question = Some(failed);
    row.agenda = Agenda { question: failed.next_try, ..Agenda::default() };
    store.commit(commit).await.unwrap();
    assert_eq!(by_id(&*fixture.store().await, "k0").await.question, Some(failed));
    let store = fixture.store().await;
    for (now, due) in [(99, &keys[2..]), (100, &[keys[0], keys[2]])] {
        let due_then = ConnectionFilter::Question(Some(Due::at(at(now))));
        assert_eq!(list(&*store, due_then).await, due, "at {now}");
    }
    assert!(
        list(&*store, ConnectionFilter::Due(None)).await.is_empty(),
        "a question is no other work"
    );
    decided(&*store, "k2", |draft| decide::answered(draft, numbers[1], &[], at(101))).await;
    assert_eq!(by_id(&*fixture.store().await, "k2").await.question, None);
    assert_eq!(list(&*fixture.store().await, ConnectionFilter::Question(None)).await, [keys[0]]);
}

/// The connections of an employer are found, at any provider.
pub async fn connections_of_an_employer_are_found(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    for (name, provider, company) in
        [("k0", "gusto", "c"), ("k1", "adp", "c"), ("k2", "gusto", "d"), ("k3", "adp", "")]
    {
        store_token(&*store, "acme", grant(name, facts(name, provider, company))).await;
    }
    let store = fixture.store().await;
    let company = "c".parse().unwrap();
    let listed = read_pages("an employer's", 2, async |after, limit| {
        store.connections(&ConnectionFilter::Company(&company), after, limit).await.unwrap()
    });
    let keys = [by_id(&*store, "k0").await.key, by_id(&*store, "k1").await.key];
    assert_eq!(listed.await, keys);
}
