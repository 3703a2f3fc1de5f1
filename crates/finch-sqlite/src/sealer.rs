//! The store's keys at work: what is sealed, for which row, and what is only hashed.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use finch_core::{AccessToken, Application, AuthorizationCode, State, TokenId};
use finch_seal::{Domain, KeyRing, KeySource, Place, SealError};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use secrecy::ExposeSecret as _;

use crate::{
    error::{Fault, Result, broken},
    identity::wrapped_keys,
    replaced_key::open_keys,
    values,
};

/// A keyed hash by which a secret is found again.
pub(crate) type Fingerprint = [u8; 32];

pub(crate) struct Sealer {
    ring: RwLock<Arc<KeyRing>>,
    source: RwLock<Arc<dyn KeySource>>,
    application: Application,
}

impl Sealer {
    pub(crate) fn new(ring: KeyRing, source: Arc<dyn KeySource>, application: Application) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), source: RwLock::new(source), application }
    }

    /// The application that secrets are sealed for.
    pub(crate) fn application(&self) -> &Application {
        &self.application
    }

    /// The keys as this process knows them now.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key that the store's keys are wrapped with.
    pub(crate) fn source(&self) -> Arc<dyn KeySource> {
        Arc::clone(&self.source.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The store's keys are wrapped with another key now.
    pub(crate) fn use_source(&self, source: Arc<dyn KeySource>) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = source;
    }

    /// The newest epoch that this process knows.
    pub(crate) fn epoch(&self) -> u32 {
        self.ring().epoch()
    }

    /// Opens the store's keys again, since somebody may have rotated them or wrapped them anew.
    pub(crate) fn reload(&self, db: &Connection) -> Result<()> {
        let keys = wrapped_keys(db)?.ok_or_else(|| broken("its keys"))?;
        let fresh = open_keys(db, &*self.source(), &keys)?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        // What the present one has reserved is not lost for nothing.
        if (fresh.epoch(), fresh.kek()) != (ring.epoch(), ring.kek()) {
            *ring = Arc::new(fresh);
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn token(&self, token: &AccessToken) -> Fingerprint {
        self.ring().fingerprint(Domain::Token, token.expose())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn state(&self, state: &State) -> Fingerprint {
        self.ring().fingerprint(Domain::State, state.expose())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn code(&self, code: &AuthorizationCode) -> Fingerprint {
        self.ring().fingerprint(Domain::Code, code.expose())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: sealed for its row")]
    pub(crate) fn seal(
        &self,
        id: TokenId,
        customer: Option<&str>,
        token: &AccessToken,
    ) -> Result<Vec<u8>> {
        let ring = self.ring();
        ring.seal(&self.place(id, customer), token.expose()).map_err(|e| match e {
            // `reserve` ran before, and got no more.
            SealError::ReservationSpent => {
                Fault::Seal(SealError::KeyExhausted { epoch: ring.epoch() })
            }
            other => Fault::Seal(other),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: from one secret type into the other")]
    pub(crate) fn unseal(
        &self,
        db: &Connection,
        id: TokenId,
        customer: Option<&str>,
        sealed: &[u8],
    ) -> Result<AccessToken> {
        let place = self.place(id, customer);
        let mut secret = self.ring().unseal(&place, sealed);
        if let Err(SealError::UnknownEpoch(epoch)) = secret
            && epoch > self.epoch()
        {
            self.reload(db)?;
            secret = self.ring().unseal(&place, sealed);
        }
        secret
            .map(|s| AccessToken::new(s.expose_secret()))
            .map_err(|why| Fault::Unreadable(id, why))
    }

    fn place<'a>(&'a self, id: TokenId, customer: Option<&'a str>) -> Place<'a> {
        Place {
            kind: "token",
            row: id.0.0,
            client_id: self.application.client_id.as_str(),
            customer,
        }
    }

    /// Speaks for `seals` seals, durably, before they are made. A key that has made all of its seals
    /// is no error here: what needs none goes on.
    pub(crate) fn reserve(&self, db: &Connection, seals: usize) -> rusqlite::Result<()> {
        let ring = self.ring();
        while (ring.seals_left() as usize) < seals {
            let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
            let epoch = ring.epoch();
            let so_far = values::first(&tx, "SELECT reserved FROM keys WHERE epoch = ?1", [epoch])?;
            // Used up; or destroyed, since another process has rotated: then nothing is sealed with it.
            let Some(Ok(reservation)) = so_far.map(|so_far| ring.reserve(so_far)) else {
                return Ok(());
            };
            let total = reservation.total();
            tx.execute("UPDATE keys SET reserved = ?2 WHERE epoch = ?1", params![epoch, total])?;
            tx.commit()?;
            ring.grant(reservation);
        }
        Ok(())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("ring", &self.ring()).finish_non_exhaustive()
    }
}
