//! The open keys of a store, to look into it past the application.

use finch_core::{
    AccessToken, Binding, Commit, CustomerId, Fingerprint, Keyring, Sealed, SealedAs, SealedToken,
    Token,
};
use finch_seal::{Domain, KeyRing, Place, SealError, WrappedKeys};
use secrecy::ExposeSecret as _;

use crate::keys;

/// The open keys of a store that opens with [`keys`].
#[derive(Debug)]
pub struct StoreKeys {
    ring: KeyRing,
    client_id: String,
}

impl StoreKeys {
    /// Opens the key ring of a store.
    ///
    /// # Errors
    /// [`SealError`].
    pub async fn open(binding: &Binding, keyring: &Keyring) -> Result<Self, SealError> {
        let keys_of_store = WrappedKeys::from_document(binding.store.0, &keyring.document)?;
        let ring = KeyRing::open(&*keys(), &keys_of_store).await?;
        Ok(Self { ring, client_id: binding.application.client_id.to_string() })
    }

    /// The fingerprint under which the store keeps a secret.
    pub fn fingerprint(&self, domain: Domain, secret: &str) -> Fingerprint {
        Fingerprint(self.ring.fingerprint(domain, secret))
    }

    fn place<'a>(&'a self, token: &'a Token, sealed_as: SealedAs) -> Place<'a> {
        Place {
            client_id: &self.client_id,
            customer: token.customer.as_ref().map(CustomerId::as_str),
            connection_id: token.facts.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            purpose: sealed_as.number(),
        }
    }

    fn unseal(&self, place: &Place<'_>, sealed: &Sealed) -> Result<AccessToken, SealError> {
        let secret = self.ring.unseal(place, &sealed.bytes)?;
        Ok(AccessToken::new(secret.expose_secret()))
    }

    /// A token's secret, sealed for this.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn secret(
        &self,
        token: &Token,
        sealed_as: SealedAs,
        sealed: &Sealed,
    ) -> Result<AccessToken, SealError> {
        self.unseal(&self.place(token, sealed_as), sealed)
    }

    /// What the application would hand out to this customer.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn usable(
        &self,
        customer: &CustomerId,
        token: &SealedToken,
    ) -> Result<AccessToken, SealError> {
        let place = Place {
            client_id: &self.client_id,
            customer: Some(customer.as_str()),
            connection_id: token.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            purpose: SealedAs::Usable.number(),
        };
        self.unseal(&place, &token.sealed)
    }

    /// The secret that a commit brings for a token of it, sealed as the token says. None: it brings none.
    pub fn secret_in(
        &self,
        commit: &Commit,
        token: &Token,
    ) -> Option<Result<AccessToken, SealError>> {
        let row = commit.secrets.iter().find(|row| row.token == token.id)?;
        Some(self.secret(token, token.sealed_as(), row.sealed.as_ref()?))
    }

    /// Seals a token's secret for this.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        token: &Token,
        sealed_as: SealedAs,
        secret: &str,
    ) -> Result<Sealed, SealError> {
        let bytes = self.ring.seal(&self.place(token, sealed_as), secret)?;
        Ok(Sealed { epoch: self.ring.epoch(), bytes })
    }
}
