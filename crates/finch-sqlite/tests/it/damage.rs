//! Rows that were changed behind the store's back: a typed error of that read, and nothing else.

use finch_core::{
    StoreError, Token, TokenId, TokenState, TokenStore, Wanted,
    testing::{store_token, unchanged},
};

use crate::support::{Home, by_id, customer, end, token};

async fn unreadable(store: &dyn TokenStore, token: TokenId) {
    let error = store.secret(token).await.expect_err("it does not open");
    assert!(
        matches!(&error, StoreError::Unreadable { token: named, .. } if *named == token),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_secret_opens_in_its_own_row_only() {
    let home = Home::new();
    let store = home.open();
    let a = store_token(&store, "acme", token("a")).await;
    let b = store_token(&store, "acme", token("b")).await;
    let c = store_token(&store, "acme", token("c")).await;
    let before = by_id(&store, "a").await;
    home.sql()
        .execute_batch(&format!(
            "CREATE TEMP TABLE swap AS SELECT * FROM secrets;
             UPDATE secrets SET sealed = (SELECT sealed FROM swap WHERE token = {1}) WHERE token = {0};
             UPDATE secrets SET sealed = (SELECT sealed FROM swap WHERE token = {0}) WHERE token = {1};",
            a.0.0, b.0.0
        ))
        .unwrap();
    unreadable(&store, a).await;
    unreadable(&store, b).await;
    let usable =
        store.usable_token(&customer("acme"), &"a".parse().unwrap(), &Wanted::default()).await;
    assert!(matches!(usable, Err(StoreError::Unreadable { token, .. }) if token == a));
    assert!(store.secret(c).await.unwrap().is_some());
    assert_eq!(by_id(&store, "a").await, before, "no state has changed");
}

#[tokio::test]
async fn a_secret_opens_for_its_own_customer_only() {
    let home = Home::new();
    let store = home.open();
    let a = store_token(&store, "acme", token("a")).await;
    home.sql().execute_batch("UPDATE tokens SET customer = 'thief'").unwrap();
    unreadable(&store, a).await;
    let stolen =
        store.usable_token(&customer("thief"), &"a".parse().unwrap(), &Wanted::default()).await;
    assert!(matches!(stolen, Err(StoreError::Unreadable { .. })));
}

#[tokio::test]
async fn no_flipped_bit_opens() {
    let home = Home::new();
    let store = home.open();
    let a = store_token(&store, "acme", token("a")).await;
    let db = home.sql();
    let sealed: Vec<u8> = db.query_row("SELECT sealed FROM secrets", [], |row| row.get(0)).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        db.execute("UPDATE secrets SET sealed = ?1", [changed]).unwrap();
        unreadable(&store, a).await;
    }
    for cut in [0, 1, 5, 33, sealed.len() - 1] {
        db.execute("UPDATE secrets SET sealed = ?1", [&sealed[..cut]]).unwrap();
        unreadable(&store, a).await;
    }
    db.execute("DELETE FROM secrets", []).unwrap();
    unreadable(&store, a).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_repeated() {
    let home = Home::new();
    let store = home.open();
    store_token(&store, "acme", token("a")).await;
    for column in ["facts", "products", "progress"] {
        let db = home.sql();
        let kept: Option<String> =
            db.query_row(&format!("SELECT {column} FROM tokens"), [], |row| row.get(0)).unwrap();
        db.execute(&format!("UPDATE tokens SET {column} = '[\"CANARY'"), []).unwrap();
        let id = "a".parse().unwrap();
        let error =
            store.load(finch_core::Selector::ConnectionId(&id), None).await.expect_err("broken");
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        assert!(error.to_string().contains(column), "{error}");
        db.execute(&format!("UPDATE tokens SET {column} = ?1"), [kept]).unwrap();
    }
    by_id(&store, "a").await;
}

#[tokio::test]
async fn a_dead_token_stays_dead() {
    let home = Home::new();
    let store = home.open();
    let a = store_token(&store, "acme", token("a")).await;
    end(&store, "a").await;
    let seen = by_id(&store, "a").await;
    let mut commit = unchanged(&seen);
    let row = seen.token(a).unwrap().clone();
    commit.tokens.push(Token { state: TokenState::Active, ..row });
    assert!(store.commit(commit).await.is_err());
    assert_eq!(by_id(&store, "a").await, seen);
    let db = home.sql();
    for sql in [
        "UPDATE tokens SET state = 'active', evidence = NULL",
        "UPDATE tokens SET evidence = NULL",
        "UPDATE tokens SET state = 'alive'",
        "UPDATE tokens SET fingerprint = x'00'",
    ] {
        assert!(db.execute(sql, []).is_err(), "{sql}");
    }
}
