//! The keys of a history's store, for what looks into it from outside.

use std::sync::{Arc, OnceLock};

use finch_core::{Commit, CustomerId, Fingerprint, Sealed, SealedToken, Token, TokenStore};
use finch_seal::{Domain, Kek, KeyBytes, KeyRing, KeySource, Place, WrappedKeys};
use secrecy::ExposeSecret as _;

use crate::executor::finish;

/// What the keys of every store are wrapped with.
pub(crate) fn key_source() -> Arc<dyn KeySource> {
    Arc::new(Kek::from_bytes(KeyBytes::new(Box::new([7; 32]))))
}

/// The keys of a store, opened when they are first used: the first host makes them.
pub(crate) struct Keys {
    store: Arc<dyn TokenStore>,
    ring: OnceLock<KeyRing>,
}

impl Keys {
    /// Those of this store.
    pub(crate) fn of(store: Arc<dyn TokenStore>) -> Self {
        Self { store, ring: OnceLock::new() }
    }

    fn ring(&self) -> &KeyRing {
        self.ring.get_or_init(|| {
            finish(async {
                let keyring = self.store.keyring().await.expect("the store answers");
                let document = keyring.expect("a store in use").document;
                let keys = WrappedKeys::from_document(self.store.id().0, &document);
                KeyRing::open(&*key_source(), &keys.expect("keys")).await.expect("the keys")
            })
        })
    }

    /// Under which fingerprint the attempt of this state is kept.
    pub(crate) fn state(&self, state: &str) -> Fingerprint {
        Fingerprint(self.ring().fingerprint(Domain::State, state))
    }

    fn place<'a>(&'a self, token: &'a Token, usable: bool) -> Place<'a> {
        Place {
            client_id: self.store.application().client_id.as_str(),
            customer: token.customer.as_ref().map(CustomerId::as_str),
            connection_id: token.facts.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            usable,
        }
    }

    fn unseal(&self, place: &Place<'_>, sealed: &Sealed) -> Option<Arc<str>> {
        let secret = self.ring().unseal(place, &sealed.bytes).ok()?;
        Some(secret.expose_secret().into())
    }

    /// A token's secret, if it was sealed as usable, or as held.
    pub(crate) fn open(&self, token: &Token, usable: bool, sealed: &Sealed) -> Option<Arc<str>> {
        self.unseal(&self.place(token, usable), sealed)
    }

    /// What a host would hand out to this customer.
    pub(crate) fn usable(&self, customer: &CustomerId, token: &SealedToken) -> Option<Arc<str>> {
        let place = Place {
            client_id: self.store.application().client_id.as_str(),
            customer: Some(customer.as_str()),
            connection_id: token.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            usable: true,
        };
        self.unseal(&place, &token.sealed)
    }

    /// The secret that a commit brings for a token, if it opens as the token says.
    pub(crate) fn secret_in(&self, commit: &Commit, token: &Token) -> Option<Arc<str>> {
        let row = commit.secrets.iter().find(|row| row.token == token.id)?;
        self.open(token, token.is_usable(), row.sealed.as_ref()?)
    }

    /// Seals a token's secret as usable, or as held.
    pub(crate) fn seal(&self, token: &Token, usable: bool, secret: &str) -> Sealed {
        let bytes = self.ring().seal(&self.place(token, usable), secret).expect("a sealed secret");
        Sealed { epoch: self.ring().epoch(), bytes }
    }
}
