//! What Finch names is kept as it is, and no token is lost over a name.

use finch_core::{TokenQuery, TokenStore};
use finch_testkit::{facts, grant, store_token};

use crate::support::{Home, by_id};

#[tokio::test]
async fn a_token_is_kept_whatever_its_connection_is_called() {
    let home = Home::new();
    for odd in [" a ", "\0", "b\0c", "\u{202e}", "\u{34f}\u{3164}", "e\u{301}", &"x".repeat(5000)] {
        let (provider, company) = (format!("p{odd}"), format!("c{odd}"));
        let facts = facts(odd, &provider, &company);
        let store = home.open();
        let token = store_token(&store, "acme", grant(&format!("t{odd:?}"), facts.clone())).await;
        drop(store);
        let store = home.open();
        let connection = by_id(&store, odd).await;
        assert_eq!(connection.provider.as_str(), provider);
        assert_eq!(connection.company.as_ref().unwrap().as_str(), company);
        assert_eq!(connection.tokens.len(), 1, "{odd:?} is no other connection");
        assert_eq!(connection.tokens[0].facts, facts);
        let (acme, id) = ("acme".parse().unwrap(), facts.connection_id);
        let usable = store.usable_token(&acme, &id, &TokenQuery::default()).await.unwrap();
        assert_eq!(usable.unwrap().id, token);
    }
}
