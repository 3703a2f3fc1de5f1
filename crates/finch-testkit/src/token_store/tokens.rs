//! The cases about tokens: how one is found, and which is handed out.

use super::pieces::{StoreFixture, by_id, customer, id, loaded, stored};
use crate::{at, facts, fingerprint, grant, opened, store_token, unchanged};
use finch_core::{
    ConnectionStatus, CustomerId, Evidence, Product, SealedAs, Seq,
    Token, TokenId, TokenState, TokenQuery,
};

/// A stored token is found by its pair, its `connection_id` and itself, with everything that was
/// stored of it.
pub async fn a_stored_token_is_found(fixture: &mut dyn StoreFixture) {
    let mut what = facts("k1", "gusto", "c");
    what.products.push(Product::Other("lunar".into()));
    let first = store_token(&*fixture.store().await, "acme", grant("t1", what.clone())).await;
    let store = fixture.store().await;
    let found = store.find(&fingerprint("t1"), &what.clone()).await.unwrap();
    let (known, connection) = found.known.expect("the token itself");
    assert_eq!(known, first);
    assert_eq!(found.by_pair.as_ref(), Some(&connection));
    assert_eq!(found.by_connection_id.as_ref(), Some(&connection));
    assert!(!found.revoked_before);
    let token = connection.token(first).unwrap();
    assert_eq!(token.facts, what);
    assert_eq!((token.state.clone(), token.added_at), (TokenState::Active, at(2)));
    assert_eq!(token.customer, Some(customer("acme")));
    assert!(token.exchange_began < token.id.0, "an exchange begins before it ends");
    let other = store.find(&fingerprint("t2"), &facts("k2", "gusto", "d")).await.unwrap();
    assert!(other.known.is_none() && other.by_pair.is_none() && other.by_connection_id.is_none());
    let other_provider =
        store.find(&fingerprint("t2"), &facts("k2", "justworks", "c")).await.unwrap();
    assert!(other_provider.by_pair.is_none());
    let second = store_token(&*store, "acme", grant("t2", facts("k2", "gusto", "c"))).await;
    assert!(second > first);
    assert_eq!(by_id(&*store, "k2").await.tokens.len(), 2, "one pair, one connection");
    assert_eq!(opened(&store.sealed(second).await.unwrap().unwrap()).0, "t2");
    assert!(store.sealed(TokenId(Seq(9999))).await.unwrap().is_none());
}

/// The customer's newest active token that covers what is asked for is handed out, under any
/// `connection_id` that the customer has in the connection; and to no other customer.
pub async fn the_newest_token_is_handed_out_to_its_customer(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let mut narrow = facts("k2", "gusto", "c");
    narrow.products = vec![Product::Company];
    store_token(&*store, "acme", grant("t1", facts("k1", "gusto", "c"))).await;
    store_token(&*store, "acme", grant("t2", narrow)).await;
    store_token(&*store, "other", grant("t3", facts("k3", "gusto", "c"))).await;
    let store = fixture.store().await;
    let (acme, other) = (customer("acme"), customer("other"));
    let usable = async |who: &CustomerId, name: &str, products: &[Product]| {
        let query = TokenQuery { products: products.to_vec() };
        let token = store.usable_token(who, &id(name), &query).await.unwrap();
        token.map(|t| {
            let (secret, sealed_as) = opened(&t.sealed);
            assert_eq!((sealed_as, t.fingerprint), (SealedAs::Usable, fingerprint(&secret)));
            (secret, t.connection_id.as_str().to_owned())
        })
    };
    let token = |secret: &str, name: &str| Some((secret.to_owned(), name.to_owned()));
    assert_eq!(usable(&acme, "k1", &[]).await, token("t2", "k2"));
    assert_eq!(usable(&acme, "k2", &[Product::Directory]).await, token("t1", "k1"));
    assert_eq!(usable(&acme, "k1", &[Product::Ssn]).await, None);
    assert_eq!(usable(&acme, "k3", &[]).await, None, "another customer's handle");
    assert_eq!(usable(&other, "k3", &[]).await, token("t3", "k3"));
    assert_eq!(usable(&other, "k1", &[]).await, None);
    assert_eq!(usable(&acme, "nothing", &[]).await, None);
}

/// A token that needs a new authentication is not handed out.
pub async fn a_token_in_reauth_is_not_handed_out(fixture: &mut dyn StoreFixture) {
    let token =
        stored(fixture, "t1").await;
    let seen = loaded(fixture).await;
    let mut commit = unchanged(&seen);
    let row = seen.token(token).unwrap().clone();
    commit.tokens.push(Token { status: Some(ConnectionStatus::Reauth), ..row });
    fixture.store().await.commit(commit).await.unwrap();
    let usable =
        fixture.store().await.usable_token(&customer("acme"), &id("k"), &TokenQuery::default()).await;
    assert!(usable.unwrap().is_none());
}

/// A revoked token stays revoked, and a change that says otherwise changes nothing.
pub async fn a_revoked_token_stays_revoked(fixture: &mut dyn StoreFixture) {
    let token =
        stored(fixture, "t1").await;
    let revoke =
        TokenState::Revoked { evidence: Evidence::Refused { request_id: None }, at: at(3) };
    for (state, allowed) in
        [(revoke, true), (TokenState::Active, false), (TokenState::Fenced, false)]
    {
        let seen = loaded(fixture).await;
        let mut commit = unchanged(&seen);
        commit.tokens.push(Token { state, ..seen.token(token).unwrap().clone() });
        let committed = fixture.store().await.commit(commit).await;
        assert_eq!(committed.is_ok(), allowed);
    }
    let seen = loaded(fixture).await;
    assert!(seen.token(token).unwrap().state.is_revoked());
}
