//! The application over a store, as a host has it.

use std::{path::Path, sync::Arc, time::Duration};

use finch_app::{Finch, FinchOptions};
use finch_core::{ConnectionId, CustomerScope, OperatorScope, TokenStore};
use finch_sqlite::SqliteTokenStore;
use tokio::runtime::{Builder, Runtime};

use crate::{clock::Clock, fill, numbered::Numbered, paper::PaperFinch};

pub(crate) struct Host {
    pub(crate) finch: Finch,
    pub(crate) store: Arc<dyn TokenStore>,
}

impl Host {
    pub(crate) fn over(path: &Path) -> Self {
        let store: Arc<dyn TokenStore> =
            Arc::new(SqliteTokenStore::open(fill::options(path)).unwrap());
        let api = Arc::new(PaperFinch::new());
        // A connection of thousands would be `Pending`, and the reconciler go on.
        let disconnect_patience = Duration::from_secs(3600);
        let options = FinchOptions { disconnect_patience, ..FinchOptions::default() };
        let finch = Finch::builder(api, Arc::clone(&store), Arc::new(fill::kek()));
        let finch = finch.options(options).system(Arc::new(Clock)).open();
        let finch = runtime().block_on(finch).unwrap();
        Self { finch, store }
    }
}

/// What a request handler knows: whose request it is, and of which connection.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) scope: CustomerScope,
    pub(crate) connection: ConnectionId,
}

impl Request {
    pub(crate) fn of(connection: Numbered) -> Self {
        let scope = CustomerScope::new(connection.customer());
        Self { scope, connection: connection.connection_id() }
    }
}

pub(crate) fn operator() -> OperatorScope {
    OperatorScope::acting_as("bench".parse().unwrap())
}

/// A runtime as a host on this machine has one.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
