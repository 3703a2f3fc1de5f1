//! The suite of the port: on one store, and on a store that is opened again for each call.

use std::sync::Arc;

use async_trait::async_trait;
use finch_core::TokenStore;
use finch_testkit::StoreFixture;

use crate::support::Home;

/// A store that is kept open, or none: it is opened for each call.
struct Fixture {
    store: Option<Arc<dyn TokenStore>>,
    // Below the store, which is dropped first.
    home: Home,
}

#[async_trait]
impl StoreFixture for Fixture {
    async fn store(&mut self) -> Arc<dyn TokenStore> {
        self.store.clone().unwrap_or_else(|| Arc::new(self.home.open()))
    }
}

mod fresh {
    use super::*;

    fn fresh() -> Fixture {
        let home = Home::new();
        Fixture { store: Some(Arc::new(home.open())), home }
    }

    finch_testkit::token_store_conformance!(fresh());
}

mod reopened {
    use super::*;

    finch_testkit::token_store_conformance!(Fixture { store: None, home: Home::new() });
}
