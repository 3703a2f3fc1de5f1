//! Attempts: one customer on the way through Finch Connect, bound to a `state`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Connection, ConnectionId, CustomerId, Disconnect, DisconnectId, Evidence, Failure, FailureKind,
    FinchCustomerId, OperatorName, Product, RedirectUri, Seq, Token, TokenFacts, TokenId,
    TokenState,
};

/// An attempt's record: the sequence number at which it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub Seq);

/// How the person goes through Finch Connect. It decides whether `redirect_uri` goes with the code:
/// always in the redirect flow, never in the embedded one (else `invalid_grant`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Finch's page sends the browser back to this address.
    Redirect(RedirectUri),
    /// Finch's JavaScript hands the code to the host's page.
    Embedded,
}

impl Flow {
    /// The address to send with the code.
    pub fn redirect_uri(&self) -> Option<&RedirectUri> {
        match self {
            Self::Redirect(uri) => Some(uri),
            Self::Embedded => None,
        }
    }
}

/// What an attempt is for, as known when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAttempt {
    /// Who connects.
    pub customer: CustomerId,
    /// How.
    pub flow: Flow,
    /// The customer id that Finch must return with the token, where it returns one.
    pub finch_customer_id: Option<FinchCustomerId>,
    /// What the host asks for.
    pub products: Vec<Product>,
    /// The connection to reauthenticate, where the attempt is not for a new one.
    pub reauthenticates: Option<ConnectionId>,
    /// The open disconnect that lacks a readable token, where the attempt is to bring it one.
    pub for_disconnect: Option<DisconnectId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when its session at Finch lives.
    pub expires_at: Timestamp,
}

/// One attempt's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The record.
    pub id: AttemptId,
    /// What it is for.
    pub purpose: NewAttempt,
    /// When its exchange began: the `state` was consumed.
    pub exchange: Option<Exchange>,
}

/// The exchange of an attempt's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its place in the order of things.
    pub began: Seq,
    /// By the clock, for people and for [`ABANDONED_AFTER`].
    pub began_at: Timestamp,
    /// How it ended; none while it runs, or after a crash.
    pub end: Option<AttemptEnd>,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttemptEnd {
    /// Its token is stored.
    Stored(TokenId),
    /// Finch issued a token that another customer's record already holds. Nothing was changed.
    ForeignToken,
    /// Nothing reached Finch: the same code may be tried again.
    NotSent(Failure),
    /// Finch said no: no token was issued.
    Failed(Failure),
    /// The answer was lost: a token may exist that is not stored.
    Unknown(Failure),
    /// Was `Unknown`; a later token of the same connection ends with it, once Finch has ended that.
    Covered {
        /// What was unknown.
        failure: Failure,
        /// The later token.
        by: TokenId,
        /// Whether it could take effect no more, or had done so, when Finch accepted that token.
        over: bool,
    },
    /// Was `Unknown`; Finch has ended its connection since.
    Cleared,
    /// Was `Unknown`; an operator vouches that no token is left of it.
    Dismissed {
        /// Who.
        operator: OperatorName,
        /// Why.
        reason: String,
    },
}

/// What a token is worth that covers a lost exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// One disconnect will end both.
    Holds,
    /// One disconnect has ended both: this is to be written.
    Ends(AttemptEnd),
    /// One disconnect will end both if the token still lives: Finch is to be asked, and if it accepts the
    /// token, this is to be written.
    Asks(AttemptEnd),
    /// Nothing: the exchange is a possible orphan.
    Lost,
}

impl AttemptEnd {
    /// Whether `next` may follow: something was not sent, or is not known; or was given up while it ran, and
    /// has come to its own end after all.
    pub fn may_become(&self, next: &Self) -> bool {
        match self {
            Self::NotSent(_) | Self::Unknown(_) | Self::Covered { .. } => true,
            Self::Cleared | Self::Dismissed { .. } => {
                matches!(next, Self::Stored(_) | Self::Unknown(_))
            }
            _ => false,
        }
    }
}

/// How long an exchange may run before it counts as abandoned by a crash: more than Finch's server
/// limit of 6 minutes.
pub const ABANDONED_AFTER: std::time::Duration = std::time::Duration::from_secs(10 * 60);

/// How long an attempt is kept beyond its session's end, where nothing can come of it: a person who comes
/// back late reads that it has expired, and the same code again gets the same answer.
pub const ATTEMPT_KEPT_FOR: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// At most so many attempts are forgotten when another one is opened.
pub const FORGOTTEN_AT_ONCE: usize = 100;

