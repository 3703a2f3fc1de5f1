//! Ask Finch about tokens, and write down what it says.

use std::time::Duration;

use finch_core::{
    AccessToken, Connection, CustomerId, CustomerScope, FinchApiError, Introspection, Leased,
    Selector, StoreError, TokenId, TokenState,
    decide::{self, AskedAt, Observation, Observed},
};

use crate::{
    Finch,
    work::{Effort, Wait, Work},
};

/// The result of [`Finch::probe_in_turn`].
pub(crate) enum Probed {
    /// It is not wanted any more.
    Unwanted,
    /// Another instance works on the connection, or background work is to stop.
    Left,
    /// What Finch's answer means; and the error where it was one.
    Said(Observed, Option<FinchApiError>),
}

/// When Finch was asked about a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    /// How the connection was.
    pub(crate) asked_at: AskedAt,
    /// By the process's own clock, before anything was sent.
    pub(crate) monotonic: Duration,
}

impl Finch {
    /// Finch is about to be asked about a token of this connection.
    pub(crate) fn asks_about(&self, connection: &Connection) -> Asking {
        Asking { asked_at: AskedAt::of(connection), monotonic: self.inner.system.monotonic() }
    }

    /// Writes down what Finch said about a token, on whatever the connection is by then.
    pub(crate) async fn observe(
        &self,
        token: TokenId,
        asked: Asking,
        answer: Result<&Introspection, &FinchApiError>,
    ) -> Result<Observed, StoreError> {
        let Asking { asked_at, monotonic } = asked;
        let company = answer.ok().and_then(|said| said.facts.company_id.as_ref());
        let observed = self.change_beside(Selector::TokenId(token), company, |draft, pair| {
            let connections = pair.into_iter().chain([draft.connection()]);
            let late = self.inner.pending_effects.of(connections, monotonic);
            let (now, jitter) = (self.now(), self.jitter());
            decide::observe(draft, pair, Observation { token, asked_at, answer, late, now, jitter })
        });
        Ok(observed.await?.map_or(Observed::Nothing, |(observed, _)| observed))
    }

    /// Asks Finch about all tokens that this customer has in use of a token's connection. What one
    /// customer reports changes nothing of another's (I11): theirs are found when they are used.
    pub(crate) async fn probe_own(
        &self,
        scope: &CustomerScope,
        token: TokenId,
    ) -> Result<(), StoreError> {
        let found = self.inner.store.load(Selector::TokenId(token), Some(scope.id())).await?;
        let Some(connection) = found else { return Ok(()) };
        let mut work = self.work_on(connection.key).await;
        for own in connection.tokens_of(Some(scope.id())).filter(|t| t.state.is_live()) {
            self.probe(own.id, &mut work).await?;
        }
        work.release().await;
        Ok(())
    }

    /// Asks Finch about one token, and writes down what it says. Returns what that means, and the error
    /// where Finch's answer was one.
    pub(crate) async fn probe(
        &self,
        token: TokenId,
        work: &mut Work<'_>,
    ) -> Result<(Observed, Option<FinchApiError>), StoreError> {
        let Some(connection) = self.holding(token).await? else {
            return Ok((Observed::Nothing, None));
        };
        let Some(secret) = self.secret_of(&connection, token).await? else {
            return Ok((Observed::Nothing, None));
        };
        let asked = self.asks_about(&connection);
        let answer = work.call(self.inner.api.introspect(&secret)).await;
        Ok((self.observe(token, asked, answer.as_ref()).await?, answer.err()))
    }

    /// A token's secret, to call Finch with. None: it is wiped, or cannot be unsealed, which is written down.
    pub(crate) async fn secret_of(
        &self,
        connection: &Connection,
        token: TokenId,
    ) -> Result<Option<AccessToken>, StoreError> {
        let Some(kept) = connection.token(token) else { return Ok(None) };
        match self.inner.vault.secret(kept).await {
            Ok(None) | Err(StoreError::Unreadable { .. }) => {
                self.note_unreadable(token).await?;
                Ok(None)
            }
            secret => secret,
        }
    }

    /// Writes down that a secret cannot be unsealed.
    pub(crate) async fn note_unreadable(&self, token: TokenId) -> Result<(), StoreError> {
        let unreadable = |draft: &mut _| decide::unreadable(draft, token, self.now());
        self.change(Selector::TokenId(token), unreadable).await?;
        Ok(())
    }

    /// Settles what is in doubt about the connection that holds this token, and that no disconnect
    /// holds: tokens that are `Unverified`, an employer that Finch has not named, and, where a customer has just
    /// connected, what a token covers. With a customer, only by asking about that customer's tokens.
    pub(crate) async fn settle(
        &self,
        anchor: TokenId,
        customer: Option<&CustomerId>,
        how: Effort<'_>,
    ) -> Result<(), StoreError> {
        let Some(connection) = self.holding(anchor).await? else { return Ok(()) };
        let mut work = self.work_on(connection.key).await;
        let mut settled = Ok(Probed::Unwanted);
        for token in connection.tokens_of(customer).rev().map(|t| t.id) {
            // Each answer may settle the next question; or another instance settles it.
            let is_doubtful = |c: &Connection| self.is_doubtful(c, token, how);
            settled = self.probe_in_turn(token, how, &mut work, is_doubtful).await;
            if matches!(settled, Ok(Probed::Left) | Err(_)) {
                break;
            }
        }
        work.release().await;
        settled.map(drop)
    }

    /// Asks Finch about a token when it is the turn of this work, if that is still `wanted` then.
    pub(crate) async fn probe_in_turn(
        &self,
        token: TokenId,
        how: Effort<'_>,
        work: &mut Work<'_>,
        wanted: impl Fn(&Connection) -> bool,
    ) -> Result<Probed, StoreError> {
        let mut used = Duration::ZERO;
        loop {
            if !how.goes_on() {
                return Ok(Probed::Left);
            }
            let Some(connection) = self.holding(token).await?.filter(&wanted) else {
                return Ok(Probed::Unwanted);
            };
            match work.ready(connection.key, how).await? {
                Leased::Held(until) => {
                    let now = self.now();
                    if !self.has_waited(until, Wait::ForAnother, how, now, &mut used).await {
                        return Ok(Probed::Left);
                    }
                }
                Leased::Absorbed => {}
                Leased::Taken => {
                    let (observed, error) = self.probe(token, work).await?;
                    return Ok(Probed::Said(observed, error));
                }
            }
        }
    }

    /// Whether there is anything to [settle](Self::settle).
    pub(crate) fn has_doubts(
        &self,
        connection: &Connection,
        customer: Option<&CustomerId>,
        how: Effort<'_>,
    ) -> bool {
        connection.tokens_of(customer).any(|t| self.is_doubtful(connection, t.id, how))
    }

    fn is_doubtful(&self, connection: &Connection, token: TokenId, how: Effort<'_>) -> bool {
        let nameless = decide::nameless_token(connection).is_some_and(|t| t.id == token);
        connection.open_disconnect().is_none()
            && connection.token(token).is_some_and(|token| {
                let due = how.hurries() || token.progress.is_due(self.now());
                let covers_unknown = matches!(how, Effort::AtOnce)
                    && token.state == TokenState::Active
                    && token.facts.products.is_empty();
                due && (nameless || covers_unknown || token.state == TokenState::Unverified)
            })
    }
}
