//! The queue of webhooks: waiting, in flight and finished.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::sync::Notify;

use super::{
    Outcome, Target, WebhookDelivery, WebhookError, WebhookRequest, WebhookTarget,
    delivery::Delivery,
};

/// The pauses after failed attempts. Finch goes on after 30 minutes and 2 hours.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(5 * 60)];
const FINISHED_KEPT: usize = 100;
/// When more than this wait, the one that is due first fails.
const WAITING_LIMIT: usize = 10_000;

#[derive(Clone, Default)]
pub(crate) struct Outbox {
    target: Option<Target>,
    /// By due time and number.
    waiting: BTreeMap<(Duration, u64), Delivery>,
    in_flight: BTreeMap<u64, Delivery>,
    /// Delivered or failed, oldest first.
    finished: VecDeque<Delivery>,
    queued: u64,
    changed: Arc<Notify>,
}

impl Outbox {
    /// An empty outbox with the receiver of a configuration, which has been checked.
    pub(crate) fn new(target: Option<&WebhookTarget>) -> Self {
        Self { target: target.and_then(|target| Target::new(target).ok()), ..Self::default() }
    }

    /// An empty outbox that the same courier serves. Numbers go on, so that answers to webhooks from
    /// before match none of the new ones.
    pub(crate) fn restarted(&self, target: Option<&WebhookTarget>) -> Self {
        let changed = Arc::clone(&self.changed);
        Self { queued: self.queued, changed, ..Self::new(target) }
    }

    pub(crate) fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    pub(crate) fn target_mut(&mut self) -> Result<&mut Target, WebhookError> {
        self.target.as_mut().ok_or(WebhookError::NotRegistered)
    }

    /// Registers a receiver, which gets the waiting webhooks too.
    pub(crate) fn register(&mut self, target: &WebhookTarget) -> Result<(), WebhookError> {
        self.target = Some(Target::new(target)?);
        self.wake();
        Ok(())
    }

    /// Removes the receiver. The waiting webhooks fail.
    pub(crate) fn unregister(&mut self) {
        self.target = None;
        for delivery in std::mem::take(&mut self.waiting).into_values() {
            self.finish(delivery);
        }
    }

    /// Tells the courier that a webhook may be due.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    pub(crate) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Queues a webhook for now.
    pub(crate) fn queue(&mut self, event_id: String, body: &Value, now: Duration) {
        self.queued += 1;
        self.wait_until(now, Delivery::new(self.queued, event_id, body));
    }

    /// Queues a waiting or finished webhook for now, with the same id and body.
    pub(crate) fn resend(&mut self, event_id: &str, now: Duration) -> Result<(), WebhookError> {
        self.target.as_ref().ok_or(WebhookError::NotRegistered)?;
        let is_it = |delivery: &Delivery| delivery.shown.event_id == event_id;
        if self.in_flight.values().any(is_it) {
            return Ok(());
        }
        let waiting = self.waiting.iter().find(|(_, delivery)| is_it(delivery));
        let found = match waiting.map(|(key, _)| *key) {
            Some(key) => self.waiting.remove(&key),
            None => {
                let position = self.finished.iter().rposition(is_it);
                position.and_then(|position| self.finished.remove(position))
            }
        };
        let mut delivery = found.ok_or(WebhookError::UnknownDelivery)?;
        delivery.tries = 0;
        self.wait_until(now, delivery);
        Ok(())
    }

    /// The next due webhook, which is in flight until [`Outbox::tried`].
    pub(crate) fn take_due(&mut self, now: Duration, timestamp: i64) -> Option<WebhookRequest> {
        let target = self.target.as_ref()?;
        let due = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        let delivery = due.remove();
        let (event_id, body) = (delivery.shown.event_id.clone(), delivery.shown.body.clone());
        let request = WebhookRequest {
            url: target.url().to_string(),
            timestamp,
            signature: target.signature(&event_id, timestamp, body.as_bytes()),
            event_id,
            body: body.into(),
            number: delivery.number,
        };
        self.in_flight.insert(delivery.number, delivery);
        Some(request)
    }

    /// The time until the next webhook is due.
    pub(crate) fn next_in(&self, now: Duration) -> Option<Duration> {
        let ((due, _), _) = self.waiting.first_key_value()?;
        Some(due.saturating_sub(now))
    }

    /// Records an attempt, made now, whose date is `date`.
    pub(crate) fn tried(&mut self, number: u64, outcome: Outcome, now: Duration, date: String) {
        if let Some(mut delivery) = self.in_flight.remove(&number) {
            delivery.tried(date, outcome);
            match PAUSES.get(delivery.tries - 1) {
                Some(pause) if !delivery.is_delivered() && self.target.is_some() => {
                    self.wait_until(now + *pause, delivery);
                }
                _ => self.finish(delivery),
            }
        }
        self.wake();
    }

    /// All that are remembered, oldest first.
    pub(crate) fn deliveries(&self, date: impl Fn(Duration) -> String) -> Vec<WebhookDelivery> {
        let waiting = self.waiting.iter().map(|((due, _), delivery)| (delivery, Some(date(*due))));
        let others = self.finished.iter().chain(self.in_flight.values());
        let mut all: Vec<_> = others.map(|delivery| (delivery, None)).chain(waiting).collect();
        all.sort_by_key(|(delivery, _)| delivery.number);
        let shown = |(delivery, next_attempt_at): (&Delivery, _)| WebhookDelivery {
            next_attempt_at,
            ..delivery.shown.clone()
        };
        all.into_iter().map(shown).collect()
    }

    fn wait_until(&mut self, due: Duration, mut delivery: Delivery) {
        "waiting".clone_into(&mut delivery.shown.status);
        self.waiting.insert((due, delivery.number), delivery);
        if self.waiting.len() > WAITING_LIMIT
            && let Some((_, first)) = self.waiting.pop_first()
        {
            self.finish(first);
        }
        self.wake();
    }

    fn finish(&mut self, mut delivery: Delivery) {
        let status = if delivery.is_delivered() { "delivered" } else { "failed" };
        status.clone_into(&mut delivery.shown.status);
        self.finished.push_back(delivery);
        if self.finished.len() > FINISHED_KEPT {
            self.finished.pop_front();
        }
    }
}