/// What a `state` and a `code` lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Consume the attempt: its exchange begins.
    Begin,
    /// The same state and code came before: this is how that ended.
    Repeat(AttemptEnd),
    /// The same state and code came before, and the exchange still runs, or was cut off just now.
    InProgress,
    /// The state was used with another code.
    StateUsed,
    /// The session has expired.
    Expired,
}

impl Attempt {
    /// How its exchange ended; none: there is none, or it runs.
    fn end(&self) -> Option<&AttemptEnd> {
        self.exchange.as_ref()?.end.as_ref()
    }

    /// Decides what the holder of this attempt's `state` gets. `same_code` compares with the code of
    /// the exchange that has begun, if one has.
    pub fn claim(&self, same_code: bool, now: Timestamp) -> Claim {
        match &self.exchange {
            Some(_) if !same_code => Claim::StateUsed,
            Some(Exchange { end: Some(AttemptEnd::NotSent(_)), .. })
                if now < self.purpose.expires_at =>
            {
                Claim::Begin
            }
            Some(Exchange { end: Some(end), .. }) => Claim::Repeat(end.clone()),
            Some(Exchange { end: None, .. }) if self.is_possible_orphan(now) => {
                Claim::Repeat(AttemptEnd::Unknown(FailureKind::NoAnswer.into()))
            }
            Some(Exchange { end: None, .. }) => Claim::InProgress,
            None if now >= self.purpose.expires_at => Claim::Expired,
            None => Claim::Begin,
        }
    }

    /// Whether a token with these `facts`, of the later attempt `by`, shows that no token of this lost
    /// exchange is left over, since it would belong to the same connection, so that one disconnect ends
    /// both: Finch says that the token is of the same customer id, or says of none and has named this
    /// connection as that customer id's, and allows each only one, even for an exchange that takes effect
    /// later; or the lost exchange was to renew that very connection.
    pub fn is_cleared_by(&self, by: &Attempt, facts: &TokenFacts) -> bool {
        let (lost, new) = (&self.purpose, &by.purpose);
        let is_later = self.exchange.as_ref().is_some_and(|exchange| exchange.began < by.id.0);
        let is_of = |id: &Option<ConnectionId>| id.as_ref() == Some(&facts.connection_id);
        let says_so = match &facts.finch_customer_id {
            Some(said) => lost.finch_customer_id.as_ref() == Some(said),
            None => is_of(&new.reauthenticates),
        };
        let same_customer_id = lost.finch_customer_id.is_some()
            && lost.finch_customer_id == new.finch_customer_id
            && says_so;
        let as_asked = new.reauthenticates.is_none() || is_of(&new.reauthenticates);
        lost.customer == new.customer
            && is_later
            && (is_of(&lost.reauthenticates)
                || (lost.reauthenticates.is_none() && same_customer_id && as_asked))
    }

    /// Whether this attempt has renewed a connection of which nothing else is stored that began before it: Finch knew
    /// the connection, so that an exchange that is not stored has made it. A renewal that brings a stored token once
    /// more shows nothing of the kind.
    pub fn has_renewed_unknown(&self, connection: &Connection, token: &Token) -> bool {
        let Some(Exchange { began, .. }) = self.exchange else { return false };
        let began_later = |t: &Token| t.id == token.id || t.exchange_began > began;
        self.purpose.reauthenticates.is_some()
            && token.exchange_began == began
            && connection.tokens.iter().all(began_later)
    }

    /// What to write of this lost exchange once `token`, of a later attempt that
    /// [clears](Self::is_cleared_by) it, is stored. `is_over`: it could take effect no more when Finch issued
    /// the token, or had done so.
    pub fn cleared_by(&self, token: &Token, is_over: bool) -> AttemptEnd {
        let failure = self.failure().unwrap_or(FailureKind::NoAnswer.into());
        AttemptEnd::Covered { failure, by: token.id, over: is_over }
    }

    /// The later token that covers this lost exchange.
    pub fn covered_by(&self) -> Option<TokenId> {
        match self.end()? {
            AttemptEnd::Covered { by, .. } => Some(*by),
            _ => None,
        }
    }

