//! Follow an open disconnect, call by call, to its end.

use std::{collections::BTreeSet, time::Duration};

use finch_core::{
    Connection, CustomerId, Draft, Leased, SealedAs, Selector, Seq, StoreError, Timestamp, Token,
    TokenId, TokenState,
    decide::{self, Step},
};

use super::DisconnectOutcome;
use crate::{
    Finch,
    work::{Effort, Wait, Work},
};

impl Finch {
    /// Follows the open disconnect of the connection that holds this token. None: there is none open.
    /// A customer's view of it covers that customer's tokens only.
    pub(crate) async fn drive(
        &self,
        anchor: TokenId,
        customer: Option<&CustomerId>,
        how: Effort<'_>,
    ) -> Result<Option<DisconnectOutcome>, StoreError> {
        let Some(connection) = self.holding(anchor).await? else {
            return Ok(None);
        };
        if connection.open_disconnect().is_none() {
            return Ok(None);
        }
        let mut work = self.work_on(connection.key).await;
        let outcome = self.follow(connection, anchor, customer, how, &mut work).await;
        work.release().await;
        outcome
    }

    async fn follow(
        &self,
        before: Connection,
        anchor: TokenId,
        customer: Option<&CustomerId>,
        how: Effort<'_>,
        work: &mut Work<'_>,
    ) -> Result<Option<DisconnectOutcome>, StoreError> {
        let mut tried = BTreeSet::new();
        let mut used = Duration::ZERO;
        let covered_in =
            |c: &Connection| covered(c, customer).map(|t| t.id).collect::<BTreeSet<_>>();
        let mut before = covered_in(&before);
        loop {
            // By a token, since a connection may be absorbed by another one meanwhile.
            let Some(connection) = self.holding(anchor).await? else { return Ok(None) };
            let Some(open) = connection.open_disconnect().map(|open| open.id) else {
                // Another caller, or another process, has finished it; or an operator has closed it.
                let closed =
                    connection.tokens.iter().any(|t| before.contains(&t.id) && t.is_vouched());
                return Ok(Some(match closed {
                    true => DisconnectOutcome::AlreadyDisconnected,
                    false => DisconnectOutcome::Disconnected { tokens: before.len() },
                }));
            };
            let now = self.now();
            before = covered_in(&connection);
            let hurry = how.hurries().then_some(&tried);
            let (until, why) = match decide::next_step(&connection, now, hurry) {
                Step::Finish if self.has_disproved(&connection).await? => continue,
                Step::Finish => {
                    let finish = |draft: &mut Draft| {
                        let now_open = draft.connection().open_disconnect().map(|open| open.id);
                        let is_proven = now_open == Some(open)
                            && decide::next_step(draft.connection(), now, None) == Step::Finish;
                        if is_proven {
                            decide::finish(draft, open, now);
                            // A call that is marked as sending may take effect later.
                            self.inner.pending_effects.note(now);
                        }
                        is_proven
                    };
                    match self.change(Selector::Key(connection.key), finish).await? {
                        Some(true) => {
                            return Ok(Some(DisconnectOutcome::Disconnected {
                                tokens: before.len(),
                            }));
                        }
                        _ => continue,
                    }
                }
                Step::Wait(next_try) => (next_try, Wait::ToTryAgain),
                Step::Call(..)
                    if used > self.inner.options.disconnect_patience || !how.goes_on() =>
                {
                    return Ok(Some(pending(&connection, customer, now)));
                }
                Step::Call(call, token) => match work.ready(connection.key, how).await? {
                    Leased::Held(until) => (until, Wait::ForAnother),
                    Leased::Absorbed => continue,
                    Leased::Taken => {
                        let began = self.inner.system.monotonic();
                        self.call(&connection, call, token, work).await?;
                        if how.is_timed() {
                            used += self.inner.system.monotonic().saturating_sub(began);
                        }
                        tried.insert(token);
                        continue;
                    }
                },
            };
            if !self.has_waited(until, why, how, now, &mut used).await {
                return Ok(Some(pending(&connection, customer, until)));
            }
        }
    }

