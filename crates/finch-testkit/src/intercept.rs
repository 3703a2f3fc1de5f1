//! A store in front of a store: what a test sees, delays, refuses or changes of the calls between them.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use finch_core::*;

/// States every method of the port once: as a method that an [`Intercept`] may replace, and as the method of
/// [`Intercepted`] that calls it.
macro_rules! port {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// What happens to the calls of a [`TokenStore`]. Each method passes its call on to `next`, unless it is
        /// replaced.
        #[async_trait]
        pub trait Intercept: Send + Sync {
            /// Is passed each call, by the name of its method, to await it or to answer in its place.
            async fn around<T: Send>(
                &self,
                _method: &'static str,
                call: impl Future<Output = Result<T, StoreError>> + Send,
            ) -> Result<T, StoreError> {
                call.await
            }

            $(
                #[doc = concat!("[`TokenStore::", stringify!($name), "`].")]
                async fn $name(&self, next: &dyn TokenStore, $($argument: $type),*) -> Result<$answer, StoreError> {
                    next.$name($($argument),*).await
                }
            )*
        }

        #[async_trait]
        impl<I: Intercept> TokenStore for Intercepted<I> {
            fn binding(&self) -> &Binding {
                self.next.binding()
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let call = self.intercept.$name(&*self.next, $($argument),*);
                self.intercept.around(stringify!($name), call).await
            })*
        }
    };
}

port! {
    fn keyring() -> Option<Keyring>;
    fn open_attempt(attempt: NewAttempt, state: &Fingerprint) -> AttemptId;
    fn claim_attempt(customer: Option<&CustomerId>, state: &Fingerprint, code: &Fingerprint, now: Timestamp) -> Option<(Attempt, Claim)>;
    fn possible_orphans(customer: Option<&CustomerId>, now: Timestamp, after: Option<AttemptId>, limit: usize) -> Vec<Attempt>;
    fn find(token: &Fingerprint, facts: &TokenFacts) -> Found;
    fn load(selector: Selector<'_>, customer: Option<&CustomerId>) -> Option<Connection>;
    fn commit(commit: Commit) -> Seq;
    fn sealed(token: TokenId) -> Option<Sealed>;
    fn usable_token(customer: &CustomerId, connection: &ConnectionId, query: &TokenQuery) -> Option<SealedToken>;
    fn connections(filter: &ConnectionFilter<'_>, after: Option<ConnectionKey>, limit: usize) -> Vec<ConnectionKey>;
    fn lease(connection: ConnectionKey, owner: &InstanceId, now: Timestamp) -> Leased;
    fn release(connection: ConnectionKey, owner: &InstanceId) -> ();
    fn take_turn(every: Duration, now: Timestamp) -> Timestamp;
    fn note_use(token: TokenId, now: Timestamp) -> ();
    fn events(query: &EventQuery<'_>) -> Vec<Recorded>;
}

/// A store whose calls go through an [`Intercept`].
#[derive(Clone)]
pub struct Intercepted<I> {
    /// What happens to the calls.
    pub intercept: I,
    /// The store behind it.
    pub next: Arc<dyn TokenStore>,
}

impl<I> Intercepted<I> {
    /// Puts `intercept` in front of a store.
    pub fn new(intercept: I, next: Arc<dyn TokenStore>) -> Self {
        Self { intercept, next }
    }
}

impl<I: fmt::Debug> fmt::Debug for Intercepted<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intercepted").field("intercept", &self.intercept).finish_non_exhaustive()
    }
}
