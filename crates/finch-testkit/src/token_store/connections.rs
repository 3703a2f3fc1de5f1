//! The cases about connections: which tokens form one, and who sees which.

use super::{
    events,
    listing::read_pages,
    pieces::{StoreFixture, by_id, commit, customer, id, intent, moved},
};
use crate::{
    application, at, connections, decided, facts, fingerprint, grant, new_attempt, opened,
    store_token,
};
use finch_core::{
    Actor, Attempt, AttemptId, Connection, ConnectionFilter, Disconnect, Found, Selector, Seq,
    TokenFacts, TokenState, TokenQuery, decide,
};

/// The store speaks for the application it was made for.
pub async fn the_application_is_kept(fixture: &mut dyn StoreFixture) {
    let binding = fixture.store().await.binding().clone();
    assert_eq!(binding.application, application());
    assert_eq!(*fixture.store().await.binding(), binding);
}

/// Two first tokens of one pair, or of one `connection_id`, decided at once, make one connection.
pub async fn a_connection_is_made_once(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let admit = async |secret: &str, what: TokenFacts| {
        let attempt =
            Attempt { id: AttemptId(Seq(0)), purpose: new_attempt("acme"), exchange: None };
        let arrival = decide::Arrival {
            facts: what,
            fingerprint: fingerprint(secret),
            from: decide::Source::Exchange(&attempt),
            began: Seq(0),
            now: at(2),
            late: false,
        };
        decide::admit(Found::default(), arrival).draft.unwrap().finish().unwrap()
    };
    store.commit(admit("t1", facts("k1", "gusto", "c")).await).await.unwrap();
    moved(&*store, admit("t2", facts("k2", "gusto", "c")).await).await;
    moved(&*store, admit("t3", facts("k1", "gusto", "")).await).await;
    moved(&*store, admit("t1", facts("k9", "gusto", "z")).await).await;
    assert_eq!(connections(&*store, None).await.unwrap().len(), 1);
}

/// A provisional connection is absorbed: tokens, disconnects and events move, names stay.
pub async fn two_connections_become_one(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    store_token(&*store, "acme", grant("t1", facts("k1", "gusto", ""))).await;
    store_token(&*store, "acme", grant("t2", facts("k2", "gusto", "c"))).await;
    let operator = || intent(Actor::Operator("ops".parse().unwrap()));
    decided(&*store, "k1", |draft| decide::fence(draft, operator())).await;
    let before = by_id(&*store, "k1").await;
    assert_eq!(connections(&*store, None).await.unwrap().len(), 2);
    let third =
        store_token(&*fixture.store().await, "acme", grant("t3", facts("k1", "gusto", "c"))).await;
    let store = fixture.store().await;
    assert_eq!(connections(&*store, None).await.unwrap().len(), 1);
    let one = by_id(&*store, "k2").await;
    assert_eq!(one, by_id(&*store, "k1").await);
    assert_eq!(one.tokens.len(), 3);
    let ids: Vec<_> = one.tokens.iter().map(|t| t.id).filter(|id| *id != third).collect();
    let fenced = Disconnect { fenced: ids, ..before.disconnects[0].clone() };
    assert_eq!(one.disconnects, [fenced], "it goes on for both");
    assert!(one.tokens.iter().filter(|t| t.id != third).all(|t| t.state == TokenState::Fenced));
    assert_eq!(one.token(third).unwrap().state, TokenState::Unverified);
    assert_eq!(
        opened(&store.sealed(one.tokens[0].id).await.unwrap().unwrap()).0,
        "t1",
        "it is still there"
    );
    assert!(store.load(Selector::Key(before.key), None).await.unwrap().is_none());
    assert!(store.events(&events::of(Some(&id("k1")), None)).await.unwrap().len() >= 4);
    moved(&*store, commit(&before, |draft| decide::retire(draft, &customer("acme"), at(30)))).await;
}

/// A provisional connection gets its employer; from then on its pair finds it.
pub async fn an_employer_is_named(fixture: &mut dyn StoreFixture) {
    store_token(&*fixture.store().await, "acme", grant("t1", facts("k1", "gusto", ""))).await;
    assert_eq!(by_id(&*fixture.store().await, "k1").await.company, None);
    store_token(&*fixture.store().await, "acme", grant("t2", facts("k1", "gusto", "c"))).await;
    let store = fixture.store().await;
    let found = store.find(&fingerprint("t3"), &facts("k3", "gusto", "c")).await.unwrap();
    assert_eq!(found.by_pair.unwrap().tokens.len(), 2);
}

