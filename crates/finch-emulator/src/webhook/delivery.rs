//! One webhook and its attempts.

use std::fmt;

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::Value;

/// A webhook and its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebhookDelivery {
    /// `Finch-Event-Id`, the same at each attempt.
    pub event_id: String,
    /// `account.updated`, `test` and so on.
    pub event_type: String,
    /// The connection that it is about.
    pub connection_id: Option<String>,
    /// `waiting`, `delivered` or `failed`.
    pub status: String,
    /// The last 12 attempts, oldest first.
    pub attempts: Vec<WebhookAttempt>,
    /// The time of the next attempt, by the emulator's clock.
    pub next_attempt_at: Option<String>,
    /// The JSON that is sent, the same at each attempt.
    pub body: String,
}

/// An attempt to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WebhookAttempt {
    /// When, by the emulator's clock.
    pub at: String,
    /// The receiver's answer; 200 to 299 is a delivery.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
}

/// The status that the receiver answered, or why there was no answer.
pub(crate) type Outcome = Result<u16, String>;

#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) number: u64,
    /// Attempts since it was queued or resent.
    pub(super) tries: usize,
    pub(super) shown: WebhookDelivery,
}

impl Delivery {
    const ATTEMPTS_KEPT: usize = 12;

    pub(super) fn new(number: u64, event_id: String, body: &Value) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let shown = WebhookDelivery {
            event_id,
            event_type: text("event_type").unwrap_or_default(),
            connection_id: text("connection_id"),
            status: "waiting".to_owned(),
            attempts: Vec::new(),
            next_attempt_at: None,
            body: body.to_string(),
        };
        Self { number, tries: 0, shown }
    }

    pub(super) fn tried(&mut self, at: String, outcome: Outcome) {
        self.tries += 1;
        let attempts = &mut self.shown.attempts;
        if attempts.len() >= Self::ATTEMPTS_KEPT {
            attempts.remove(0);
        }
        let status = outcome.as_ref().ok().copied();
        attempts.push(WebhookAttempt { at, status, error: outcome.err() });
    }

    pub(super) fn is_delivered(&self) -> bool {
        let last = self.shown.attempts.last();
        last.and_then(|attempt| attempt.status).is_some_and(|status| (200..300).contains(&status))
    }
}

/// A webhook to POST.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookRequest {
    /// The receiver.
    pub url: String,
    /// `Finch-Event-Id`
    pub event_id: String,
    /// `Finch-Timestamp`
    pub timestamp: i64,
    /// `Finch-Signature`
    pub signature: String,
    /// The body that was signed.
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
