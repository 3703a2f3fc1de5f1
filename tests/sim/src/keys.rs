//! The keys of a history's store, for what looks into it from outside.

use std::sync::{Arc, Mutex};

use finch_core::{AccessToken, Sealed, SealedAs, Token, TokenStore};
use finch_seal::SealError;
use finch_tests::{StoreKeys, finish};

use crate::finch::lock;

/// The keys of a store, opened when they are used first, or for the first time after they were replaced.
pub(crate) struct Keys {
    store: Arc<dyn TokenStore>,
    opened: Mutex<Option<Arc<StoreKeys>>>,
}

impl Keys {
    pub(crate) fn of(store: Arc<dyn TokenStore>) -> Self {
        Self { store, opened: Mutex::default() }
    }

    pub(crate) fn replaced(&self) {
        *lock(&self.opened) = None;
    }

    pub(crate) fn opened(&self) -> Arc<StoreKeys> {
        let open = || {
            let keyring = finish(self.store.keyring()).expect("the store answers");
            let keyring = keyring.expect("a store in use");
            let opened = StoreKeys::open(self.store.binding(), &keyring);
            Arc::new(finish(opened).expect("a key ring that opens"))
        };
        Arc::clone(lock(&self.opened).get_or_insert_with(open))
    }

    /// A token's secret, for whatever it was sealed.
    pub(crate) fn open_any(&self, token: &Token, sealed: &Sealed) -> Option<Arc<str>> {
        let keys = self.opened();
        SealedAs::ALL.into_iter().find_map(|purpose| text(keys.secret(token, purpose, sealed)))
    }
}

/// What opened.
pub(crate) fn text(secret: Result<AccessToken, SealError>) -> Option<Arc<str>> {
    secret.ok().map(|secret| secret.expose().into())
}
