//! Import: keep the tokens that the application has already. Each is asked about at Finch, to learn its
//! connection, and stored as the token of an exchange is.

use finch_core::{
    AccessToken, Chain, ClientId, Commit, ConnectionId, CustomerId, Failure, FailureKind, Grant,
    Introspection, OperatorScope, PartialFacts, RequestId, Selector, StoreError, TokenFacts,
    TokenId, TokenState,
    decide::{AskedAt, Source},
};
use serde::Serialize;

use crate::{Finch, Pace, RunError, admit::Began, observe::Asking, work::Effort};

/// A token that the application has.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The token. [`AccessToken::parse`] checks text that may be something else.
    pub token: AccessToken,
    /// Whose it is, by the application's own id. The operator vouches for that.
    pub customer: CustomerId,
    /// The connection that it is known to belong to; none: whichever Finch says.
    pub connection_id: Option<ConnectionId>,
}

impl ImportRequest {
    fn means_another(&self, connection: &ConnectionId) -> bool {
        self.connection_id.as_ref().is_some_and(|named| named != connection)
    }
}

/// What became of a token that was to be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportedToken {
    /// Stored, in this state: `Active`, unless a disconnect of the connection touches it.
    Stored {
        /// The handle of its connection.
        connection_id: ConnectionId,
        /// What it is here.
        #[serde(flatten)]
        state: TokenState,
    },
    /// This customer's token is here already. Finch was not asked.
    AlreadyHere {
        /// The handle of its connection.
        connection_id: ConnectionId,
        /// What it is here.
        #[serde(flatten)]
        state: TokenState,
    },
    /// Finch refuses it: it was revoked, or is not a Finch token. Nothing was stored.
    Refused {
        /// Finch's request id of the refusal.
        request_id: Option<RequestId>,
    },
    /// It is another customer's here. Nothing was changed.
    Foreign,
    /// Stored, and quarantined: its `connection_id` belongs to another provider or company here. It is
    /// never handed out; an operator must look at it.
    Conflict {
        /// What Finch said.
        connection_id: ConnectionId,
    },
    /// It was issued to another application. Nothing was stored.
    OtherApplication {
        /// To which.
        client_id: ClientId,
    },
    /// It belongs to another connection than the one that was named. Nothing was stored.
    OtherConnection {
        /// To which.
        connection_id: ConnectionId,
    },
    /// Finch said nothing that decides about this token. Nothing was stored.
    Undecided {
        /// What it said.
        failure: Failure,
    },
}

