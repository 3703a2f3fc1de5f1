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
    /// Tokens that an error carried back to its caller.
    pub(crate) handed_back: BTreeSet<String>,
    /// What was handed out and must not have been.
    pub(crate) wrong: Vec<String>,
    /// The store's errors, by name.
    pub(crate) errors: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The token, if the write that stored it was acknowledged.
    pub(crate) secret: Option<String>,
    pub(crate) state: TokenState,
}

/// One exchange that the store let begin.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) attempt: AttemptId,
    pub(crate) secret: Option<String>,
}

impl Ledger {
    /// Whether a token whose change to `acknowledged` is durable may be found in `found`.
    pub(crate) fn may_be(acknowledged: &TokenState, found: &TokenState) -> bool {
        use TokenState::{Fenced, Revoked};
        match acknowledged {
            Revoked { .. } => found.is_revoked(),
            Fenced => matches!(found, Fenced | Revoked { .. }),
            kept => kept.is_live() || found == kept || matches!(found, Fenced | Revoked { .. }),
        }
    }

    /// A commit is durable, under its number; with the secret of the token that is new in it.
    pub(crate) fn commit(&mut self, commit: Commit, admitted: Option<(TokenId, String)>) {
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

    /// A token is handed out: it must not have been taken back.
    pub(crate) fn handed_out(&mut self, token: TokenId) {
        let known = self.tokens.get(&token).map(|known| &known.state);
        if let Some(state) = known.filter(|state| !state.is_live()) {
            self.wrong.push(format!("{token} is handed out, and was acknowledged as {state:?}"));
        }
    }

    pub(crate) fn error(&mut self, error: &impl std::fmt::Debug) {
        let name = format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect();
        self.errors.push(name);
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

    pub(crate) fn open(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Ledger {
        self.open().clone()
    }
}
