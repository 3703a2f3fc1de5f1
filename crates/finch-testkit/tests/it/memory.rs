//! The store in memory passes the whole suite.

use std::sync::Arc;

use async_trait::async_trait;
use finch_core::TokenStore;
use finch_testkit::{MemoryTokenStore, StoreFixture, application};

struct InMemory(Arc<MemoryTokenStore>);

#[async_trait]
impl StoreFixture for InMemory {
    async fn store(&mut self) -> Arc<dyn TokenStore> {
        self.0.clone()
    }
}

finch_testkit::token_store_conformance!(InMemory(Arc::new(MemoryTokenStore::new(application()))));
