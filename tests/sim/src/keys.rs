//! The keys of a history's store, for what looks into it from outside.

use std::sync::{Arc, OnceLock};

use finch_core::{
    Commit, CustomerId, Fingerprint, Sealed, SealedAs, SealedToken, Token, TokenStore,
};
use finch_seal::{Domain, Kek, KeyBytes, KeyRing, KeySource, Place, Purpose, WrappedKeys};
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

    fn place<'a>(&'a self, token: &'a Token, sealed_as: SealedAs) -> Place<'a> {
        Place {
            client_id: self.store.application().client_id.as_str(),
            customer: token.customer.as_ref().map(CustomerId::as_str),
            connection_id: token.facts.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            purpose: match sealed_as {
                SealedAs::Held => Purpose::Held,
                SealedAs::InDoubt => Purpose::InDoubt,
                SealedAs::Usable => Purpose::Usable,
                SealedAs::Refused => Purpose::Refused,
            },
        }
    }

    fn unseal(&self, place: &Place<'_>, sealed: &Sealed) -> Option<Arc<str>> {
        let secret = self.ring().unseal(place, &sealed.bytes).ok()?;
        Some(secret.expose_secret().into())
    }

    /// A token's secret, if it was sealed for this.
    pub(crate) fn open(
        &self,
        token: &Token,
        sealed_as: SealedAs,
        sealed: &Sealed,
    ) -> Option<Arc<str>> {
        self.unseal(&self.place(token, sealed_as), sealed)
    }

    /// A token's secret, for whatever it was sealed.
    pub(crate) fn open_any(&self, token: &Token, sealed: &Sealed) -> Option<Arc<str>> {
        SealedAs::ALL.into_iter().find_map(|sealed_as| self.open(token, sealed_as, sealed))
    }

    /// What a host would hand out to this customer.
    pub(crate) fn usable(&self, customer: &CustomerId, token: &SealedToken) -> Option<Arc<str>> {
        let place = Place {
            client_id: self.store.application().client_id.as_str(),
            customer: Some(customer.as_str()),
            connection_id: token.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            purpose: Purpose::Usable,
        };
        self.unseal(&place, &token.sealed)
    }

    /// The secret that a commit brings for a token, if it opens as the token says.
    pub(crate) fn secret_in(&self, commit: &Commit, token: &Token) -> Option<Arc<str>> {
        let row = commit.secrets.iter().find(|row| row.token == token.id)?;
        self.open(token, token.sealed_as(), row.sealed.as_ref()?)
    }

    /// Seals a token's secret for this.
    pub(crate) fn seal(&self, token: &Token, sealed_as: SealedAs, secret: &str) -> Sealed {
        let place = self.place(token, sealed_as);
        let bytes = self.ring().seal(&place, secret).expect("a sealed secret");
        Sealed { epoch: self.ring().epoch(), bytes }
    }
}
