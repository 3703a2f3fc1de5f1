//! Follow: one hint, from token to token, until Finch has said enough.

use std::{collections::BTreeMap, ops::ControlFlow};

use finch_core::{
    ConnectionId, Failure, Leased, Selector, StoreError, Token, TokenId,
    decide::{self, Observed},
};

use super::{Found, Later, WebhookFinding};
use crate::{Finch, drive::Drive, ended::whose, work::Work};

impl Finch {
    /// Asks about the connection that goes by this name.
    pub(super) async fn follow_hint(
        &self,
        id: &ConnectionId,
        how: Drive<'_>,
        failures: u32,
    ) -> Result<Result<Found, Later>, StoreError> {
        let Some(hinted) = self.store().load(Selector::ConnectionId(id), None).await? else {
            return Ok(Ok((WebhookFinding::UnknownConnection, BTreeMap::new())));
        };
        let mut work = self.work_on(hinted.key).await;
        let mut told = Told::default();
        let mut later = None;
        for token in decide::tokens_to_ask(&hinted, id) {
            match self.ask_about(token, how, failures, &mut work, &mut told).await {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(why)) => {
                    later = why;
                    break;
                }
                Err(error) => {
                    work.release().await;
                    return Err(error);
                }
            }
        }
        work.release().await;
        Ok(match later {
            Some(later) => Err(later),
            None => Ok(told.found()),
        })
    }

    /// Asks Finch about one token, if it is still in use and no disconnect asks by itself. Breaks off where
    /// nobody need, or can, ask on.
    async fn ask_about(
        &self,
        token: TokenId,
        how: Drive<'_>,
        failures: u32,
        work: &mut Work<'_>,
        told: &mut Told,
    ) -> Result<ControlFlow<Option<Later>>, StoreError> {
        let in_use = loop {
            let found = self.store().load(Selector::TokenId(token), None).await?;
            let Some(connection) = found else { return Ok(ControlFlow::Continue(())) };
            let in_use = connection.token(token).filter(|t| t.state.is_live()).cloned();
            let Some(in_use) = in_use.filter(|_| connection.open_disconnect().is_none()) else {
                return Ok(ControlFlow::Continue(()));
            };
            if !how.goes_on() {
                return Ok(ControlFlow::Break(Some(Later::Stopped)));
            }
            if work.wait_for_a_turn().await? {
                continue;
            }
            if let Leased::Held(_) = work.lease(connection.key).await? {
                return Ok(ControlFlow::Break(Some(Later::Held)));
            }
            // No disconnect is open: whoever held it before was asking about tokens.
            work.noted(connection.key);
            break in_use;
        };
        let (observed, error) = self.probe(token, work).await?;
        match observed {
            Observed::Refused => told.refused.push(in_use),
            Observed::NeedsReauth => told.reauth.push(in_use),
            Observed::Accepted if told.is_nothing() => {
                told.accepted = true;
                return Ok(ControlFlow::Break(None));
            }
            Observed::Accepted => {}
            Observed::Nothing => {
                let Some(error) = error else {
                    told.unproven.get_or_insert(None);
                    return Ok(ControlFlow::Continue(()));
                };
                told.unproven = Some(Some(error.failure()));
                let again = decide::ask_again(&error, failures, self.now(), self.jitter());
                if again.is_some() || told.is_nothing() {
                    return Ok(ControlFlow::Break(again.map(Later::FinchIsAway)));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// What Finch has said of the tokens of one connection so far.
#[derive(Debug, Default)]
struct Told {
    accepted: bool,
    refused: Vec<Token>,
    reauth: Vec<Token>,
    unproven: Option<Option<Failure>>,
}

impl Told {
    fn is_nothing(&self) -> bool {
        self.refused.is_empty() && self.reauth.is_empty()
    }

    fn found(self) -> Found {
        let nobody = BTreeMap::new();
        match self {
            _ if self.accepted => (WebhookFinding::StillAccepted, nobody),
            _ if !self.refused.is_empty() => (WebhookFinding::Revoked, whose(self.refused.iter())),
            _ if !self.reauth.is_empty() => {
                (WebhookFinding::NeedsReauth, whose(self.reauth.iter()))
            }
            _ => match self.unproven {
                Some(failure) => (WebhookFinding::NothingProven { failure }, nobody),
                None => (WebhookFinding::NothingInUse, nobody),
            },
        }
    }
}
