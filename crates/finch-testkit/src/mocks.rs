//! Mocks of both ports. Lifetimes are written out in the order in which `async_trait` elides them.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mockall::mock;

use finch_core::*;

mock! {
    pub FinchApi {}

    #[async_trait]
    impl FinchApi for FinchApi {
        fn application(&self) -> &Application;
        async fn exchange<'s, 'c, 'r>(&'s self, code: &'c AuthorizationCode, redirect_uri: Option<&'r RedirectUri>) -> Result<Grant, FinchApiError>;
        async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError>;
        async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError>;
        async fn new_session(&self, customer_id: &FinchCustomerId, request: &ConnectRequest) -> Result<ConnectSession, FinchApiError>;
        async fn reauthenticate_session(&self, connection: &ConnectionId, request: &ConnectRequest) -> Result<ConnectSession, FinchApiError>;
    }
}

mock! {
    pub TokenStore {}

    #[async_trait]
    impl TokenStore for TokenStore {
        fn binding(&self) -> &Binding;
        async fn keyring(&self) -> Result<Option<Keyring>, StoreError>;
        async fn open_attempt(&self, attempt: NewAttempt, state: &Fingerprint) -> Result<AttemptId, StoreError>;
        async fn claim_attempt<'s, 'c, 't, 'd>(&'s self, customer: Option<&'c CustomerId>, state: &'t Fingerprint, code: &'d Fingerprint, now: Timestamp) -> Result<Option<(Attempt, Claim)>, StoreError>;
        async fn possible_orphans<'s, 'c>(&'s self, customer: Option<&'c CustomerId>, now: Timestamp, after: Option<AttemptId>, limit: usize) -> Result<Vec<Attempt>, StoreError>;
        async fn find(&self, token: &Fingerprint, facts: &TokenFacts) -> Result<Found, StoreError>;
        async fn load<'s, 'i, 'c>(&'s self, selector: Selector<'i>, customer: Option<&'c CustomerId>) -> Result<Option<Connection>, StoreError>;
        async fn commit(&self, commit: Commit) -> Result<Seq, StoreError>;
        async fn sealed(&self, token: TokenId) -> Result<Option<Sealed>, StoreError>;
        async fn usable_token(&self, customer: &CustomerId, connection: &ConnectionId, query: &TokenQuery) -> Result<Option<SealedToken>, StoreError>;
        async fn connections<'s, 'f, 'a>(&'s self, filter: &'f ConnectionFilter<'a>, after: Option<ConnectionKey>, limit: usize) -> Result<Vec<ConnectionKey>, StoreError>;
        async fn lease(&self, connection: ConnectionKey, owner: &InstanceId, now: Timestamp) -> Result<Leased, StoreError>;
        async fn release(&self, connection: ConnectionKey, owner: &InstanceId) -> Result<(), StoreError>;
        async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError>;
        async fn note_use(&self, token: TokenId, now: Timestamp) -> Result<(), StoreError>;
        async fn events<'s, 'q, 'a>(&'s self, query: &'q EventQuery<'a>) -> Result<Vec<Recorded>, StoreError>;
    }
}
