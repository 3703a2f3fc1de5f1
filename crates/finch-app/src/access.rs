//! Access: a token for its customer, and what Finch says when one stops working.

use finch_core::{
    AccessToken, Chain, ConnectionId, CustomerScope, Draft, Failure, Product, SealedToken,
    Selector, StoreError, Timestamp, Token, TokenId, TokenQuery, TokenState,
    decide::{self, Observed, TokenError, why_no_token},
};
use serde::Serialize;

use crate::Finch;

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

impl Finch {
    /// The newest token of this customer in this connection that covers `products` (empty: any). One
    /// read of the store; Finch is not asked. The first use is recorded, and then one a day is noted.
    #[doc = example!(
        "let token = finch.access_token(acme, &id, &[Product::Directory]).await?;",
        "// `token.secret` goes to Finch as the Bearer token, and nowhere else.",
    )]
    /// # Errors
    /// [`TokenError`] says why there is none.
    pub async fn access_token(
        &self,
        scope: &CustomerScope,
        connection: &ConnectionId,
        products: &[Product],
    ) -> Result<UsableToken, TokenError> {
        let query = TokenQuery { products: products.to_vec() };
        let usable = || self.inner.store.usable_token(scope.id(), connection, &query);
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
                let secret = self.inner.vault.usable(scope.id(), &token).await?;
                let SealedToken { id, connection_id, products, .. } = token;
                return Ok(UsableToken { secret, connection_id, products, id });
            }
        }
        let found =
            self.inner.store.load(Selector::ConnectionId(connection), Some(scope.id())).await?;
        Err(why_no_token(found.as_ref(), scope.id()))
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
        let Some(found) = self.inner.store.load(selector, Some(scope.id())).await? else {
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
                let Some(connection) = self.holding(token.id).await? else { return Ok(()) };
                let mut draft = Draft::of(connection);
                decide::hand_out(&mut draft, token.id, now);
                // Another call may have noted it: once is enough.
                match self.commit(draft, None).await {
                    Ok(_) => {}
                    Err(StoreError::Moved) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            self.inner.store.note_use(token.id, now).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(error = %Chain(&error), "the use of a token could not be noted");
        }
    }

    /// A data call with this token has answered 401: asks Finch itself. The host's word alone revokes
    /// nothing.
    #[doc = example!(
        "# let token = finch.access_token(acme, &id, &[]).await?;",
        "match finch.report_unauthorized(acme, &token.secret).await? {",
        r#"    Unauthorized::Revoked => println!("connect again"),"#,
        r#"    Unauthorized::NeedsReauth => println!("reauthenticate"),"#,
        r#"    _ => println!("the token is not the cause"),"#,
        "}",
    )]
    /// # Errors
    /// [`TokenError::NotFound`]: it is not a token of this customer. [`TokenError::Store`].
    pub async fn report_unauthorized(
        &self,
        scope: &CustomerScope,
        token: &AccessToken,
    ) -> Result<Unauthorized, TokenError> {
        let fingerprint = self.inner.vault.token(token);
        let selector = Selector::Fingerprint(&fingerprint);
        let found = self.inner.store.load(selector, Some(scope.id())).await?;
        let found = found.ok_or(TokenError::NotFound)?;
        let known = found.token_of(&fingerprint).ok_or(TokenError::NotFound)?;
        match known.state {
            // What became of it since is others' doing.
            _ if found.has_ended_for_its_customer(known) => return Ok(Unauthorized::Disconnecting),
            TokenState::Revoked { .. } => return Ok(Unauthorized::Revoked),
            TokenState::Active | TokenState::Unverified => {}
            _ => return Ok(Unauthorized::Disconnecting),
        }
        let (id, asked) = (known.id, self.asks_about(&found));
        let answer = self.inner.api.introspect(token).await;
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
}
