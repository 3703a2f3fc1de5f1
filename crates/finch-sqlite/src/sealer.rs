//! The store's keys at work: what is sealed, for which row, and what is only hashed.

use finch_core::{AccessToken, AuthorizationCode, CustomerId, State, TokenId};
use finch_seal::{Domain, KeyRing, Place, SealError};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use secrecy::ExposeSecret as _;

use crate::error::{Fault, Result};

/// A keyed hash by which a secret is found again.
pub(crate) type Fingerprint = [u8; 32];

#[derive(Debug)]
pub(crate) struct Sealer {
    ring: KeyRing,
    client_id: String,
}

impl Sealer {
    pub(crate) fn new(ring: KeyRing, client_id: String) -> Self {
        Self { ring, client_id }
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn token(&self, token: &AccessToken) -> Fingerprint {
        self.ring.fingerprint(Domain::Token, token.expose())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn state(&self, state: &State) -> Fingerprint {
        self.ring.fingerprint(Domain::State, state.expose())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn code(&self, code: &AuthorizationCode) -> Fingerprint {
        self.ring.fingerprint(Domain::Code, code.expose())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: sealed for its row")]
    pub(crate) fn seal(
        &self,
        id: TokenId,
        customer: Option<&CustomerId>,
        token: &AccessToken,
    ) -> Result<Vec<u8>> {
        let customer = customer.map(CustomerId::as_str);
        self.ring.seal(&self.place(id, customer), token.expose()).map_err(|e| match e {
            // `reserve` ran before, and got no more.
            SealError::ReservationSpent => {
                Fault::Seal(SealError::KeyExhausted { epoch: self.ring.epoch() })
            }
            other => Fault::Seal(other),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: from one secret type into the other")]
    pub(crate) fn unseal(
        &self,
        id: TokenId,
        customer: Option<&str>,
        sealed: &[u8],
    ) -> Result<AccessToken> {
        let secret = self.ring.unseal(&self.place(id, customer), sealed);
        secret
            .map(|s| AccessToken::new(s.expose_secret()))
            .map_err(|why| Fault::Unreadable(id, why))
    }

    fn place<'a>(&'a self, id: TokenId, customer: Option<&'a str>) -> Place<'a> {
        Place { kind: "token", row: id.0.0, client_id: &self.client_id, customer }
    }

    /// Speaks for `seals` seals, durably, before they are made. A key that has made all of its seals
    /// is no error here: what needs none goes on.
    pub(crate) fn reserve(&self, db: &Connection, seals: usize) -> rusqlite::Result<()> {
        while (self.ring.seals_left() as usize) < seals {
            let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
            let epoch = self.ring.epoch();
            let so_far: u32 =
                tx.query_row("SELECT reserved FROM keys WHERE epoch = ?1", [epoch], |row| {
                    row.get(0)
                })?;
            let Ok(reservation) = self.ring.reserve(so_far) else {
                return Ok(());
            };
            let total = reservation.total();
            tx.execute("UPDATE keys SET reserved = ?2 WHERE epoch = ?1", params![epoch, total])?;
            tx.commit()?;
            self.ring.grant(reservation);
        }
        Ok(())
    }
}