    /// Takes back each refusal that the secret of its token does not confirm: a row was edited. Returns whether
    /// there was one.
    async fn has_disproved(&self, connection: &Connection) -> Result<bool, StoreError> {
        let mut disproved = false;
        let refused = |t: &&Token| t.sealed_as() == SealedAs::Refused && !t.state.is_revoked();
        for token in connection.tokens.iter().filter(refused) {
            match self.inner.vault.secret_as(token, &[SealedAs::Refused]).await {
                Ok(_) => {}
                Err(StoreError::Unreadable { .. }) => {
                    tracing::warn!(token = token.id.0.0, "a refusal is not what was written");
                    let disprove = |draft: &mut _| decide::disprove(draft, token.id);
                    self.change(Selector::TokenId(token.id), disprove).await?;
                    disproved = true;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(disproved)
    }

    /// One call to Finch with one token, and its answer written down.
    async fn call(
        &self,
        connection: &Connection,
        call: decide::Call,
        token: TokenId,
        work: &mut Work<'_>,
    ) -> Result<(), StoreError> {
        let Some(secret) = self.secret_of(connection, token).await? else {
            return Ok(());
        };
        let (mark, answer) = match call {
            decide::Call::Disconnect => {
                let Some(mark) = self.mark_as_sending(token).await? else { return Ok(()) };
                (Some(mark), work.call(self.inner.api.disconnect(&secret)).await)
            }
            decide::Call::Introspect => {
                let said = work.call(self.inner.api.introspect(&secret)).await;
                (None, said.map(|said| said.request_id))
            }
        };
        let now = self.now();
        let unanswered = answer.as_ref().is_err_and(|error| error.is_ambiguous());
        if call == decide::Call::Disconnect && unanswered {
            self.inner.pending_effects.note(now);
        }
        self.change(Selector::TokenId(token), |draft| {
            let answer = answer.as_ref().map(Clone::clone);
            decide::record(draft, token, call, mark, answer, now, self.jitter());
        })
        .await?;
        Ok(())
    }

    /// Writes the sending mark before `/disconnect` goes out. A mark that is there already is another instance's, or a
    /// crash's, and its call is lost. None: the token waits for no proof any more, and nothing may be sent.
    async fn mark_as_sending(&self, token: TokenId) -> Result<Option<Seq>, StoreError> {
        let now = self.now();
        let marked = self.change_beside(Selector::TokenId(token), None, |draft, _| {
            let lost = decide::lost_calls(draft, now);
            (lost, decide::send(draft, token))
        });
        let ((lost, sends), committed) = marked.await?.unwrap_or_default();
        if lost {
            self.inner.pending_effects.note(now);
        }
        Ok(committed.number.filter(|_| sends))
    }
}

/// The tokens that a disconnect is ending, as far as `customer` may see them.
fn covered<'a>(
    connection: &'a Connection,
    customer: Option<&'a CustomerId>,
) -> impl Iterator<Item = &'a Token> {
    connection.tokens_of(customer).filter(|t| t.state == TokenState::Fenced)
}

pub(super) fn pending(
    connection: &Connection,
    customer: Option<&CustomerId>,
    next_try: Timestamp,
) -> DisconnectOutcome {
    let unproven = || covered(connection, customer).filter(|t| t.is_unproven());
    let troubles = unproven().filter_map(|t| t.progress.trouble.as_ref());
    let trouble = troubles.max_by_key(|t| (t.failure.kind.needs_attention(), t.at));
    DisconnectOutcome::Pending {
        unproven: unproven().count(),
        next_try,
        trouble: trouble.map(|t| t.failure.clone()),
        attention: trouble.is_some_and(|t| t.failure.kind.needs_attention()),
    }
}
