//! One webhook on its way, and what became of it.

use std::{fmt, time::Duration};

use hyper::body::Bytes;
use serde::Serialize;

use super::Draft;

/// A webhook, from when it was queued. Its body stays the same, however often it is sent.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) number: u64,
    pub(crate) event_id: String,
    pub(crate) draft: std::sync::Arc<Draft>,
    /// How often it was tried since it was queued, or sent again by hand.
    pub(super) tries: usize,
    pub(super) attempts: Vec<Attempt>,
}

/// One try.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) at: Duration,
    pub(super) outcome: Outcome,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver answered with this status.
    Answered(u16),
    /// It did not answer.
    Failed(String),
}

impl Outcome {
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }
}

impl Delivery {
    /// How many tries of one webhook are remembered.
    const ATTEMPTS_KEPT: usize = 12;

    pub(super) fn tried(&mut self, at: Duration, outcome: Outcome) {
        self.tries += 1;
        if self.attempts.len() >= Self::ATTEMPTS_KEPT {
            self.attempts.remove(0);
        }
        self.attempts.push(Attempt { at, outcome });
    }

    pub(super) fn is_delivered(&self) -> bool {
        self.attempts.last().is_some_and(|attempt| attempt.outcome.is_ok())
    }

    /// As people see it; `date` turns a moment into a date.
    pub(super) fn shown(
        &self,
        next: Option<Duration>,
        is_over: bool,
        date: impl Fn(Duration) -> String,
    ) -> WebhookDelivery {
        let status = match (is_over, self.is_delivered()) {
            (false, _) => "waiting",
            (true, true) => "delivered",
            (true, false) => "failed",
        };
        let attempts = self.attempts.iter().map(|attempt| WebhookAttempt {
            at: date(attempt.at),
            status: match attempt.outcome {
                Outcome::Answered(status) => Some(status),
                Outcome::Failed(_) => None,
            },
            error: match &attempt.outcome {
                Outcome::Answered(_) => None,
                Outcome::Failed(words) => Some(words.clone()),
            },
        });
        WebhookDelivery {
            event_id: self.event_id.clone(),
            event_type: self.draft.event_type.clone(),
            connection_id: self.draft.connection_id.clone(),
            status: status.to_owned(),
            attempts: attempts.collect(),
            next_attempt_at: next.map(date),
            body: String::from_utf8_lossy(&self.draft.body).into_owned(),
        }
    }
}

/// A webhook and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebhookDelivery {
    /// `Finch-Event-Id`: the same, however often it is sent.
    pub event_id: String,
    /// `account.updated`, `test` and so on.
    pub event_type: String,
    /// The connection that it is about.
    pub connection_id: Option<String>,
    /// `waiting`, `delivered` or `failed`.
    pub status: String,
    /// How it went so far, the last 12 tries, oldest first.
    pub attempts: Vec<WebhookAttempt>,
    /// When it is tried next, by the emulator's clock.
    pub next_attempt_at: Option<String>,
    /// What it says.
    pub body: String,
}

/// One try to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebhookAttempt {
    /// When, by the emulator's clock.
    pub at: String,
    /// What the receiver answered; 200 to 299 is a delivery.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
}

/// One webhook as it is to be POSTed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookRequest {
    /// Where to.
    pub url: String,
    /// `Finch-Event-Id`
    pub event_id: String,
    /// `Finch-Timestamp`
    pub timestamp: i64,
    /// `Finch-Signature`
    pub signature: String,
    /// The body, as it was signed.
    pub body: Bytes,
    pub(crate) number: u64,
}

impl fmt::Debug for WebhookRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookRequest")
            .field("url", &self.url)
            .field("event_id", &self.event_id)
            .finish_non_exhaustive()
    }
}
