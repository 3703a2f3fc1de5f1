//! Hints: webhooks that say that a connection does not do well. Finch is asked, and only its answer counts.

mod follow;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use finch_core::{
    Awaits, ConnectionId, CustomerId, Failure, OperatorScope, StoreError, WebhookEvent,
    WebhookEventId,
};
use serde::Serialize;

use crate::{Finch, Pass, Theirs, drive::Drive};

/// What became of the webhooks that called for a probe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProcessedWebhooks {
    /// Those that are done now, in the order in which they came.
    pub done: Vec<ProcessedWebhook>,
    /// Those that are left for later: Finch cannot answer now, or another instance is at work.
    pub left: usize,
}

/// A webhook that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProcessedWebhook {
    /// Which.
    pub id: WebhookEventId,
    /// Of which connection it spoke.
    pub connection_id: Option<ConnectionId>,
    /// What Finch says of it.
    #[serde(flatten)]
    pub finding: WebhookFinding,
    /// Whose tokens it is about, where something was found.
    pub customers: BTreeMap<CustomerId, Theirs>,
}

/// What Finch says of a connection of which a webhook spoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WebhookFinding {
    /// There is no such connection here.
    UnknownConnection,
    /// No token of it is in use: it has ended, or a disconnect is open, which asks by itself.
    NothingInUse,
    /// Finch accepts its newest token: nothing has ended.
    StillAccepted,
    /// The employer must authenticate again. The tokens are kept.
    NeedsReauth,
    /// Finch refuses its tokens: they are revoked here.
    Revoked,
    /// Finch's answer proves nothing, and would not later. Nothing was revoked.
    NothingProven {
        /// What Finch said last; none: no secret could be unsealed.
        failure: Option<Failure>,
    },
}

/// Until when Finch is left alone after it could not answer, by the process's own clock.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    failures: u32,
    until: Duration,
}

/// What one question led to.
type Found = (WebhookFinding, BTreeMap<CustomerId, Theirs>);

/// Why a webhook waits.
enum Later {
    /// Another instance works on the connection.
    Held,
    /// Finch cannot answer now: for so long it is left alone.
    FinchIsAway(Duration),
    /// Background work is to stop.
    Stopped,
}

impl Finch {
    /// Asks Finch about each connection of which a kept webhook says that it has ended or does not do well,
    /// and writes down what Finch answers: dead tokens, the need to authenticate again. The webhook's word
    /// alone changes nothing. A webhook is done after that: one that a crash leaves half way is processed
    /// again, by the reconciler at the latest.
    ///
    /// Calls to Finch take their turns with all background work. While Finch cannot answer,
    /// [`Pass::Due`] leaves it alone for a while; [`Pass::Everything`] asks at once.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot even be asked. What was done before is kept.
    pub async fn process_webhooks(
        &self,
        _scope: &OperatorScope,
        pass: Pass,
    ) -> Result<ProcessedWebhooks, StoreError> {
        let how = match pass {
            Pass::Due => Drive::WhatIsDue(&|| true),
            Pass::Everything => Drive::Everything(&|| true),
        };
        self.process_webhooks_while(how).await
    }

    /// The same, for as long as `how` says.
    pub(crate) async fn process_webhooks_while(
        &self,
        how: Drive<'_>,
    ) -> Result<ProcessedWebhooks, StoreError> {
        // One at a time in this process: whoever waits finds nothing left to do.
        let mut pause = self.pause().lock().await;
        let mut report = ProcessedWebhooks::default();
        let mut is_away = !how.hurries() && self.system().monotonic() < pause.until;
        let mut after = None;
        loop {
            let page = self.store().webhooks(Awaits::Probe, after, 100).await?;
            after = page.last().map(|(number, _)| *number);
            if after.is_none() {
                return Ok(report);
            }
            // What Finch says after the page was read holds for all of its events.
            let mut known = HashMap::new();
            for (_, event) in page {
                if is_away || !how.goes_on() {
                    report.left += 1;
                    continue;
                }
                match self.process(&event, how, pause.failures + 1, &mut known).await {
                    Ok(Ok(done)) => {
                        *pause = Pause::default();
                        report.done.push(done);
                    }
                    Ok(Err(later)) => {
                        report.left += 1;
                        if let Later::FinchIsAway(wait) = later {
                            is_away = true;
                            pause.failures += 1;
                            pause.until = self.system().monotonic().saturating_add(wait);
                        }
                    }
                    // One that cannot be processed keeps no other one waiting.
                    Err(error) => {
                        tracing::warn!(%error, "a webhook could not be processed");
                        report.left += 1;
                    }
                }
            }
        }
    }

    async fn process(
        &self,
        event: &WebhookEvent,
        how: Drive<'_>,
        failures: u32,
        known: &mut HashMap<ConnectionId, Found>,
    ) -> Result<Result<ProcessedWebhook, Later>, StoreError> {
        let connection_id = event.connection_id.clone();
        let (finding, customers) = match &connection_id {
            None => (WebhookFinding::UnknownConnection, BTreeMap::new()),
            Some(id) => match known.get(id) {
                Some(found) => found.clone(),
                None => match self.follow_hint(id, how, failures).await? {
                    Ok(found) => known.entry(id.clone()).insert_entry(found).get().clone(),
                    Err(later) => return Ok(Err(later)),
                },
            },
        };
        self.store().webhook_done(&event.id).await?;
        Ok(Ok(ProcessedWebhook { id: event.id.clone(), connection_id, finding, customers }))
    }
}
