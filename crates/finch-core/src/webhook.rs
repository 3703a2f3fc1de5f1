//! Webhooks: what Finch says by itself. A hint, and never a fact.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CompanyId, ConnectionId, ConnectionStatus, WebhookEventId};

/// For how long a webhook is known by its id, so that it is kept once however often Finch sends it.
/// Finch tries for hours, and a copy that somebody else sends is refused after five minutes.
pub const WEBHOOK_KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// The longest body of a webhook that is taken, in bytes. Finch's are a hundredth of it.
pub const MAX_WEBHOOK_BYTES: usize = 256 * 1024;

/// A webhook whose signature was right. What it says is a hint: Finch is asked before anything changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// Finch's `Finch-Event-Id`: the same each time that Finch sends it.
    pub id: WebhookEventId,
    /// What happened, such as `account.updated`, as Finch wrote it; empty where the body does not say.
    pub event_type: String,
    /// The connection, where the body names it.
    pub connection_id: Option<ConnectionId>,
    /// The employer, where the body names it.
    pub company_id: Option<CompanyId>,
    /// How the connection does: of `account.updated` only.
    pub status: Option<ConnectionStatus>,
    /// When it came.
    pub received: Timestamp,
    /// The JSON that came, for a host that knows more of it. Finch puts ids there, and no secrets.
    pub body: String,
}

impl WebhookEvent {
    /// What was received by then is too old to come again, now that this one is here.
    pub fn outlives(&self) -> Timestamp {
        self.received.checked_sub(WEBHOOK_KEPT_FOR).unwrap_or(Timestamp::MIN)
    }
}

/// What a webhook waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaits {
    /// For an answer of Finch's about its connection.
    Probe,
    /// For the host's own handler.
    Host,
}

impl Awaits {
    /// The word for it, as `serde` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Host => "host",
        }
    }
}
