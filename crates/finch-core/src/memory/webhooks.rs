//! Webhooks in memory.

use jiff::Timestamp;

use super::Data;
use crate::{Awaits, Seq, WebhookEvent, WebhookEventId};

#[derive(Debug)]
pub(super) struct Kept {
    id: WebhookEventId,
    received: Timestamp,
    /// None once it is done.
    waiting: Option<(Awaits, WebhookEvent)>,
}

impl Data {
    pub(super) fn keep_webhook(&mut self, event: WebhookEvent, awaits: Awaits) -> bool {
        let too_old = event.outlives();
        self.webhooks.retain(|_, kept| {
            let awaits_a_probe = matches!(kept.waiting, Some((Awaits::Probe, _)));
            kept.received > too_old || awaits_a_probe
        });
        if self.webhooks.values().any(|kept| kept.id == event.id) {
            return false;
        }
        let (id, received) = (event.id.clone(), event.received);
        let kept = Kept { id, received, waiting: Some((awaits, event)) };
        let number = self.next();
        self.webhooks.insert(number, kept);
        true
    }

    pub(super) fn webhooks(
        &self,
        awaits: Awaits,
        after: Option<Seq>,
        limit: usize,
    ) -> Vec<(Seq, WebhookEvent)> {
        let page = self.webhooks.iter().filter(|(number, _)| Some(**number) > after);
        let waiting = page.filter_map(|(number, kept)| Some((number, kept.waiting.as_ref()?)));
        let such = waiting.filter(|(_, (what, _))| *what == awaits);
        such.map(|(number, (_, event))| (*number, event.clone())).take(limit).collect()
    }

    pub(super) fn webhook_done(&mut self, id: &WebhookEventId) -> bool {
        let kept = self.webhooks.values_mut().find(|kept| kept.id == *id);
        kept.is_some_and(|kept| kept.waiting.take().is_some())
    }
}