/// A conflict is stored, quarantined, under the `connection_id` that is known; it has no customer.
pub async fn a_conflict_is_quarantined(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
    store_token(&*store, "acme", grant("t2", facts("k2", "gusto", "d"))).await;
    let odd = store_token(&*store, "other", grant("t3", facts("k", "gusto", "d"))).await;
    let store = fixture.store().await;
    let connection = by_id(&*store, "k").await;
    assert_eq!(connection.company.as_ref().unwrap().as_str(), "c");
    let token = connection.token(odd).unwrap();
    assert_eq!((token.state.clone(), token.customer.clone()), (TokenState::Quarantined, None));
    assert!(connections(&*store, Some(&customer("other"))).await.unwrap().is_empty());
    assert!(
        store
            .usable_token(&customer("other"), &id("k"), &TokenQuery::default())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(opened(&store.sealed(odd).await.unwrap().unwrap()).0, "t3");
}

/// A connection is loaded by anything that names it, and by a customer only through that
/// customer's own tokens.
pub async fn a_connection_is_loaded_through_ones_own_tokens(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let named = |id: &str, customer: &str| TokenFacts {
        finch_customer_id: customer.parse().ok(),
        ..facts(id, "gusto", "c")
    };
    let mine = store_token(&*store, "acme", grant("t1", named("k1", "acme"))).await;
    let theirs = store_token(&*store, "other", grant("t2", named("k2", "other"))).await;
    let key = by_id(&*store, "k1").await.key;
    let acme = customer("acme");
    let store = fixture.store().await;
    let (token1, token2) = (fingerprint("t1"), fingerprint("t2"));
    let (k1, k2) = (id("k1"), id("k2"));
    let (gusto, c) = ("gusto".parse().unwrap(), "c".parse().unwrap());
    let at_finch = ["acme", "other"].map(|id| id.parse().unwrap());
    for (selector, own) in [
        (Selector::Key(key), true),
        (Selector::ConnectionId(&k1), true),
        (Selector::ConnectionId(&k2), false),
        (Selector::Pair(&gusto, &c), true),
        (Selector::TokenId(mine), true),
        (Selector::TokenId(theirs), false),
        (Selector::Fingerprint(&token1), true),
        (Selector::Fingerprint(&token2), false),
        (Selector::FinchCustomerId(&at_finch[0]), true),
        (Selector::FinchCustomerId(&at_finch[1]), false),
    ] {
        let whole =
            store.load(selector, None).await.unwrap().expect("it is there for the operator");
        assert_eq!(whole.tokens.len(), 2);
        let found = store.load(selector, Some(&acme)).await.unwrap();
        assert_eq!(found.is_some(), own, "{selector:?}");
    }
    let stranger = customer("stranger");
    assert!(store.load(Selector::Key(key), Some(&stranger)).await.unwrap().is_none());
    let free = "acme~2".parse().unwrap();
    assert!(store.load(Selector::FinchCustomerId(&free), None).await.unwrap().is_none());
}

/// Listings come in pages, in order: everyone's, and those in which a customer has a token.
pub async fn listings_come_in_pages(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    for n in 0..5 {
        let who = if n % 2 == 0 { "acme" } else { "other" };
        store_token(
            &*store,
            who,
            grant(&format!("t{n}"), facts(&format!("k{n}"), "gusto", &format!("c{n}"))),
        )
        .await;
    }
    store_token(&*store, "other", grant("extra", facts("k0", "gusto", "c0"))).await;
    let store = fixture.store().await;
    let acme = customer("acme");
    for (filter, count) in [(ConnectionFilter::All, 5), (ConnectionFilter::Customer(&acme), 3)] {
        let pages = read_pages("connections", count, async |after, limit| {
            store.connections(&filter, after, limit).await.unwrap()
        });
        pages.await;
    }
    let names = |page: &[Connection]| {
        let names = page.iter().map(|c| c.tokens[0].facts.connection_id.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&connections(&*store, None).await.unwrap()), ["k0", "k1", "k2", "k3", "k4"]);
    assert_eq!(names(&connections(&*store, Some(&acme)).await.unwrap()), ["k0", "k2", "k4"]);
}
