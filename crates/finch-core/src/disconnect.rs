//! Disconnects: the durable intent to end a connection, and how far each token's end is proven.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Actor, CustomerId, Failure, RequestId, Seq, Token, TokenId};

/// A disconnect's record: the sequence number at which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DisconnectId(pub Seq);

/// Who wants a connection to end, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Intent {
    /// Who. [`Actor::Finch`]: it was ended there, and we saw it.
    pub by: Actor,
    /// Why; the operator says it where other customers are hit.
    pub reason: Option<String>,
    /// When, by the clock, for people.
    pub at: Timestamp,
}

/// What became of a disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectState {
    /// It goes on until every token is refused.
    Open,
    /// Every token that it covers is refused, or closed by an operator.
    Ended {
        /// Its place in the order of things.
        seq: Seq,
        /// By the clock, for people.
        at: Timestamp,
    },
    /// It goes on as another one: a request that joined it, or one of two connections that proved to be
    /// one. It still covers what it covered.
    Merged {
        /// The one that goes on.
        into: DisconnectId,
    },
}

/// One disconnect's record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Disconnect {
    /// The record; also when it began.
    pub id: DisconnectId,
    /// Who wanted it, and why.
    pub intent: Intent,
    /// What became of it.
    pub state: DisconnectState,
    /// Every token that it has fenced, in the order of their ids: each must be refused before it ends, whatever
    /// a token's own row says.
    pub fenced: Vec<TokenId>,
}

impl Disconnect {
    /// When it began.
    pub fn began(&self) -> Seq {
        self.id.0
    }

    /// When it ended, if it has.
    pub fn ended(&self) -> Option<Seq> {
        match self.state {
            DisconnectState::Ended { seq, .. } => Some(seq),
            _ => None,
        }
    }

    /// Whether it still goes on.
    pub fn is_open(&self) -> bool {
        self.state == DisconnectState::Open
    }

    /// Whether it covers an exchange of `customer` that began at `began`: every exchange that began
    /// earlier, but in a customer's scope only that customer's, and none where Finch ended the
    /// connection by itself, since we know only when we saw it, or where the reconciler ends what was
    /// left over.
    pub fn covers(&self, began: Seq, customer: Option<&CustomerId>) -> bool {
        let reaches = match (&self.intent.by, customer) {
            (Actor::Customer(its), Some(customer)) => its == customer,
            (Actor::Customer(_) | Actor::Reconciler, None) | (Actor::Operator(_), _) => true,
            (Actor::Reconciler, Some(_)) | (Actor::Finch, _) => false,
        };
        reaches && began < self.began()
    }
}

/// How far one token's end has been proven, or its doubt settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// When Finch answered success to `/disconnect` with this token: a promise, no proof.
    pub acknowledged: Option<Timestamp>,
    /// How often Finch still accepted the token after a promise.
    pub polls: u32,
    /// The sending mark: the number of the commit before which this token's `/disconnect` is sent. Only the answer to
    /// that very call clears it. One that is left was a crash's, or a lost lease's: the call may have gone out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending: Option<Seq>,
    /// When `/disconnect` was last sent with this token without an answer: it may still take effect,
    /// up to [`LATE_EFFECT`](crate::LATE_EFFECT) later. Kept when the token is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguous_at: Option<Timestamp>,
    /// The token was `Superseded` before a disconnect fenced it: its customer's access had ended before.
    /// Kept when the token is revoked.
    #[serde(skip_serializing_if = "is_false")]
    pub superseded: bool,
    /// Why the token was quarantined when it arrived. Kept when the token is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// Finch refused the token: the proof.
    pub refused: Option<Refusal>,
    /// Failures in a row.
    pub failures: u32,
    /// Not before this time again.
    pub next_try: Option<Timestamp>,
    /// What stands in the way.
    pub trouble: Option<Trouble>,
}

/// Why a token is quarantined: stored so that it can be disconnected, and for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quarantine {
    /// Its `connection_id` belongs to another provider or employer (R5).
    Conflict,
    /// Finch says that it belongs to another customer id than the session's.
    OtherCustomer,
    /// The callback carried no `state`, and Finch names no customer id.
    UnnamedCustomer,
}

impl fmt::Display for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "its connection_id belongs to another provider or employer",
            Self::OtherCustomer => "Finch says that it belongs to another customer",
            Self::UnnamedCustomer => {
                "the callback carried no state, and Finch does not say whose it is"
            }
        })
    }
}

/// The proof that a token is dead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refusal {
    /// When we learned it.
    pub at: Timestamp,
    /// Finch's request id of the refusal.
    pub request_id: Option<RequestId>,
}

/// What stands in the way of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trouble {
    /// What Finch, the network or the store said.
    pub failure: Failure,
    /// When.
    pub at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Progress {
    /// Whether the token may be tried at `now`.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_try.is_none_or(|next| Due::at(now).holds(next))
    }

    /// Nothing tried yet, but for what may still take effect and what the token was before.
    pub(crate) fn reset(&self) -> Self {
        let Self { sending, ambiguous_at, superseded, quarantine, .. } = *self;
        Self { sending, ambiguous_at, superseded, quarantine, ..Self::default() }
    }

    /// A call of which the answer is lost may take effect from `now` on, for as long as Finch may need.
    pub(crate) fn lose_call(&mut self, now: Timestamp) {
        self.sending = None;
        self.ambiguous_at = Some(now);
    }
}

/// What is due at a time. A time that lies further ahead than any wait was written by a clock that
/// ran ahead: it is due too, so that a clock set back loses no work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Due if not later than this.
    pub by: Timestamp,
    /// Due if later than this.
    pub beyond: Timestamp,
}

impl Due {
    /// What is due at `now`. Nothing waits longer than a day.
    pub fn at(now: Timestamp) -> Self {
        let longest = jiff::SignedDuration::from_hours(25);
        Self { by: now, beyond: now.saturating_add(longest).unwrap_or(Timestamp::MAX) }
    }

    /// Whether something is due whose time is `next`.
    pub fn holds(&self, next: Timestamp) -> bool {
        next <= self.by || next > self.beyond
    }
}

/// How long a request whose answer was lost may still take effect: Finch's server gives up after
/// 6 minutes.
pub const LATE_EFFECT: std::time::Duration = std::time::Duration::from_secs(7 * 60);

/// One customer's access to a connection has ended here, while others still use the connection:
/// nothing was sent to Finch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Retirement {
    /// When, in the order of things. That customer's exchanges that began earlier arrive `Retired`.
    pub seq: Seq,
    /// Whose access.
    pub customer: CustomerId,
    /// By the clock, for people.
    pub at: Timestamp,
}

impl Token {
    /// Whether the token is superseded, or was before a disconnect fenced it.
    pub(crate) fn is_superseded(&self) -> bool {
        self.state == crate::TokenState::Superseded || self.progress.superseded
    }

    /// Whether the token waits for its proof in an open disconnect.
    pub fn is_unproven(&self) -> bool {
        self.state == crate::TokenState::Fenced && self.progress.refused.is_none()
    }
}
