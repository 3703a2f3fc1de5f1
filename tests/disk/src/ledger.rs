//! The ledger: what the store has acknowledged, and what Finch has issued. It is the test's own memory,
//! which no power loss touches.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use finch_core::{AttemptId, Commit, TokenId, TokenState};

/// What was acknowledged up to a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Tokens, by record: as the last acknowledged change left them.
    pub(crate) tokens: BTreeMap<TokenId, Known>,
    /// Exchanges, in the order in which they began: one at a time.
    pub(crate) exchanges: Vec<Exchange>,
    /// Tokens that Finch ended without us.
    pub(crate) outside: BTreeSet<String>,
}

/// One token's record.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The token, if the write that stored it was acknowledged.
    pub(crate) secret: Option<String>,
    /// Its state.
    pub(crate) state: TokenState,
}

/// One exchange that the store let begin.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Its attempt.
    pub(crate) attempt: AttemptId,
    /// What Finch issued.
    pub(crate) secret: Option<String>,
}

impl Ledger {
    /// A state that no token leaves for `Active`.
    pub(crate) fn is_never_handed_out(state: &TokenState) -> bool {
        !state.is_live()
    }

    /// Whether a token whose change to `acknowledged` is durable may be found in `found`.
    pub(crate) fn may_be(acknowledged: &TokenState, found: &TokenState) -> bool {
        use TokenState::{Fenced, Revoked};
        match acknowledged {
            Revoked { .. } => found.is_revoked(),
            Fenced => matches!(found, Fenced | Revoked { .. }),
            kept if Self::is_never_handed_out(kept) => {
                matches!(found, Fenced | Revoked { .. }) || found == kept
            }
            _ => true,
        }
    }

    fn commit(&mut self, commit: Commit, admitted: Option<(TokenId, String)>) {
        for token in commit.tokens {
            let known = Known { secret: None, state: token.state.clone() };
            self.tokens.entry(token.id).or_insert(known).state = token.state;
        }
        if let Some((id, secret)) = admitted
            && let Some(known) = self.tokens.get_mut(&id)
        {
            known.secret = Some(secret);
        }
    }
}

/// The ledger that is being written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(Arc<Mutex<Ledger>>);

impl Book {
    /// A book that goes on from here.
    pub(crate) fn from(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger)))
    }

    fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it is now.
    pub(crate) fn now(&self) -> Ledger {
        self.open().clone()
    }

    /// The exchange of this attempt begins.
    pub(crate) fn claimed(&self, attempt: AttemptId) {
        self.open().exchanges.push(Exchange { attempt, secret: None });
    }

    /// Finch has issued this in the exchange that began last.
    pub(crate) fn issued(&self, secret: String) {
        if let Some(exchange) = self.open().exchanges.last_mut() {
            exchange.secret = Some(secret);
        }
    }

    /// A commit is durable, under its number; with the secret of the token that is new in it.
    pub(crate) fn committed(&self, commit: Commit, admitted: Option<(TokenId, String)>) {
        self.open().commit(commit, admitted);
    }

    /// Tokens that Finch has ended without us.
    pub(crate) fn ended_outside(&self, tokens: impl IntoIterator<Item = String>) {
        self.open().outside.extend(tokens);
    }
}