    /// What the later token that covers this lost exchange is worth, as it is now. An operator's word for that
    /// token says nothing of one that is not stored. `is_over`: the exchange can take effect no more.
    ///
    /// Until Finch has accepted that token at a time when the exchange was over, only a live token covers it:
    /// what becomes of one that its customer has given up is for other customers to decide, and shows nothing
    /// here (I11). One that is live here may have been ended from Finch's dashboard, and the exchange may have
    /// taken effect after that.
    pub fn cover(&self, by: &Token, is_over: bool) -> Cover {
        let Some(AttemptEnd::Covered { failure, over, .. }) = self.end() else {
            return Cover::Lost;
        };
        match &by.state {
            TokenState::Revoked { evidence: Evidence::Refused { .. }, .. } if *over => {
                Cover::Ends(AttemptEnd::Cleared)
            }
            TokenState::Revoked { .. } => Cover::Lost,
            _ if *over => Cover::Holds,
            state if !state.is_live() => Cover::Lost,
            _ if is_over => {
                let failure = failure.clone();
                Cover::Asks(AttemptEnd::Covered { failure, by: by.id, over: true })
            }
            _ => Cover::Holds,
        }
    }

    /// What was said of an exchange that was lost.
    pub fn failure(&self) -> Option<Failure> {
        match self.end()? {
            AttemptEnd::Unknown(failure) | AttemptEnd::Covered { failure, .. } => {
                Some(failure.clone())
            }
            _ => None,
        }
    }

    /// Whether the connection that this lost exchange was to renew has ended since, and Finch has refused a
    /// token of it since: then Finch has ended the lost one with it, or has issued none. An operator's word
    /// for the stored tokens says nothing of a lost one. The clock says since when: no
    /// sequence number is kept with a refusal.
    pub fn has_ended_with(&self, renewed: &Connection) -> bool {
        let Some(exchange) = &self.exchange else { return false };
        let named =
            |t: &&Token| Some(&t.facts.connection_id) == self.purpose.reauthenticates.as_ref();
        let refused = |t: &Token| {
            matches!(&t.state, TokenState::Revoked { evidence: Evidence::Refused { .. }, at }
                if *at >= exchange.began_at)
        };
        let later = |d: &&Disconnect| d.began() > exchange.began;
        renewed.disconnects.iter().filter(later).any(|d| renewed.end_of(d).is_some())
            && renewed.tokens.iter().filter(named).any(refused)
    }

    /// From when on nothing can come of this attempt any more: a [while](ATTEMPT_KEPT_FOR) after its session has
    /// ended. None: an exchange of it runs, has brought a token, or may have.
    pub fn forgettable_at(&self) -> Option<Timestamp> {
        let is_stored = matches!(self.end(), Some(AttemptEnd::Stored(_)));
        let is_over = !is_stored && !self.is_unsettled();
        let kept_until = || self.purpose.expires_at.saturating_add(ATTEMPT_KEPT_FOR);
        is_over.then(|| kept_until().unwrap_or(Timestamp::MAX))
    }

    /// Whether a token may exist at Finch that is not stored, or the exchange still runs.
    pub fn is_unsettled(&self) -> bool {
        let open =
            matches!(self.end(), None | Some(AttemptEnd::Unknown(_) | AttemptEnd::Covered { .. }));
        self.exchange.is_some() && open
    }

    /// Whether a token may exist at Finch that is not stored: the answer was lost, or the exchange began
    /// long ago and never ended.
    pub fn is_possible_orphan(&self, now: Timestamp) -> bool {
        match &self.exchange {
            Some(Exchange { began_at, end: None, .. }) => {
                // Or long in the future: a clock was set back.
                now.duration_since(*began_at).unsigned_abs() >= ABANDONED_AFTER
            }
            _ => self.is_unsettled(),
        }
    }
}

/// Which of a store's attempts are forgotten when another one is opened at `now`: the oldest of which nothing can
/// come, [some at once](FORGOTTEN_AT_ONCE). For stores that cannot search their rows for them.
pub fn forgotten<'a>(
    attempts: impl IntoIterator<Item = &'a Attempt>,
    now: Timestamp,
) -> Vec<AttemptId> {
    let attempts = attempts.into_iter();
    let mut over: Vec<_> =
        attempts.filter_map(|attempt| Some((attempt.forgettable_at()?, attempt.id))).collect();
    over.retain(|(at, _)| *at <= now);
    over.sort_unstable();
    over.into_iter().map(|(_, id)| id).take(FORGOTTEN_AT_ONCE).collect()
}
