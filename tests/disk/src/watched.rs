//! A Finch whose truth is written on the tape after each call.

use std::sync::Arc;

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, AuthorizationCode, ConnectSession, FinchApi, FinchApiError, Grant,
    Introspection, NewSession, ReauthenticateSession, RedirectUri, RequestId,
};
use finch_testkit::FakeFinch;

use crate::{disk::Disk, ledger::Book, tape::Mark};

/// The fake Finch, watched.
#[derive(Debug)]
pub(crate) struct WatchedFinch {
    finch: Arc<FakeFinch>,
    disk: Arc<Disk>,
    book: Book,
}

impl WatchedFinch {
    /// Watches `finch`.
    pub(crate) fn new(finch: Arc<FakeFinch>, disk: Arc<Disk>, book: Book) -> Self {
        Self { finch, disk, book }
    }

    /// Writes down what is true at Finch now.
    pub(crate) fn mark(&self) {
        let mark = Mark::Finch(Arc::new(self.book.now()), Arc::new(self.finch.copy()));
        self.disk.mark(mark);
    }
}

#[async_trait]
impl FinchApi for WatchedFinch {
    fn application(&self) -> &Application {
        self.finch.application()
    }

    async fn exchange(
        &self,
        code: &AuthorizationCode,
        redirect_uri: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        let before = self.finch.issued().len();
        let answer = self.finch.exchange(code, redirect_uri).await;
        let issued = self.finch.issued();
        if let Some(secret) = issued.last().filter(|_| issued.len() > before) {
            self.book.issued(secret.expose().to_owned());
        }
        self.mark();
        answer
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        self.finch.introspect(token).await
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        let answer = self.finch.disconnect(token).await;
        self.mark();
        answer
    }

    async fn new_session(&self, session: &NewSession) -> Result<ConnectSession, FinchApiError> {
        self.finch.new_session(session).await
    }

    async fn reauthenticate_session(
        &self,
        session: &ReauthenticateSession,
    ) -> Result<ConnectSession, FinchApiError> {
        self.finch.reauthenticate_session(session).await
    }
}
