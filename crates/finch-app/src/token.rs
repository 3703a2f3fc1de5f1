//! Use: a token for its customer, and what Finch says when one stops working.

use std::time::Duration;

use finch_core::{
    AccessToken, Actionable, Advice, Connection, ConnectionId, CustomerScope, Draft, ErrorKind,
    Failure, FinchApiError, Product, SealedToken, Selector, StoreError, Timestamp, Token, TokenId,
    TokenQuery, TokenState,
    decide::{self, AskedAt, NoToken, Observation, Observed, why_no_token},
};
use serde::Serialize;
use thiserror::Error;

use crate::{Finch, work::Work};

/// A token to call Finch with.
#[derive(Clone, Debug)]
pub struct UsableToken {
    /// The token. It goes to Finch, and nowhere else.
    pub secret: AccessToken,
    /// The `connection_id` it was issued under.
    pub connection_id: ConnectionId,
    /// What it covers.
    pub products: Vec<Product>,
    /// Its record.
    pub id: TokenId,
}

/// Why there is no token to use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// There is no such connection, or it is another customer's.
    #[error("there is no such connection")]
    NotFound,
    /// Finch must be asked first whether the token still lives: `reconcile` does.
    #[error("the connection's token must be verified with Finch first")]
    Unverified,
    /// A disconnect has begun.
    #[error("the connection is being disconnected")]
    Disconnecting,
    /// Access has ended. The customer must connect again.
    #[error("the connection has been disconnected")]
    Disconnected,
    /// The employer must authenticate again: begin a reauthentication.
    #[error("the employer must authenticate again")]
    NeedsReauth,
    /// No token covers all of the products: begin a reauthentication that asks for them.
    #[error(
        "no token of the connection covers all of these products (granted: {})",
        granted.iter().map(Product::as_str).collect::<Vec<_>>().join(", ")
    )]
    ProductsNotGranted {
        /// What one token covers, or another.
        granted: Vec<Product>,
    },
    /// The store failed.
    #[error("the token could not be read")]
    Store(#[from] StoreError),
}

impl Actionable for TokenError {
    fn advice(&self) -> Advice {
        let state = |code, step| Advice::new(ErrorKind::State, code, step);
        match self {
            Self::NotFound => no_such_connection(),
            Self::Unverified => Advice::retry(
                ErrorKind::State,
                "unverified",
                "reconcile (`finch reconcile`), then ask for the token again",
            ),
            Self::Disconnecting => state(
                "disconnecting",
                "wait: the reconciler (`finch reconcile`) finishes the disconnect",
            ),
            Self::Disconnected => state("disconnected", "connect the customer again"),
            Self::NeedsReauth => state("needs_reauth", "reauthenticate the connection"),
            Self::ProductsNotGranted { .. } => {
                state("products_not_granted", "reauthenticate the connection with these products")
            }
            Self::Store(error) => error.advice(),
        }
    }
}

/// The same for another customer's connection as for one that does not exist.
pub(crate) fn no_such_connection() -> Advice {
    let step = "check the connection's id and its customer; `finch connections` lists what exists";
    Advice::new(ErrorKind::NotFound, "not_found", step)
}

impl From<NoToken> for TokenError {
    fn from(reason: NoToken) -> Self {
        match reason {
            NoToken::Unverified => Self::Unverified,
            NoToken::Disconnecting => Self::Disconnecting,
            NoToken::Disconnected => Self::Disconnected,
            NoToken::NeedsReauth => Self::NeedsReauth,
            NoToken::ProductsNotGranted { granted } => Self::ProductsNotGranted { granted },
            _ => Self::NotFound,
        }
    }
}

/// What Finch says about a token that a host has reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unauthorized {
    /// Finch accepts the token: the 401 had another reason. Nothing was revoked.
    StillAccepted,
    /// The employer must authenticate again. The tokens are kept.
    NeedsReauth,
    /// Finch refuses the token: it is revoked here, and its siblings were asked about.
    Revoked,
    /// A disconnect of the connection is under way, or the customer's access has ended. Nothing was
    /// changed.
    Disconnecting,
    /// Finch's answer proves nothing. Nothing was revoked.
    NothingProven {
        /// What Finch said.
        failure: Failure,
    },
}

