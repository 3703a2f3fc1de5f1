//! The event sink: how the application learns of changes, and of a token that the store does not take.

use std::error::Error;

use async_trait::async_trait;
use finch_core::{AccessToken, AttemptId, ConnectionId, CustomerChange, CustomerId, Draft};

use crate::{CompleteConnectError, Finch};

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
    async fn rescue(&self, token: UnstoredToken<'_>) -> Result<(), SinkError>;
}

/// A token that could not be stored. Once the store works, [import](Finch::import) it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UnstoredToken<'a> {
    /// Its customer.
    pub customer: &'a CustomerId,
    /// The name under which Finch issued it; none where Finch did not say it.
    pub connection_id: Option<&'a ConnectionId>,
    /// The token.
    pub token: &'a AccessToken,
    /// Its exchange, which stays listed as a possible orphan until it is
    /// [dismissed](Finch::dismiss_orphan).
    pub exchange: AttemptId,
}

impl Finch {
    pub(crate) fn changes_to_report(&self, draft: &Draft) -> Vec<CustomerChange> {
        self.inner.sink.as_ref().map(|_| draft.customer_changes()).unwrap_or_default()
    }

    pub(crate) fn report(&self, changes: &[CustomerChange]) {
        if let Some(sink) = &self.inner.sink {
            changes.iter().for_each(|change| sink.on_change(change));
        }
    }

    /// Gives the sink a token that an error carries. What it keeps, the error carries no longer.
    pub(crate) async fn rescue(&self, error: CompleteConnectError) -> CompleteConnectError {
        use CompleteConnectError as E;
        let Some(sink) = &self.inner.sink else { return error };
        let unstored = match &error {
            E::NotStored { grant, customer, exchange, .. } => UnstoredToken {
                customer,
                connection_id: Some(&grant.facts.connection_id),
                token: &grant.secret,
                exchange: *exchange,
            },
            E::Unplaced { token, customer, exchange, .. } => {
                UnstoredToken { customer, connection_id: None, token, exchange: *exchange }
            }
            _ => return error,
        };
        if let Err(problem) = sink.rescue(unstored).await {
            tracing::error!(%problem, "the event sink could not keep a token that is live and billed");
            return error;
        }
        match error {
            E::NotStored { exchange, source, .. } => E::Rescued { exchange, source: source.into() },
            E::Unplaced { exchange, source, .. } => E::Rescued { exchange, source: source.into() },
            error => error,
        }
    }
}
