//! Hints: webhooks that say how a connection does. Finch is asked, and only its answer counts.

mod follow;
mod rests;

use std::collections::{HashMap, HashSet};

use finch_core::{
    Awaits, ConnectionId, Failure, FinchApiError, OperatorScope, StoreError, WebhookEvent,
    WebhookEventId, decide,
};
use serde::Serialize;

pub(crate) use self::rests::Rests;
use crate::{Changed, Finch, Pass, drive::Drive, walk::Walk};

/// How many connections a pass of the background asks about, so that disconnects need not wait long.
const SHARE: usize = 20;
/// After so many connections in a row that Finch could not answer for, a pass asks about no more of them.
const FAILURES: usize = 2;

/// What became of the webhooks that called for a probe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProcessedWebhooks {
    /// Those that are done now, in the order in which they came.
    pub done: Vec<ProcessedWebhook>,
    /// What Finch has said that is new, and how these connections do for their customers now. Also of some
    /// whose webhooks are left, since Finch could not say all.
    pub changed: Vec<Changed>,
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
    /// Finch accepts tokens that were in doubt, or had to be authenticated again: they are in use, or will be
    /// when what a disconnect of ours may still do is over.
    WorksAgain,
    /// Finch's answer proves nothing, and would not later. Nothing was revoked.
    NothingProven {
        /// What Finch said last; none: no secret could be unsealed.
        failure: Option<Failure>,
    },
}

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
    /// Calls to Finch take their turns with all background work. [`Pass::Due`] asks about 20 connections at most,
    /// and leaves alone for a while what Finch could not answer for; [`Pass::Everything`] asks about all, at
    /// once. Either ends early where Finch cannot answer at all.
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
        self.process_kept(&mut rests, how).await
    }

    /// The same, for as long as `how` says.
    pub(crate) async fn process_kept(
        &self,
        rests: &mut Rests,
        how: Drive<'_>,
    ) -> Result<ProcessedWebhooks, StoreError> {
        let mut report = ProcessedWebhooks::default();
        let (mut walk, mut asked, mut failures) = (Walk::of("webhooks"), 0, 0);
        let mut waiting = HashSet::new();
        loop {
            let page = async {
                let page = self.store().webhooks(Awaits::Probe, walk.after(), 100).await?;
                walk.goes_on(page.iter().map(|(number, _)| *number))?;
                Ok(page)
            };
            let page = match page.await {
                Ok(page) => page,
                // What is done is done for good, and somebody wants to hear of it.
                Err(error) if !report.done.is_empty() => {
                    tracing::warn!(%error, "webhooks could not be read on");
                    report.left += 1;
                    return Ok(report);
                }
                Err(error) => return Err(error),
            };
            if page.is_empty() {
                rests.keep(&waiting);
                return Ok(report);
            }
            // What Finch says after the page was read holds for all of its events.
            let mut known = HashMap::new();
            for (_, event) in page {
                let Some(id) = &event.connection_id else { continue };
                let is_enough = asked >= SHARE || rests.hold(id, self.system().monotonic());
                let is_enough = (is_enough && !how.hurries()) || failures >= FAILURES;
                let waits = waiting.contains(id) || is_enough || !how.goes_on();
                if waits && !known.contains_key(id) {
                    report.left += 1;
                    waiting.insert(id.clone());
                    continue;
                }
                if !known.contains_key(id) {
                    asked += 1;
                    match self.follow_hint(id, how, &mut report).await {
                        Ok(Ok(finding)) => {
                            failures = 0;
                            rests.answered(id);
                            known.insert(id.clone(), finding);
                        }
                        Ok(Err(Later::NoAnswer(error))) => {
                            failures += if decide::is_away(&error) { FAILURES } else { 1 };
                            let times = (self.system().monotonic(), self.now());
                            rests.could_not(id, &error, times, self.jitter());
                        }
                        Ok(Err(Later::Held | Later::Stopped)) => {}
                        // One that cannot be processed keeps no other one waiting.
                        Err(error) => tracing::warn!(%error, "a webhook could not be processed"),
                    }
                }
                let done = match known.get(id) {
                    Some(finding) => self.done(&event, finding).await,
                    None => None,
                };
                if done.is_none() {
                    report.left += 1;
                    waiting.insert(id.clone());
                }
                report.done.extend(done);
            }
            if asked >= SHARE && !how.hurries() {
                return Ok(report);
            }
        }
    }

    /// Writes down that a webhook is done. None: it could not be written.
    async fn done(
        &self,
        event: &WebhookEvent,
        finding: &WebhookFinding,
    ) -> Option<ProcessedWebhook> {
        if let Err(error) = self.store().webhook_done(&event.id).await {
            tracing::warn!(%error, "a webhook will be processed again");
            return None;
        }
        let (id, connection_id) = (event.id.clone(), event.connection_id.clone());
        Some(ProcessedWebhook { id, connection_id, finding: finding.clone() })
    }
}