impl Finch {
    /// Imports one token. Safe to repeat: a token that is here already is found without asking Finch, so
    /// that a run over many goes on where it stopped.
    #[doc = example!(
        r#"# let (token, customer) = ("", "acme");"#,
        "let token = AccessToken::parse(token)?;",
        "let import = ImportRequest { token, customer: customer.parse()?, connection_id: None };",
        "let pace = Pace::of(std::time::Duration::from_millis(500));",
        "let imported = finch.import(operator, &import, pace).await?;",
    )]
    /// # Errors
    /// [`RunError`]: this token was not imported, and the next one would not be either.
    pub async fn import(
        &self,
        scope: &OperatorScope,
        import: &ImportRequest,
        pace: Pace<'_>,
    ) -> Result<ImportedToken, RunError> {
        if let Some(known) = self.known(import).await? {
            return Ok(known);
        }
        self.inner.vault.ready().await?;
        // Before Finch is asked: a disconnect that begins while it answers covers the token.
        let monotonic = self.inner.system.monotonic();
        let began = Began { number: self.inner.store.commit(Commit::default()).await?, monotonic };
        let said = match self.ask(&import.token, pace).await? {
            Ok(said) => said,
            Err(error) if error.failure_kind() == FailureKind::TokenInvalid => {
                return Ok(ImportedToken::Refused { request_id: error.request_id() });
            }
            Err(error) => return Ok(ImportedToken::Undecided { failure: error.failure() }),
        };
        let ours = &self.application().client_id;
        if let Some(client_id) = said.client_id.clone().filter(|said| said != ours) {
            return Ok(ImportedToken::OtherApplication { client_id });
        }
        let Some(facts) = facts(&said, import.connection_id.clone()) else {
            return Ok(ImportedToken::Undecided { failure: unplaced(&said) });
        };
        let connection_id = facts.connection_id.clone();
        if import.means_another(&connection_id) {
            return Ok(ImportedToken::OtherConnection { connection_id });
        }
        let grant = Grant { secret: import.token.clone(), facts };
        let from = Source::Import { customer: &import.customer, by: scope.name() };
        let stored = self.store_grant(from, began, &grant).await?;
        let Some(token) = stored else { return Ok(ImportedToken::Foreign) };
        // What Finch has just said, such as that the employer must authenticate again. It was asked before
        // the token was here, so that it settles no doubt.
        let asked = Asking { asked_at: AskedAt::unknown(), monotonic };
        self.observe(token, asked, Ok(&said)).await?;
        if let Err(error) = self.settle_import(token, pace).await {
            tracing::debug!(error = %Chain(&error), "left to the reconciler");
        }
        self.outcome(token).await
    }

    /// What is known of the token without asking Finch.
    async fn known(&self, import: &ImportRequest) -> Result<Option<ImportedToken>, StoreError> {
        let fingerprint = self.inner.vault.token(&import.token);
        let found = self.inner.store.load(Selector::Fingerprint(&fingerprint), None).await?;
        let token = found.as_ref().and_then(|c| c.token_of(&fingerprint));
        let token = token.filter(|t| !t.state.is_revoked());
        Ok(token.map(|token| {
            let (connection_id, state) = (token.facts.connection_id.clone(), token.state.clone());
            match &token.customer {
                None => ImportedToken::Conflict { connection_id },
                Some(customer) if *customer != import.customer => ImportedToken::Foreign,
                Some(_) if import.means_another(&connection_id) => {
                    ImportedToken::OtherConnection { connection_id }
                }
                Some(_) => ImportedToken::AlreadyHere { connection_id, state },
            }
        }))
    }

    /// Settles the doubt that an earlier disconnect may have raised. Where Finch is silent now, the
    /// reconciler does it.
    async fn settle_import(&self, token: TokenId, pace: Pace<'_>) -> Result<(), RunError> {
        let found = self.holding(token).await?;
        let token = found.as_ref().and_then(|c| c.token(token));
        if let Some(token) = token.filter(|t| t.state == TokenState::Unverified) {
            self.await_a_turn(pace).await?;
            self.settle(token.id, token.customer.as_ref(), Effort::AtOnce).await?;
        }
        Ok(())
    }

    async fn outcome(&self, token: TokenId) -> Result<ImportedToken, RunError> {
        let found = self.holding(token).await?;
        let Some(token) = found.as_ref().and_then(|c| c.token(token)) else {
            return Err(StoreError::Corrupt("a token that was stored is not there".into()).into());
        };
        let (connection_id, state) = (token.facts.connection_id.clone(), token.state.clone());
        Ok(match &token.customer {
            Some(_) => ImportedToken::Stored { connection_id, state },
            None => ImportedToken::Conflict { connection_id },
        })
    }
}

/// The token's facts: what `/introspect` says, and where that names no connection, the one that the
/// operator has named.
fn facts(said: &Introspection, named: Option<ConnectionId>) -> Option<TokenFacts> {
    let named = PartialFacts { connection_id: named, ..PartialFacts::default() };
    said.facts.clone().or(named).complete()
}

/// Finch accepts the token without saying which connection it belongs to.
fn unplaced(said: &Introspection) -> Failure {
    Failure { request_id: said.request_id.clone(), ..FailureKind::Unplaced.into() }
}
