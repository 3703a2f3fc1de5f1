//! Hints: webhooks that say how a connection does. Finch is asked, and only its answer counts.

mod follow;
mod rests;

use std::collections::{BTreeMap, HashMap, HashSet};

use finch_core::{
    Awaits, ConnectionId, CustomerId, Failure, FinchApiError, OperatorScope, StoreError,
    WebhookEvent, WebhookEventId,
};
use serde::Serialize;

pub(crate) use self::rests::Rests;
use crate::{Finch, Pass, Theirs, drive::Drive};

/// How many connections a pass of the background asks about, so that disconnects need not wait long.
pub(crate) const HINTS_IN_A_PASS: usize = 20;

/// What became of the webhooks that called for a probe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProcessedWebhooks {
    /// Those that are done now, in the order in which they came.
    pub done: Vec<ProcessedWebhook>,
    /// Those that are left for later: Finch cannot answer now, another instance is at work, a pass has done
    /// its share, or the store fails (the log says why).
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
    /// Whose tokens it is about, where something was found, and how the connection does for them now.
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
    /// Finch refuses tokens of it: they are revoked here.
    Revoked,
    /// Finch accepts tokens that had to be authenticated again: they are in use.
    WorksAgain,
    /// Finch's answer proves nothing, and would not later. Nothing was revoked.
    NothingProven {
        /// What Finch said last; none: no secret could be unsealed.
        failure: Option<Failure>,
    },
}

/// What one question led to.
type Found = (WebhookFinding, BTreeMap<CustomerId, Theirs>);

/// Why a webhook waits.
enum Later {
    /// Another instance works on the connection.
    Held,
    /// Finch could not answer.
    NoAnswer(FinchApiError),
    /// Background work is to stop.
    Stopped,
}

impl Finch {
    /// Asks Finch about each connection of which a kept webhook says how it does, and writes down what Finch
    /// answers: dead tokens, the need to authenticate again, or its end. The webhook's word
    /// alone changes nothing. A webhook is done after that: one that a crash leaves half way is processed
    /// again, by the reconciler at the latest.
    ///
    /// Calls to Finch take their turns with all background work. With [`Pass::Due`] a connection that Finch
    /// could not answer for is left alone for a while, and all of them where Finch cannot answer at all;
    /// [`Pass::Everything`] asks at once.
    ///
    /// # Errors
    /// [`StoreError`]: the store cannot even be asked.
    pub async fn process_webhooks(
        &self,
        _scope: &OperatorScope,
        pass: Pass,
    ) -> Result<ProcessedWebhooks, StoreError> {
        let how = match pass {
            Pass::Due => Drive::WhatIsDue(&|| true),
            Pass::Everything => Drive::Everything(&|| true),
        };
        // One at a time in this process: whoever waits finds little left to do.
        let mut rests = self.rests().lock().await;
        self.process_kept(&mut rests, how, usize::MAX).await
    }

    /// The same, for as long as `how` says, and asking about so many connections at most.
    pub(crate) async fn process_kept(
        &self,
        rests: &mut Rests,
        how: Drive<'_>,
        most: usize,
    ) -> Result<ProcessedWebhooks, StoreError> {
        let mut report = ProcessedWebhooks::default();
        let (mut after, mut asked, mut waiting) = (None, 0, HashSet::new());
        loop {
            let page = match self.store().webhooks(Awaits::Probe, after, 100).await {
                Ok(page) => page,
                // What is done is done for good, and somebody wants to hear of it.
                Err(error) if !report.done.is_empty() => {
                    tracing::warn!(%error, "webhooks could not be read on");
                    report.left += 1;
                    return Ok(report);
                }
                Err(error) => return Err(error),
            };
            after = page.last().map(|(number, _)| *number);
            if after.is_none() {
                rests.keep(&waiting);
                return Ok(report);
            }
            // What Finch says after the page was read holds for all of its events.
            let mut known = HashMap::new();
            for (_, event) in page {
                let Some(id) = event.connection_id.clone() else { continue };
                let is_known = known.contains_key(&id);
                let rests_now = !how.hurries() && rests.hold(&id, self.system().monotonic());
                let is_enough = asked >= most || !how.goes_on();
                if !is_known && (rests_now || is_enough) {
                    report.left += 1;
                    waiting.insert(id);
                    continue;
                }
                asked += usize::from(!is_known);
                match self.process(&event, &id, how, rests, &mut known).await {
                    Ok(Ok(done)) => report.done.push(done),
                    Ok(Err(later)) => {
                        if let Later::NoAnswer(error) = later {
                            let times = (self.system().monotonic(), self.now());
                            rests.could_not(&id, &error, times, self.jitter());
                        }
                        report.left += 1;
                        waiting.insert(id);
                    }
                    // One that cannot be processed keeps no other one waiting.
                    Err(error) => {
                        tracing::warn!(%error, "a webhook could not be processed");
                        report.left += 1;
                        waiting.insert(id);
                    }
                }
            }
            if asked >= most {
                return Ok(report);
            }
        }
    }

    async fn process(
        &self,
        event: &WebhookEvent,
        id: &ConnectionId,
        how: Drive<'_>,
        rests: &mut Rests,
        known: &mut HashMap<ConnectionId, Found>,
    ) -> Result<Result<ProcessedWebhook, Later>, StoreError> {
        let (finding, customers) = match known.get(id) {
            Some(found) => found.clone(),
            None => match self.follow_hint(id, how, rests.told(id)).await? {
                Ok(found) => known.entry(id.clone()).insert_entry(found).get().clone(),
                Err(later) => return Ok(Err(later)),
            },
        };
        if !matches!(finding, WebhookFinding::UnknownConnection | WebhookFinding::NothingInUse) {
            rests.answered();
        }
        self.store().webhook_done(&event.id).await?;
        rests.forget(id);
        let (id, connection_id) = (event.id.clone(), event.connection_id.clone());
        Ok(Ok(ProcessedWebhook { id, connection_id, finding, customers }))
    }
}
