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

/// The ledger that is being written, and the errors of the store meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book(Arc<Mutex<(Ledger, Vec<String>)>>);

impl Book {
    /// A book that goes on from here.
    pub(crate) fn from(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new((ledger, Vec::new()))))
    }

    fn open(&self) -> MutexGuard<'_, (Ledger, Vec<String>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Ledger {
        self.open().0.clone()
    }

    pub(crate) fn claimed(&self, attempt: AttemptId) {
        self.open().0.exchanges.push(Exchange { attempt, secret: None });
    }

    /// Finch has issued this in the exchange that began last.
    pub(crate) fn issued(&self, secret: String) {
        if let Some(exchange) = self.open().0.exchanges.last_mut() {
            exchange.secret = Some(secret);
        }
    }

    /// A commit is durable, under its number; with the secret of the token that is new in it.
    pub(crate) fn committed(&self, commit: Commit, admitted: Option<(TokenId, String)>) {
        self.open().0.commit(commit, admitted);
    }

    /// Tokens that Finch has ended without us.
    pub(crate) fn ended_outside(&self, tokens: impl IntoIterator<Item = String>) {
        self.open().0.outside.extend(tokens);
    }

    /// Tokens that an error carried back to its caller.
    pub(crate) fn handed_back(&self, tokens: impl IntoIterator<Item = String>) {
        self.open().0.handed_back.extend(tokens);
    }

    /// A token is handed out: it must not have been taken back.
    pub(crate) fn handed_out(&self, token: TokenId) {
        let (ledger, _) = &mut *self.open();
        let known = ledger.tokens.get(&token).map(|known| &known.state);
        if let Some(state) = known.filter(|state| !state.is_live()) {
            ledger.wrong.push(format!("{token} is handed out, and was acknowledged as {state:?}"));
        }
    }

    pub(crate) fn error(&self, error: &impl std::fmt::Debug) {
        let name = format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect();
        self.open().1.push(name);
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.open().1.clone()
    }
}