/// When Finch was asked about a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// How the connection was.
    pub(crate) asked_at: AskedAt,
    /// By the process's own clock, before anything was sent.
    pub(crate) monotonic: Duration,
}

impl Finch {
    /// The newest token of this customer in this connection that covers `products` (empty: any). One
    /// read of the store; Finch is not asked. The first use is recorded, and then one a day is noted.
    ///
    /// # Errors
    /// [`TokenError`] says why there is none.
    pub async fn access_token(
        &self,
        scope: &CustomerScope,
        connection: &ConnectionId,
        products: &[Product],
    ) -> Result<UsableToken, TokenError> {
        let query = TokenQuery { products: products.to_vec() };
        let usable = || self.store().usable_token(scope.id(), connection, &query);
        while let Some(mut token) = usable().await? {
            let now = self.now();
            if token.is_worth_noting(now) {
                // A fence may come meanwhile: what is handed out is read after the use is noted.
                self.note_use(&token, now).await;
                let Some(again) = usable().await? else { break };
                token = again;
            }
            // Under the name that was asked for, its seal proves where it belongs.
            let is_named = token.connection_id == *connection;
            if is_named || self.is_usable_under(scope, connection, token.id).await? {
                let (id, connection_id) = (token.id, token.connection_id.clone());
                let products = token.products.clone();
                let secret = self.vault().usable(scope.id(), token).await?;
                return Ok(UsableToken { secret, connection_id, products, id });
            }
        }
        let found = self.store().load(Selector::ConnectionId(connection), Some(scope.id())).await?;
        Err(why_no_token(found.as_ref(), scope.id()).into())
    }

    /// Whether a token that goes by another name is in use in this connection. It must not be of another provider
    /// or employer than its connection, and nor must those that go by the name.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]: it is, or they are.
    async fn is_usable_under(
        &self,
        scope: &CustomerScope,
        connection: &ConnectionId,
        token: TokenId,
    ) -> Result<bool, StoreError> {
        let selector = Selector::ConnectionId(connection);
        let Some(found) = self.store().load(selector, Some(scope.id())).await? else {
            return Ok(false);
        };
        let is_meant = |t: &&Token| t.id == token || t.facts.connection_id == *connection;
        let mut meant = found.tokens.iter().filter(is_meant);
        if meant.any(|t| decide::contradicts(&found, &t.facts)) {
            let problem = format!("{token} is in another connection than its own");
            return Err(StoreError::Corrupt(problem));
        }
        Ok(found.token(token).is_some_and(|t| t.state == TokenState::Active))
    }

