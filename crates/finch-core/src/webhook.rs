//! Webhooks: what Finch says by itself. A hint, and never a fact: it leaves a question.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CompanyId, ConnectionId, ConnectionStatus, Seq, WebhookEventId};

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

/// A question that is kept with its connection until Finch has been asked about every token in use. A new webhook
/// replaces it: what was asked before then does not answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Question {
    /// The number of the commit that wrote it.
    pub number: Seq,
    /// How many times in a row Finch could not answer.
    pub failures: u32,
    /// Not before this time; none: at once.
    pub next_try: Option<Timestamp>,
}
