//! The vault: seals a secret before it reaches the store, and opens it after it has left the store.

use std::sync::{Arc, PoisonError, RwLock};

use finch_core::{
    AccessToken, AuthorizationCode, Commit, CustomerId, Event, Fingerprint, Hash, Keyring,
    RecordHead, Sealed, SealedAs, SealedToken, State, StoreError, Token, TokenId, TokenStore,
};
use finch_seal::{Domain, KeyRing, KeySource, Place, SealError, WrappedEpoch, WrappedKeys};

use crate::KeysError;

/// The open key ring of a store.
pub(crate) struct Vault {
    store: Arc<dyn TokenStore>,
    source: RwLock<Arc<dyn KeySource>>,
    open: RwLock<Arc<Open>>,
}

/// A key ring as it was read.
struct Open {
    ring: KeyRing,
    version: u64,
}

impl Vault {
    /// Opens the store's key ring, or makes the first one of an empty store.
    pub(crate) async fn open(
        store: Arc<dyn TokenStore>,
        source: Arc<dyn KeySource>,
    ) -> Result<Self, KeysError> {
        let open = loop {
            match store.keyring().await? {
                Some(keyring) => break open(&*store, &*source, &keyring).await?,
                None => {
                    let (_, keys) = KeyRing::create(&*source, store.binding().store.0).await?;
                    let first = Keyring {
                        version: 1,
                        document: keys.to_document(),
                        oldest: keys.oldest(),
                        record: RecordHead::default(),
                    };
                    let commit = Commit { keyring: Some(first), ..Commit::default() };
                    match store.commit(commit).await {
                        Ok(_) | Err(StoreError::Moved) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        };
        Ok(Self { store, source: RwLock::new(source), open: RwLock::new(Arc::new(open)) })
    }

    fn now_open(&self) -> Arc<Open> {
        Arc::clone(&self.open.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key that the key ring is wrapped with.
    pub(crate) fn source(&self) -> Arc<dyn KeySource> {
        Arc::clone(&self.source.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key ring is wrapped with this key from now on.
    pub(crate) fn use_source(&self, source: Arc<dyn KeySource>) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = source;
    }

    /// The number of the data key that seals.
    pub(crate) fn epoch(&self) -> u32 {
        self.now_open().ring.epoch()
    }

    /// A new data key, for the next key ring.
    pub(crate) async fn next_epoch(&self) -> Result<WrappedEpoch, SealError> {
        self.now_open().ring.next_epoch(&*self.source()).await
    }

    /// Makes sure that what is sealed now can be stored: another process may have replaced the key ring. To be
    /// called before Finch is asked for what must be sealed then.
    ///
    /// # Errors
    /// [`StoreError::KeysUnavailable`]: the present key ring cannot be opened.
    pub(crate) async fn ready(&self) -> Result<(), StoreError> {
        let keyring = self.keyring().await?;
        if keyring.version == self.now_open().version {
            return Ok(());
        }
        // Wrapped with another key, it may hold the data keys that are open here already.
        let keys = WrappedKeys::from_document(self.store.binding().store.0, &keyring.document);
        match keys {
            Ok(keys) if keys.newest() == self.epoch() => Ok(()),
            _ => self.open_again(&keyring).await,
        }
    }

    /// Opens the present key ring. False: it has no newer data key than the one that is open.
    pub(crate) async fn reload(&self) -> Result<bool, StoreError> {
        let before = self.epoch();
        self.open_again(&self.keyring().await?).await?;
        Ok(self.epoch() > before)
    }

    /// The key ring as it is stored now.
    pub(crate) async fn keyring(&self) -> Result<Keyring, StoreError> {
        let keyring = self.store.keyring().await?;
        keyring.ok_or_else(|| StoreError::Corrupt("its key ring is missing".to_owned()))
    }

    async fn open_again(&self, keyring: &Keyring) -> Result<(), StoreError> {
        let source = self.source();
        let opened = open(&*self.store, &*source, keyring).await;
        let opened = opened.map_err(|error| StoreError::KeysUnavailable(Box::new(error)))?;
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(opened);
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn token(&self, token: &AccessToken) -> Fingerprint {
        Fingerprint(self.now_open().ring.fingerprint(Domain::Token, token.expose()))
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn state(&self, state: &State) -> Fingerprint {
        Fingerprint(self.now_open().ring.fingerprint(Domain::State, state.expose()))
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under the store's index key")]
    pub(crate) fn code(&self, code: &AuthorizationCode) -> Fingerprint {
        Fingerprint(self.now_open().ring.fingerprint(Domain::Code, code.expose()))
    }

    /// Stands for a customer's id where that is too long: the same for as long as the store lives.
    pub(crate) fn pseudonym(&self, customer: &CustomerId) -> Hash {
        let id = customer.as_str().as_bytes();
        Hash(self.now_open().ring.authenticate("customer id", &[id]))
    }

    /// Seals a token's secret for what the token [is](Token::sealed_as).
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: sealed for its token")]
    pub(crate) fn seal(&self, token: &Token, secret: &AccessToken) -> Result<Sealed, StoreError> {
        let open = self.now_open();
        let place = self.place(token, token.sealed_as());
        let bytes = open.ring.seal(&place, secret.expose());
        let bytes = bytes.map_err(|error| StoreError::Backend(Box::new(error)))?;
        Ok(Sealed { epoch: open.ring.epoch(), bytes })
    }

    /// Opens a token's secret, whatever it is sealed as, to call Finch with it. A token may have been fenced since
    /// it was loaded, and one that did not open when it was fenced is still sealed as it was. Neither is handed
    /// out. None: it is wiped.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], [`StoreError::KeysUnavailable`], and those of the store.
    pub(crate) async fn secret(&self, token: &Token) -> Result<Option<AccessToken>, StoreError> {
        let expected = token.sealed_as();
        let others = SealedAs::ALL.into_iter().filter(|other| *other != expected);
        let ways: Vec<_> = [expected].into_iter().chain(others).collect();
        self.secret_as(token, &ways).await
    }

    /// Opens a token's secret only if it is sealed in one of these ways. None: it is wiped.
    pub(crate) async fn secret_as(
        &self,
        token: &Token,
        ways: &[SealedAs],
    ) -> Result<Option<AccessToken>, StoreError> {
        let places: Vec<_> = ways.iter().map(|way| self.place(token, *way)).collect();
        match self.store.sealed(token.id).await? {
            Some(sealed) => self.unseal(token.id, &places, &sealed).await.map(Some),
            None => Ok(None),
        }
    }

    /// Opens a token that may be handed out to this customer.
    pub(crate) async fn usable(
        &self,
        customer: &CustomerId,
        token: &SealedToken,
    ) -> Result<AccessToken, StoreError> {
        let place = Place {
            client_id: self.store.binding().application.client_id.as_str(),
            customer: Some(customer.as_str()),
            connection_id: token.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            purpose: SealedAs::Usable.number(),
        };
        self.unseal(token.id, &[place], &token.sealed).await
    }

    async fn unseal(
        &self,
        token: TokenId,
        places: &[Place<'_>],
        sealed: &Sealed,
    ) -> Result<AccessToken, StoreError> {
        let opened = match self.open_blob(places, sealed) {
            // Another process has rotated: the key ring and the secret are newer than what was read.
            Err(SealError::UnknownEpoch(_)) => {
                self.reload().await?;
                match self.store.sealed(token).await? {
                    Some(again) => self.open_blob(places, &again),
                    None => return Err(StoreError::Moved),
                }
            }
            opened => opened,
        };
        opened.map_err(|source| StoreError::Unreadable { token, source: Box::new(source) })
    }

    fn open_blob(&self, places: &[Place<'_>], sealed: &Sealed) -> Result<AccessToken, SealError> {
        let open = self.now_open();
        let mut opened = Err(SealError::Tampered);
        for place in places {
            opened = open.ring.unseal(place, &sealed.bytes);
            if !matches!(opened, Err(SealError::Tampered)) {
                break;
            }
        }
        opened.map(AccessToken::from)
    }

    fn place<'a>(&'a self, token: &'a Token, sealed_as: SealedAs) -> Place<'a> {
        Place {
            client_id: self.store.binding().application.client_id.as_str(),
            customer: token.customer.as_ref().map(CustomerId::as_str),
            connection_id: token.facts.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            purpose: sealed_as.number(),
        }
    }

    /// A hash of a text: the same in every process on this store, and another one on another store.
    pub(crate) fn digest(&self, text: &str) -> u64 {
        let hash = self.now_open().ring.authenticate("plan", &[text.as_bytes()]);
        hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// The head of a record once these events are part of it.
    pub(crate) fn link(
        &self,
        head: RecordHead,
        events: &[Event],
    ) -> Result<RecordHead, StoreError> {
        let open = self.now_open();
        events.iter().try_fold(head, |head, event| {
            let text = serde_json::to_vec(event).map_err(|e| StoreError::Backend(Box::new(e)))?;
            let events = head.events + 1;
            let fields: [&[u8]; 3] = [&head.hash.0, &events.to_be_bytes(), &text];
            Ok(RecordHead { events, hash: Hash(open.ring.authenticate("event", &fields)) })
        })
    }
}

async fn open(
    store: &dyn TokenStore,
    source: &dyn KeySource,
    keyring: &Keyring,
) -> Result<Open, KeysError> {
    let keys = WrappedKeys::from_document(store.binding().store.0, &keyring.document)?;
    match KeyRing::open(source, &keys).await {
        Ok(ring) => Ok(Open { ring, version: keyring.version }),
        Err(error) => Err(KeysError::explained(store, error).await),
    }
}