    /// Notes that a token is used; the first use is an event of its connection. The caller does not wait for a
    /// store that cannot: the next use is noted then.
    async fn note_use(&self, token: &SealedToken, now: Timestamp) {
        let noted = async {
            if token.used_at.is_none() {
                let found = self.store().load(Selector::TokenId(token.id), None).await?;
                let Some(connection) = found else { return Ok(()) };
                let mut draft = Draft::of(connection);
                decide::hand_out(&mut draft, token.id, now);
                // Another call may have noted it: once is enough.
                match self.commit(draft).await {
                    Ok(_) => {}
                    Err(StoreError::Moved) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            self.store().note_use(token.id, now).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the use of a token could not be noted");
        }
    }

    /// A data call with this token has answered 401: asks Finch itself. The host's word alone revokes
    /// nothing.
    ///
    /// # Errors
    /// [`TokenError::NotFound`]: it is not a token of this customer. [`TokenError::Store`].
    pub async fn report_unauthorized(
        &self,
        scope: &CustomerScope,
        token: &AccessToken,
    ) -> Result<Unauthorized, TokenError> {
        let fingerprint = self.vault().token(token);
        let selector = Selector::Fingerprint(&fingerprint);
        let found = self.store().load(selector, Some(scope.id())).await?;
        let newest = found.as_ref().and_then(|c| c.token_of(&fingerprint));
        let id = newest.map(|token| token.id).ok_or(TokenError::NotFound)?;
        let known = found.as_ref().and_then(|c| Some((c, c.token(id)?)));
        match known.map(|(_, token)| &token.state) {
            None => return Err(TokenError::NotFound),
            // What became of it since is others' doing.
            _ if known.is_some_and(|(connection, token)| {
                connection.has_ended_for_its_customer(token)
            }) =>
            {
                return Ok(Unauthorized::Disconnecting);
            }
            Some(TokenState::Revoked { .. }) => return Ok(Unauthorized::Revoked),
            Some(TokenState::Active | TokenState::Unverified) => {}
            Some(_) => return Ok(Unauthorized::Disconnecting),
        }
        let Some(asked) = found.as_ref().map(|connection| self.asks_about(connection)) else {
            return Err(TokenError::NotFound);
        };
        let answer = self.api().introspect(token).await;
        let observed = self.observe(id, asked, answer.as_ref()).await?;
        Ok(match (observed, answer) {
            (Observed::Refused, _) => {
                self.probe_own(scope, id).await?;
                Unauthorized::Revoked
            }
            (Observed::NeedsReauth, _) => Unauthorized::NeedsReauth,
            (Observed::Accepted, _) | (_, Ok(_)) => Unauthorized::StillAccepted,
            (Observed::Nothing, Err(error)) => {
                Unauthorized::NothingProven { failure: error.failure() }
            }
        })
    }

    /// Finch is about to be asked about a token of this connection.
    pub(crate) fn asks_about(&self, connection: &Connection) -> Asked {
        Asked { asked_at: AskedAt::of(connection), monotonic: self.system().monotonic() }
    }

    /// Writes down what Finch said about a token, on whatever the connection is by then.
    pub(crate) async fn observe(
        &self,
        token: TokenId,
        asked: Asked,
        answer: Result<&finch_core::Introspection, &FinchApiError>,
    ) -> Result<Observed, StoreError> {
        let Asked { asked_at, monotonic } = asked;
        let company = answer.ok().and_then(|said| said.facts.company_id.as_ref());
        let observed = self.change_beside(Selector::TokenId(token), company, |draft, pair| {
            let late = self.late(pair.into_iter().chain([draft.connection()]), monotonic);
            let (now, jitter) = (self.now(), self.jitter());
            decide::observe(draft, pair, Observation { token, asked_at, answer, late, now, jitter })
        });
        Ok(observed.await?.unwrap_or(Observed::Nothing))
    }

    /// Asks Finch about all tokens that this customer has in use of a token's connection. What one
    /// customer reports changes nothing of another's (I11): theirs are found when they are used.
    pub(crate) async fn probe_own(
        &self,
        scope: &CustomerScope,
        token: TokenId,
    ) -> Result<(), StoreError> {
        let found = self.store().load(Selector::TokenId(token), Some(scope.id())).await?;
        let Some(connection) = found else {
            return Ok(());
        };
        let own = connection.tokens.iter().filter(|t| t.customer.as_ref() == Some(scope.id()));
        let mut work = self.work_on(connection.key).await;
        for own in own.filter(|t| t.state.is_live()) {
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
        let Some(connection) = self.store().load(Selector::TokenId(token), None).await? else {
            return Ok((Observed::Nothing, None));
        };
        let Some(kept) = connection.token(token) else { return Ok((Observed::Nothing, None)) };
        let secret = match self.vault().secret(kept).await {
            Ok(Some(secret)) => secret,
            Ok(None) => return Ok((Observed::Nothing, None)),
            Err(StoreError::Unreadable { .. }) => {
                self.note_unreadable(token).await?;
                return Ok((Observed::Nothing, None));
            }
            Err(error) => return Err(error),
        };
        let asked = self.asks_about(&connection);
        let answer = work.call(self.api().introspect(&secret)).await;
        Ok((self.observe(token, asked, answer.as_ref()).await?, answer.err()))
    }

    /// Writes down that a secret cannot be unsealed.
    pub(crate) async fn note_unreadable(&self, token: TokenId) -> Result<(), StoreError> {
        let unreadable = |draft: &mut _| decide::unreadable(draft, token, self.now());
        self.change(Selector::TokenId(token), unreadable).await?;
        Ok(())
    }
}
