//! Webhooks: kept once, listed for the host, done.

use finch_core::{Awaits, OperatorScope, Seq, StoreError, WebhookEvent, WebhookEventId, decide};

use crate::{Finch, Page, walk::Walk};

/// Where the next page of webhooks begins. Opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookCursor(Seq);

impl Finch {
    /// Keeps a webhook that was [verified](crate::webhook::verify), durably and once by its id: answer
    /// Finch's request with 200 when this has returned, whether it was new or not, and with 503 where it
    /// fails: Finch sends it again. Then [`process_webhooks`](Self::process_webhooks), or let the
    /// reconciler do it. Returns whether it is new.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was kept.
    pub async fn keep_webhook(&self, event: &WebhookEvent) -> Result<bool, StoreError> {
        self.store().keep_webhook(event.clone(), decide::awaits(event)).await
    }

    /// A page of the webhooks that are for the host itself: everything but what
    /// [`process_webhooks`](Self::process_webhooks) deals with. Oldest first; each stays until it is
    /// [done](Self::webhook_done), or for 30 days. Finch sends them at least once, and in any order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhooks(
        &self,
        _scope: &OperatorScope,
        after: Option<WebhookCursor>,
        limit: usize,
    ) -> Result<Page<WebhookEvent, WebhookCursor>, StoreError> {
        let after = after.map(|cursor| cursor.0);
        let page = self.store().webhooks(Awaits::Host, after, limit).await?;
        Walk::behind("webhooks", after).goes_on(page.iter().map(|(number, _)| *number))?;
        let next = page.last().filter(|_| page.len() >= limit).map(|(number, _)| *number);
        let items = page.into_iter().map(|(_, event)| event).collect();
        Ok(Page { items, next: next.map(WebhookCursor) })
    }

    /// The host has dealt with a webhook: it is listed no more, and not taken again. Returns whether it
    /// was waiting.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhook_done(
        &self,
        _scope: &OperatorScope,
        id: &WebhookEventId,
    ) -> Result<bool, StoreError> {
        self.store().webhook_done(id).await
    }
}
