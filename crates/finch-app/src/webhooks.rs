//! Questions: a webhook speaks of a connection's health. Finch is asked, and only its answer counts.

use finch_core::{
    Chain, Connection, ConnectionFilter, ConnectionKey, Due, Selector, StoreError, WebhookEvent,
    decide::{self, Observed},
};
use serde::Serialize;

use crate::{
    Finch,
    observe::Probed,
    work::{Effort, Work},
};

/// How many connections a pass of the background asks about, so that disconnects need not wait long.
const SHARE: usize = 20;
/// After so many connections in a row that Finch could not answer for, a pass asks about no more of them.
const FAILURES: usize = 2;

/// What became of the questions that webhooks have left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Questions {
    /// How many connections Finch was asked about, and has answered for.
    pub answered: usize,
    /// Of how many tokens Finch has said something new. Also of some whose question is left, since Finch could not
    /// say all.
    pub changed: usize,
    /// How many of those that were tried are left for later: Finch cannot answer now, or another instance is at
    /// work.
    pub left: usize,
}

/// What became of one question.
enum QuestionOutcome {
    /// There is none: another instance was faster, or a disconnect has begun.
    Gone,
    /// Every token in use was asked about.
    Given,
    /// Finch could not answer; `away`: for any connection.
    Missing { away: bool },
    /// Another instance works on the connection, or background work is to stop.
    Left,
}

impl Finch {
    /// Takes in a webhook that was [verified](crate::webhook::verify). One that speaks of a connection's health leaves a
    /// question with each connection that it names, durably: the reconciler asks Finch about its tokens, and Finch's
    /// answer alone changes anything. Answer Finch's request with 200 when this has returned, and with 503 where it
    /// fails: Finch sends the webhook again, and to take it in twice is harmless.
    ///
    /// Returns false for a webhook that is for the host alone: handle it, and answer when that is done.
    ///
    /// # Errors
    /// [`StoreError`]: perhaps not every question was written.
    pub async fn take_webhook(&self, event: &WebhookEvent) -> Result<bool, StoreError> {
        if !decide::speaks_of_health(event) {
            return Ok(false);
        }
        if let Some(id) = &event.connection_id {
            self.change(Selector::ConnectionId(id), decide::ask).await?;
        } else if let Some(company) = &event.company_id {
            let mut listed = self.listed(ConnectionFilter::Company(company), None);
            while let Some(connection) = listed.next_key().await? {
                self.change(Selector::Key(connection), decide::ask).await?;
            }
        }
        Ok(true)
    }

    /// Asks Finch about the connections with a question that is due, for as long as `how` says.
    pub(crate) async fn answer_questions(
        &self,
        due: Option<Due>,
        how: Effort<'_>,
        report: &mut Questions,
    ) -> Result<(), StoreError> {
        let (mut asked, mut failures) = (0, 0);
        let mut listed = self.listed(ConnectionFilter::Question(due), None);
        while how.goes_on() && failures < FAILURES && (how.hurries() || asked < SHARE) {
            let Some(connection) = listed.next_key().await? else { break };
            // What Finch was not asked about costs a pass nothing of its share, and keeps no other one waiting.
            match self.answer_question(connection, how, report).await {
                Ok(QuestionOutcome::Gone) => {}
                Ok(QuestionOutcome::Given) => {
                    asked += 1;
                    failures = 0;
                    report.answered += 1;
                }
                Ok(QuestionOutcome::Missing { away }) => {
                    asked += 1;
                    failures += if away { FAILURES } else { 1 };
                    report.left += 1;
                }
                Ok(QuestionOutcome::Left) => report.left += 1,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a connection's question could not be answered");
                    report.left += 1;
                }
            }
        }
        Ok(())
    }

    async fn answer_question(
        &self,
        key: ConnectionKey,
        how: Effort<'_>,
        report: &mut Questions,
    ) -> Result<QuestionOutcome, StoreError> {
        let Some(before) = self.by_key(key, None).await? else { return Ok(QuestionOutcome::Gone) };
        let mut work = self.work_on(key).await;
        let answer = self.ask_about_each(&before, how, &mut work, &mut report.changed).await;
        work.release().await;
        answer
    }

    /// Asks about each token in use, and counts those of which Finch says something new.
    async fn ask_about_each(
        &self,
        before: &Connection,
        how: Effort<'_>,
        work: &mut Work<'_>,
        changed: &mut usize,
    ) -> Result<QuestionOutcome, StoreError> {
        let Some(question) = before.question else { return Ok(QuestionOutcome::Gone) };
        let mut unproven = Vec::new();
        for token in before.tokens.iter().rev().filter(|token| token.state.is_live()) {
            let is_wanted = |c: &Connection| {
                c.question.is_some() && c.token(token.id).is_some_and(|now| now.state.is_live())
            };
            match self.probe_in_turn(token.id, how, work, is_wanted).await? {
                // Of a token that lives no more there is nothing to ask; without a question, of none.
                Probed::Unwanted => {
                    let now = self.by_key(before.key, None).await?;
                    if now.is_none_or(|now| now.question.is_none()) {
                        return Ok(QuestionOutcome::Gone);
                    }
                }
                Probed::Left => return Ok(QuestionOutcome::Left),
                Probed::Said(Observed::Nothing, Some(error)) if decide::time_mends(&error) => {
                    let (now, jitter) = (self.now(), self.jitter());
                    // By the token, since its connection may have become part of another one.
                    self.change(Selector::TokenId(token.id), |draft| {
                        decide::unanswered(draft, question.number, &error, now, jitter);
                    })
                    .await?;
                    return Ok(QuestionOutcome::Missing { away: decide::is_away(&error) });
                }
                Probed::Said(Observed::Nothing, Some(error)) => unproven.push((token.id, error)),
                Probed::Said(Observed::Nothing, None) => {}
                Probed::Said(Observed::Accepted, _) if token.works() => {}
                Probed::Said(..) => *changed += 1,
            }
        }
        let now = self.now();
        let answer = |draft: &mut _| decide::answered(draft, question.number, &unproven, now);
        let answered = self.change(Selector::Key(before.key), answer).await?;
        // What the connection has become part of has the question, and more tokens.
        Ok(if answered.is_some() { QuestionOutcome::Given } else { QuestionOutcome::Left })
    }
}
