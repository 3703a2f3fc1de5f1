//! The conformance suite: on a store that stays open, and on one that is opened again for each call.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use finch_core::{Binding, StoreId, TokenStore};
use finch_example_adapter::FileTokenStore;
use finch_testkit::{StoreFixture, application};
use tempfile::TempDir;

fn binding() -> Binding {
    Binding { application: application(), store: StoreId([7; 16]) }
}

struct Open {
    store: Arc<FileTokenStore>,
    _folder: TempDir,
}

impl Open {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileTokenStore::open(folder.path().join("finch.json"), binding()).unwrap();
        Self { store: Arc::new(store), _folder: folder }
    }
}

#[async_trait]
impl StoreFixture for Open {
    async fn store(&mut self) -> Arc<dyn TokenStore> {
        self.store.clone()
    }
}

struct Reopened {
    path: PathBuf,
    /// One process at a time: while a case holds the store, it gets the same one.
    held: Weak<FileTokenStore>,
    _folder: TempDir,
}

impl Reopened {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("finch.json"), held: Weak::new(), _folder: folder }
    }
}

#[async_trait]
impl StoreFixture for Reopened {
    async fn store(&mut self) -> Arc<dyn TokenStore> {
        let open = || Arc::new(FileTokenStore::open(&self.path, binding()).unwrap());
        let store = self.held.upgrade().unwrap_or_else(open);
        self.held = Arc::downgrade(&store);
        store
    }
}

mod open {
    finch_testkit::token_store_conformance!(super::Open::new());
}

mod reopened {
    finch_testkit::token_store_conformance!(super::Reopened::new());
}

#[test]
fn a_file_is_one_applications_and_one_processs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("finch.json");
    let store = FileTokenStore::open(&path, binding()).unwrap();
    assert!(FileTokenStore::open(&path, binding()).is_err(), "it is open");
    drop(store);
    std::fs::write(&path, "[]").unwrap();
    assert!(FileTokenStore::open(&path, binding()).is_err(), "it is no store");
}
