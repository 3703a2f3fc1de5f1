//! The event sink: how the application learns of changes, and of a token that the store does not take.

use std::error::Error;

use async_trait::async_trait;
use finch_core::{AccessToken, AttemptId, ConnectionId, CustomerChange, CustomerId, TokenFacts};

#[cfg(doc)]
use crate::Finch;

/// Why a sink could not keep a token. It is logged.
pub type SinkError = Box<dyn Error + Send + Sync>;

/// Receives what this [`Finch`] does, from every use case alike: a page, a webhook, a reconciler, a command.
///
/// # Contract
///
/// - [`on_change`](Self::on_change) is called once for each change, after its commit. It is called by the
///   process that commits, and not at all where that dies right then: use it for mails and records, and
///   [`Finch::connections`] for the state.
/// - When [`rescue`](Self::rescue) returns `Ok`, the token is durable where an operator finds it.
#[async_trait]
pub trait EventSink: Send + Sync + 'static {
    /// A connection's state has changed for a customer. It must return quickly, and not block: hand what takes
    /// longer to a channel, or to a task.
    fn on_change(&self, change: &CustomerChange);

    /// Finch has issued a token that could not be stored. It is live and billed, and this is the only copy. It
    /// runs in a task that a caller who goes away does not cancel.
    ///
    /// # Errors
    /// [`SinkError`]: it could not be kept, or there is no place for it. The error of
    /// [`Finch::complete_connect`] then carries the token.
    async fn rescue(&self, token: &UnstoredToken) -> Result<(), SinkError>;
}

/// A token that could not be stored: live, and billed. Once the store works, [import](Finch::import) it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnstoredToken {
    /// The token.
    pub token: AccessToken,
    /// Its customer.
    pub customer: CustomerId,
    /// What Finch said of it; none where that does not name its connection.
    pub issued: Option<TokenFacts>,
    /// Its exchange, which stays listed as a possible orphan until the customer connects again, or it is
    /// [dismissed](Finch::dismiss_orphan).
    pub exchange: AttemptId,
}

impl UnstoredToken {
    /// The name under which Finch issued it; none where Finch did not say it.
    pub fn connection_id(&self) -> Option<&ConnectionId> {
        self.issued.as_ref().map(|facts| &facts.connection_id)
    }
}
