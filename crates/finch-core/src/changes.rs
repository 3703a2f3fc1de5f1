//! Changes: what a decision writes. A store applies them whole, or not at all.

use jiff::Timestamp;

use crate::{
    AccessToken, AttemptEnd, AttemptId, CompanyId, ConnectionKey, ConnectionStatus, CustomerId,
    DisconnectId, Event, FinchTokenId, Intent, Product, Progress, ProviderId, Revision, Seq,
    TokenFacts, TokenId, TokenState,
};

/// What one decision writes to one connection. Fields are applied in their order here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Changes {
    /// The connection that changes, as the decision saw it.
    pub target: Target,
    /// A provisional connection that proved to be the target: its tokens, disconnects and events
    /// move to the target, and its record goes (R4).
    pub absorb: Option<(ConnectionKey, Revision)>,
    /// The employer of a provisional connection.
    pub company: Option<CompanyId>,
    /// A token to store.
    pub admit: Option<Admission>,
    /// Changes to tokens of the target, or of the absorbed connection.
    pub tokens: Vec<TokenChange>,
    /// Changes to disconnects, in this order.
    pub disconnects: Vec<DisconnectChange>,
    /// A customer's access that ends here, with the next sequence number, at this time.
    pub retirement: Option<(CustomerId, Timestamp)>,
    /// When the connection next needs work, if that changes.
    pub agenda: Option<Agenda>,
    /// The attempt that ends with this. `Stored` is written with the id of the admitted token.
    pub attempt: Option<(AttemptId, Ended)>,
    /// What to remember.
    pub events: Vec<Event>,
}

/// How an attempt ends together with its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With the token that is admitted here.
    Admitted,
    /// With a token that was known before.
    Known(TokenId),
}

impl Changes {
    /// No change yet, to `target`.
    pub fn to(target: Target) -> Self {
        Self {
            target,
            absorb: None,
            company: None,
            admit: None,
            tokens: Vec::new(),
            disconnects: Vec::new(),
            retirement: None,
            agenda: None,
            attempt: None,
            events: Vec::new(),
        }
    }

    /// How the attempt ends, once the admitted token's id is known.
    pub fn attempt_end(&self, admitted: Option<TokenId>) -> Option<(AttemptId, AttemptEnd)> {
        let (attempt, ended) = self.attempt?;
        let token = match ended {
            Ended::Admitted => admitted?,
            Ended::Known(token) => token,
        };
        Some((attempt, AttemptEnd::Stored(token)))
    }
}

/// The connection that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A connection at the revision that the decision saw.
    Existing(ConnectionKey, Revision),
    /// A connection that does not exist yet.
    New {
        /// The payroll or HR system.
        provider: ProviderId,
        /// The employer, where it is known.
        company: Option<CompanyId>,
    },
}

/// A token to store. Its id is the next sequence number: its exchange ends here.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Whose it is; none if quarantined.
    pub customer: Option<CustomerId>,
    /// The token itself, to be sealed.
    pub secret: AccessToken,
    /// What Finch said about it.
    pub facts: TokenFacts,
    /// The state that the rules give it.
    pub state: TokenState,
    /// When its exchange began.
    pub exchange_began: Seq,
    /// By the clock, for people.
    pub at: Timestamp,
}

/// A change to one token. What is `None` stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenChange {
    /// Which.
    pub id: TokenId,
    /// Its new state. `Revoked` wipes the secret in the same transaction.
    pub state: Option<TokenState>,
    /// Finch accepted it after doubt: its generation counts from the next sequence number.
    pub verified: bool,
    /// How far its end is proven.
    pub progress: Option<Progress>,
    /// What it covers.
    pub products: Option<Vec<Product>>,
    /// How its connection does.
    pub status: Option<ConnectionStatus>,
    /// Finch's name for it.
    pub finch_token_id: Option<FinchTokenId>,
}

impl TokenChange {
    /// No change yet, to `id`.
    pub fn to(id: TokenId) -> Self {
        Self {
            id,
            state: None,
            verified: false,
            progress: None,
            products: None,
            status: None,
            finch_token_id: None,
        }
    }

    /// A new state, and nothing else.
    pub fn state(id: TokenId, state: TokenState) -> Self {
        Self { state: Some(state), ..Self::to(id) }
    }
}

/// A change to the disconnects of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisconnectChange {
    /// One begins, with the next sequence number as its id.
    Begin(Intent),
    /// One ends, with the next sequence number. Without an id: the one that begins here.
    End(Option<DisconnectId>, Timestamp),
    /// One that had ended goes on.
    Reopen(DisconnectId),
    /// One goes on as an older one.
    Merge(DisconnectId, DisconnectId),
    /// A request joins an open one, and covers what it covers: it takes the next sequence number as
    /// its id, and goes on as that one from the start.
    Join(Intent, DisconnectId),
}

/// When a connection next needs work, and whether a person should look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agenda {
    /// Not before this time; none: there is nothing to do.
    pub due: Option<Timestamp>,
    /// A person should look at it.
    pub attention: bool,
}

/// What a store made of [`Changes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The connection that changed, or was created.
    pub connection: ConnectionKey,
    /// Its revision now.
    pub revision: Revision,
    /// The token that was stored.
    pub admitted: Option<TokenId>,
    /// The disconnect that began.
    pub begun: Option<DisconnectId>,
}
