//! The record of what happened: who did what, to which connection, and with what evidence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Connection, ConnectionId, ConnectionKey, CustomerId, Failure, RecordHead, RequestId,
    Seq, Token, decide::Call,
};

/// Something that happened. No secret is in it, and nothing that leads to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// By the clock, for people.
    pub at: Timestamp,
    /// Who caused it.
    pub by: Actor,
    /// The connection, by one of its names; none: it concerns the whole store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// The customer who may read it; none: only the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// What it is.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What an [`Event`] tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The first token of a connection that was not known here.
    Connected,
    /// A token was stored, in this state.
    TokenAdded {
        /// The state that the rules gave it.
        state: String,
    },
    /// A token was handed out for the first time.
    HandedOut,
    /// Finch named the employer of a provisional connection, or two connections proved to be one.
    CompanyNamed {
        /// The other one, which has become part of this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absorbed: Option<Absorbed>,
    },
    /// Finch accepted a token that was in doubt.
    TokenVerified {
        /// Finch's request id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
    },
    /// Finch refused a token.
    TokenRefused {
        /// Finch's request id.
        request_id: Option<RequestId>,
    },
    /// A disconnect was asked for, and has begun.
    DisconnectBegan {
        /// Why, where the operator forced it on other customers.
        reason: Option<String>,
    },
    /// A second request joined an open disconnect: it covers more now.
    DisconnectJoined {
        /// Why, where the operator forced it on other customers.
        reason: Option<String>,
    },
    /// No call hands out these tokens any more.
    Fenced {
        /// How many: the customer's, or those that are no customer's.
        tokens: usize,
    },
    /// Finch acknowledged `/disconnect`.
    Acknowledged {
        /// Finch's request id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
    },
    /// Finch still accepts a token whose end it has acknowledged.
    StillAccepted {
        /// Finch's request id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
    },
    /// An answer on the way to the proof that proves nothing, or none at all.
    NothingProven {
        /// To which call.
        call: Call,
        /// What Finch, the network or the store said.
        failure: Failure,
    },
    /// The disconnect goes on for a token that came late.
    DisconnectReopened,
    /// Every token was refused: the connection has ended.
    Disconnected,
    /// A customer's access ended here; others go on using the connection, and Finch was not called.
    Retired,
    /// An operator vouched for the end that Finch has not proven.
    ClosedByOperator {
        /// Why.
        reason: String,
    },
    /// A new data key seals from here on: a rotation began.
    RotationBegan {
        /// Its epoch.
        epoch: u32,
    },
    /// Every secret is sealed with the newest data key, and the older ones are destroyed.
    RotationEnded {
        /// Its epoch.
        epoch: u32,
    },
    /// The store's keys are wrapped with another key-encryption key.
    KeyReplaced {
        /// The name of the new one.
        key: String,
        /// The name of the one before; none in records of earlier releases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced: Option<String>,
    },
    /// The store was restored from a backup.
    Restored {
        /// How many tokens were in use, and are in doubt now.
        in_doubt: usize,
    },
}

impl Event {
    /// What became of a token: shown to its customer, if it [concerns](Connection::concerns) that one.
    pub(crate) fn of_token(
        connection: &Connection,
        token: &Token,
        by: Actor,
        kind: EventKind,
        at: Timestamp,
    ) -> Self {
        let customer = token.customer.clone().filter(|c| connection.concerns(token, c));
        Self { at, by, connection_id: Some(token.facts.connection_id.clone()), customer, kind }
    }

    /// What became of a connection: shown to the customer who caused it.
    pub(crate) fn of_connection(
        connection: &Connection,
        by: Actor,
        kind: EventKind,
        at: Timestamp,
    ) -> Self {
        let customer = match &by {
            Actor::Customer(customer) => Some(customer.clone()),
            _ => None,
        };
        let connection_id = connection.handle(customer.as_ref()).cloned();
        Self { at, by, connection_id, customer, kind }
    }
}

/// A connection that has become part of another one, and how far its record went. Its events stay under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorbed {
    /// Its record.
    pub connection: ConnectionKey,
    /// How far its events went.
    pub record: RecordHead,
}

impl Absorbed {
    /// As the connection is now.
    pub(crate) fn of(connection: &Connection) -> Self {
        Self { connection: connection.key, record: connection.record }
    }
}

/// An event as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its place among all events of the store.
    pub id: EventId,
    /// The connection whose record it is part of; none: the store's own record.
    pub connection: Option<ConnectionKey>,
    /// What happened.
    pub event: Event,
}

/// An event's place in the record of the whole store. Ids are in the order in which commits took effect, so that
/// a reader who keeps the last one misses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId {
    /// The number of its commit.
    pub commit: Seq,
    /// Its place among the events of that commit, from 0.
    pub place: u32,
}

/// Which events to read.
#[derive(Clone, Copy, Debug)]
pub struct EventQuery<'a> {
    /// Only those that this customer may read; none: all.
    pub customer: Option<&'a CustomerId>,
    /// Only those of the connection that has a token under this `connection_id`.
    pub connection: Option<&'a ConnectionId>,
    /// Only those since this time, by the clock.
    pub since: Option<Timestamp>,
    /// Only those after this one.
    pub after: Option<EventId>,
    /// At most so many.
    pub limit: usize,
}

impl EventQuery<'_> {
    /// Whether an event is read, beside the cursor and the limit. `named`: the connection that the query names. For
    /// stores that cannot search their rows for it.
    pub fn selects(&self, event: &Event, named: Option<&Connection>) -> bool {
        let is_of_it = |id: &ConnectionId| {
            named.is_some_and(|c| c.tokens.iter().any(|t| t.facts.connection_id == *id))
        };
        self.since.is_none_or(|since| event.at >= since)
            && (self.customer.is_none() || event.customer.as_ref() == self.customer)
            && (self.connection.is_none() || event.connection_id.as_ref().is_some_and(is_of_it))
    }
}
