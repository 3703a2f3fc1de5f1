//! The webhooks that wait, are on their way, or came to an end.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Notify;

use super::{Delivery, Draft, Outcome, Target, WebhookDelivery, WebhookError, WebhookRequest};

/// How long after a try that failed the next one comes, by the emulator's clock. Finch goes on
/// after 30 minutes and 2 hours, which nobody here waits for.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(5 * 60)];

#[derive(Clone, Default)]
pub(crate) struct Outbox {
    target: Option<Target>,
    /// By when they are due.
    waiting: BTreeMap<(Duration, u64), Delivery>,
    on_their_way: BTreeMap<u64, Delivery>,
    /// Delivered or given up, oldest first.
    over: VecDeque<Delivery>,
    queued: u64,
    wake: Arc<Notify>,
}

impl Outbox {
    /// How many that came to an end are remembered.
    const OVER_KEPT: usize = 100;
    /// The most that can wait; the one that is due first gives way.
    const MOST_WAITING: usize = 10_000;

    pub(crate) fn new(target: Option<Target>) -> Self {
        Self { target, ..Self::default() }
    }

    /// An empty one, whose courier and whose numbers are the same as before.
    pub(crate) fn again(&self, target: Option<Target>) -> Self {
        Self { target, queued: self.queued, wake: Arc::clone(&self.wake), ..Self::default() }
    }

    pub(crate) fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    pub(crate) fn target_mut(&mut self) -> Result<&mut Target, WebhookError> {
        self.target.as_mut().ok_or(WebhookError::NotRegistered)
    }

    /// Registers a receiver, or none. What waits goes to the new one, or nowhere.
    pub(crate) fn send_to(&mut self, target: Option<Target>) {
        self.target = target;
        if self.target.is_none() {
            let waiting = std::mem::take(&mut self.waiting);
            waiting.into_values().for_each(|delivery| self.is_over(delivery));
        }
        self.wake();
    }

    /// Tells whoever delivers that there may be something to do.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Queues a webhook for its first try, which is at once.
    pub(crate) fn queue(&mut self, event_id: String, draft: Draft, now: Duration) {
        self.queued += 1;
        let (number, draft) = (self.queued, Arc::new(draft));
        self.wait_until(now, Delivery { number, event_id, draft, tries: 0, attempts: Vec::new() });
        self.wake();
    }

    /// Sends a webhook again, with the same id and body.
    pub(crate) fn again_now(&mut self, event_id: &str, now: Duration) -> Result<(), WebhookError> {
        if self.target.is_none() {
            return Err(WebhookError::NotRegistered);
        }
        if self.on_their_way.values().any(|delivery| delivery.event_id == event_id) {
            return Ok(());
        }
        let waiting = self.waiting.iter().find(|(_, delivery)| delivery.event_id == event_id);
        let waiting = waiting.map(|(key, _)| *key);
        let over = self.over.iter().rposition(|delivery| delivery.event_id == event_id);
        let found = match (waiting, over) {
            (Some(key), _) => self.waiting.remove(&key),
            (None, Some(at)) => self.over.remove(at),
            (None, None) => None,
        };
        let mut delivery = found.ok_or(WebhookError::UnknownDelivery)?;
        delivery.tries = 0;
        self.wait_until(now, delivery);
        self.wake();
        Ok(())
    }

    /// The next one that is due, which is on its way from now on.
    pub(crate) fn take_due(&mut self, now: Duration, timestamp: i64) -> Option<WebhookRequest> {
        let target = self.target.as_ref()?;
        let due = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        let delivery = due.remove();
        let body = delivery.draft.body.clone();
        let request = WebhookRequest {
            url: target.url().to_string(),
            event_id: delivery.event_id.clone(),
            timestamp,
            signature: target.signature(&delivery.event_id, timestamp, &body),
            body,
            number: delivery.number,
        };
        self.on_their_way.insert(delivery.number, delivery);
        Some(request)
    }

    /// How long it is until the next one is due.
    pub(crate) fn next_in(&self, now: Duration) -> Option<Duration> {
        let ((due, _), _) = self.waiting.first_key_value()?;
        Some(due.saturating_sub(now))
    }

    /// What became of one that was on its way.
    pub(crate) fn tried(&mut self, number: u64, outcome: Outcome, now: Duration) {
        let Some(mut delivery) = self.on_their_way.remove(&number) else {
            return self.wake();
        };
        let delivered = outcome.is_ok();
        delivery.tried(now, outcome);
        match PAUSES.get(delivery.tries - 1) {
            Some(pause) if !delivered && self.target.is_some() => {
                self.wait_until(now + *pause, delivery);
            }
            _ => self.is_over(delivery),
        }
        self.wake();
    }

    /// All that are remembered, oldest first.
    pub(crate) fn deliveries(&self, date: impl Fn(Duration) -> String) -> Vec<WebhookDelivery> {
        let over = self.over.iter().map(|it| (it.number, it.shown(None, true, &date)));
        let on_their_way =
            self.on_their_way.values().map(|it| (it.number, it.shown(None, false, &date)));
        let waiting = self.waiting.iter();
        let waiting = waiting.map(|((due, _), it)| (it.number, it.shown(Some(*due), false, &date)));
        let mut all: Vec<_> = over.chain(on_their_way).chain(waiting).collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, delivery)| delivery).collect()
    }

    fn wait_until(&mut self, due: Duration, delivery: Delivery) {
        self.waiting.insert((due, delivery.number), delivery);
        if self.waiting.len() > Self::MOST_WAITING
            && let Some((_, first)) = self.waiting.pop_first()
        {
            self.is_over(first);
        }
    }

    fn is_over(&mut self, delivery: Delivery) {
        self.over.push_back(delivery);
        if self.over.len() > Self::OVER_KEPT {
            self.over.pop_front();
        }
    }
}
