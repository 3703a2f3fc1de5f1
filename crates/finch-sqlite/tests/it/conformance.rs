//! The suite of the port: on one store, and on a store that is opened again for each call; each through
//! `Arc<dyn TokenStore>`.

use std::sync::Arc;

use async_trait::async_trait;
use finch_core::TokenStore;
use finch_testkit::StoreFixture;

use crate::support::Home;

struct Fresh {
    store: Arc<dyn TokenStore>,
    _home: Home,
}

#[async_trait]
impl StoreFixture for Fresh {
    async fn store(&mut self) -> Arc<dyn TokenStore> {
        self.store.clone()
    }
}

impl Fresh {
    fn new() -> Self {
        let home = Home::new();
        Self { store: Arc::new(home.open()), _home: home }
    }
}

struct Reopened(Home);

#[async_trait]
impl StoreFixture for Reopened {
    async fn store(&mut self) -> Arc<dyn TokenStore> {
        Arc::new(self.0.open())
    }
}

mod fresh {
    use super::Fresh;

    finch_testkit::token_store_conformance!(Fresh::new());
}

mod reopened {
    use super::{Home, Reopened};

    finch_testkit::token_store_conformance!(Reopened(Home::new()));
}
