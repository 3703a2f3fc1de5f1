//! Follow: one hint, from token to token, until Finch has said enough.

use std::{collections::BTreeMap, ops::ControlFlow};

use finch_core::{
    ConnectionId, Failure, Leased, Selector, StoreError, Token, TokenId, TokenState,
    decide::{self, Observed},
};

use super::{Later, ProcessedWebhooks, WebhookFinding};
use crate::{Changed, Finch, drive::Drive, work::Work};

impl Finch {
    /// Asks about the connection that goes by this name. What is new goes into the report, even where Finch
    /// cannot say all.
    pub(super) async fn follow_hint(
        &self,
        id: &ConnectionId,
        how: Drive<'_>,
        report: &mut ProcessedWebhooks,
    ) -> Result<Result<WebhookFinding, Later>, StoreError> {
        let load = async || self.store().load(Selector::ConnectionId(id), None).await;
        let Some(hinted) = load().await? else {
            return Ok(Ok(WebhookFinding::UnknownConnection));
        };
        let mut work = self.work_on(hinted.key).await;
        let mut asking = Asking { how, said: BTreeMap::new(), settled: false, unproven: None };
        let mut later = Ok(None);
        for token in decide::tokens_to_ask(&hinted, id) {
            match self.ask_about(token, &mut work, &mut asking).await {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(why)) => {
                    later = Ok(why);
                    break;
                }
                Err(error) => {
                    later = Err(error);
                    break;
                }
            }
        }
        work.release().await;
        let now = load().await.ok().flatten();
        let tokens = asking.said.values().map(|(token, _)| token);
        let changed = Changed::of(&hinted, tokens, now.as_ref().unwrap_or(&hinted));
        report.changed.extend(changed.if_any());
        Ok(match later? {
            Some(later) => Err(later),
            None => Ok(asking.finding()),
        })
    }

    /// Asks Finch about one token, if it is still in use and no disconnect asks by itself. Breaks off where
    /// nobody need, or can, ask on.
    async fn ask_about(
        &self,
        token: TokenId,
        work: &mut Work<'_>,
        asking: &mut Asking<'_>,
    ) -> Result<ControlFlow<Option<Later>>, StoreError> {
        let in_use = loop {
            let found = self.store().load(Selector::TokenId(token), None).await?;
            let Some(connection) = found else { return Ok(ControlFlow::Continue(())) };
            let in_use = connection.token(token).filter(|t| t.state.is_live()).cloned();
            let in_use = in_use.filter(|_| connection.open_disconnect().is_none());
            let Some(in_use) = in_use.filter(|t| !asking.settled || t.needs_reauth()) else {
                return Ok(ControlFlow::Continue(()));
            };
            if !asking.how.goes_on() {
                return Ok(ControlFlow::Break(Some(Later::Stopped)));
            }
            if work.wait_for_a_turn().await? {
                continue;
            }
            match work.lease(connection.key).await? {
                Leased::Held(_) => return Ok(ControlFlow::Break(Some(Later::Held))),
                Leased::Absorbed => continue,
                Leased::Taken | Leased::TakenOver => {}
            }
            // No disconnect is open: whoever held it before was asking about tokens.
            work.noted(connection.key);
            break in_use;
        };
        let (observed, error) = self.probe(token, work).await?;
        match (observed, error) {
            (Observed::Nothing, None) => drop(asking.unproven.get_or_insert(None)),
            (Observed::Nothing, Some(error)) => {
                asking.unproven = Some(Some(error.failure()));
                let again = decide::ask_again(&error, 1, self.now(), self.jitter()).is_some();
                if again || !asking.is_bad() {
                    return Ok(ControlFlow::Break(again.then_some(Later::NoAnswer(error))));
                }
            }
            (Observed::Accepted, _)
                if !in_use.needs_reauth() && in_use.state == TokenState::Active =>
            {
                asking.settled |= !asking.is_bad();
            }
            (observed, _) => {
                asking.said.insert(token, (in_use, observed));
                asking.settled |= observed == Observed::Accepted && !asking.is_bad();
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// One hint as it is followed.
struct Asking<'a> {
    how: Drive<'a>,
    /// The tokens of which Finch has said something new, as they were before.
    said: BTreeMap<TokenId, (Token, Observed)>,
    /// The connection is in order.
    settled: bool,
    /// A token of which nothing is proven, and what Finch said.
    unproven: Option<Option<Failure>>,
}

impl Asking<'_> {
    fn says(&self, what: Observed) -> bool {
        self.said.values().any(|(_, observed)| *observed == what)
    }

    fn is_bad(&self) -> bool {
        self.says(Observed::Refused) || self.says(Observed::NeedsReauth)
    }

    fn finding(self) -> WebhookFinding {
        if self.says(Observed::Refused) {
            WebhookFinding::Revoked
        } else if self.says(Observed::NeedsReauth) {
            WebhookFinding::NeedsReauth
        } else if self.says(Observed::Accepted) {
            WebhookFinding::WorksAgain
        } else if self.settled {
            WebhookFinding::StillAccepted
        } else if let Some(failure) = self.unproven {
            WebhookFinding::NothingProven { failure }
        } else {
            WebhookFinding::NothingInUse
        }
    }
}
