//! The keys of a history's store, for what looks into it from outside.

use std::sync::{Arc, Mutex};

use finch_core::{
    AccessToken, Commit, CustomerId, Fingerprint, Sealed, SealedAs, SealedToken, Token, TokenStore,
};
use finch_seal::{Domain, SealError};
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

    fn opened(&self) -> Arc<StoreKeys> {
        let mut opened = lock(&self.opened);
        let open = || {
            let keyring = finish(self.store.keyring()).expect("the store answers");
            let keyring = keyring.expect("a store in use");
            let opened = StoreKeys::open(self.store.binding(), &keyring);
            Arc::new(finish(opened).expect("a key ring that opens"))
        };
        Arc::clone(opened.get_or_insert_with(open))
    }

    /// Under which fingerprint the attempt of this state is kept.
    pub(crate) fn state(&self, state: &str) -> Fingerprint {
        self.opened().fingerprint(Domain::State, state)
    }

    /// A token's secret, if it was sealed for this.
    pub(crate) fn open(
        &self,
        token: &Token,
        sealed_as: SealedAs,
        sealed: &Sealed,
    ) -> Option<Arc<str>> {
        text(self.opened().secret(token, sealed_as, sealed))
    }

    /// A token's secret, for whatever it was sealed.
    pub(crate) fn open_any(&self, token: &Token, sealed: &Sealed) -> Option<Arc<str>> {
        SealedAs::ALL.into_iter().find_map(|sealed_as| self.open(token, sealed_as, sealed))
    }

    /// What a host would hand out to this customer.
    pub(crate) fn usable(&self, customer: &CustomerId, token: &SealedToken) -> Option<Arc<str>> {
        text(self.opened().usable(customer, token))
    }

    /// The secret that a commit brings for a token, if it opens as the token says.
    pub(crate) fn secret_in(&self, commit: &Commit, token: &Token) -> Option<Arc<str>> {
        text(self.opened().secret_in(commit, token)?)
    }

    pub(crate) fn seal(&self, token: &Token, sealed_as: SealedAs, secret: &str) -> Sealed {
        self.opened().seal(token, sealed_as, secret).expect("a sealed secret")
    }
}

fn text(secret: Result<AccessToken, SealError>) -> Option<Arc<str>> {
    secret.ok().map(|secret| secret.expose().into())
}
