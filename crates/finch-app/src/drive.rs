//! Drive: follow an open disconnect, call by call; and settle what is in doubt.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use finch_core::{
    Connection, CustomerId, Selector, StoreError, Timestamp, Token, TokenId, TokenState,
    decide::{self, Step},
};

use crate::{DisconnectOutcome, Finch};

/// How far a disconnect is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drive {
    /// What is due, without waiting.
    WhatIsDue,
    /// Everything once, due or not, without waiting: a person asks.
    Everything,
    /// Everything once, and on until `disconnect_patience` is used up: a person waits.
    Patiently,
}

impl Finch {
    /// Follows the open disconnect of the connection that holds this token. None: there is none open.
    /// What a customer hears of it speaks of that customer's tokens only.
    pub(crate) async fn drive(
        &self,
        anchor: TokenId,
        customer: Option<&CustomerId>,
        how: Drive,
    ) -> Result<Option<DisconnectOutcome>, StoreError> {
        // By a token, since a connection may be absorbed by another one meanwhile.
        let load = || self.store().load(Selector::TokenId(anchor), None);
        let Some(connection) = load().await? else { return Ok(None) };
        let key = connection.key;
        let mut open_before = Some(connection).filter(|c| c.open_disconnect().is_some());
        let _turn = self.drive_alone(key).await;
        let mut tried = BTreeSet::new();
        let mut used = Duration::ZERO;
        loop {
            let Some(connection) = load().await? else { return Ok(None) };
            let Some(open) = connection.open_disconnect() else {
                // Another caller, or another process, has finished it.
                let ended = open_before.map(|before| covered(&before, customer).count());
                return Ok(ended.map(|tokens| DisconnectOutcome::Disconnected { tokens }));
            };
            let now = self.now();
            let hurry = (how != Drive::WhatIsDue).then_some(&tried);
            match decide::next_step(&connection, now, hurry) {
                Step::Finish => {
                    match self.store().apply(decide::finish(&connection, open, now)).await {
                        Ok(_) => {
                            let tokens = covered(&connection, customer).count();
                            return Ok(Some(DisconnectOutcome::Disconnected { tokens }));
                        }
                        Err(StoreError::Moved) => {}
                        Err(error) => return Err(error),
                    }
                }
                Step::Wait(next_try) => {
                    let wait = next_try.duration_since(now).unsigned_abs();
                    used += wait;
                    if how != Drive::Patiently || used > self.options().disconnect_patience {
                        return Ok(Some(pending(&connection, customer, next_try)));
                    }
                    self.system().sleep(wait).await;
                }
                Step::Call(..) if used > self.options().disconnect_patience => {
                    return Ok(Some(pending(&connection, customer, now)));
                }
                Step::Call(call, token) => {
                    let began = Instant::now();
                    self.call(&connection, call, token).await?;
                    used += began.elapsed();
                    tried.insert(token);
                }
            }
            open_before = Some(connection);
        }
    }

    /// One call to Finch with one token, and its answer written down.
    async fn call(
        &self,
        connection: &Connection,
        call: decide::Call,
        token: finch_core::TokenId,
    ) -> Result<(), StoreError> {
        let secret = match self.store().secret(token).await {
            Ok(Some(secret)) => secret,
            Ok(None) | Err(StoreError::Unreadable { .. }) => {
                return self.note_unreadable(token).await;
            }
            Err(error) => return Err(error),
        };
        let answer = match call {
            decide::Call::Disconnect => self.api().disconnect(&secret).await,
            decide::Call::Introspect => self.api().introspect(&secret).await.map(|_| ()),
        };
        let mut seen = Some(connection.clone());
        while let Some(connection) = seen {
            let changes = decide::record(
                &connection,
                token,
                call,
                answer.as_ref().copied(),
                self.now(),
                self.jitter(),
            );
            match self.store().apply(changes).await {
                Ok(_) => break,
                Err(StoreError::Moved) => {
                    seen = self.store().load(Selector::TokenId(token), None).await?
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Settles what is in doubt about the connection that holds this token, and that no disconnect
    /// holds: tokens that are `Unverified`, and an employer that Finch has not named. With a customer,
    /// only by asking about that customer's tokens.
    pub(crate) async fn settle(
        &self,
        anchor: TokenId,
        customer: Option<&CustomerId>,
        how: Drive,
    ) -> Result<(), StoreError> {
        let Some(connection) = self.store().load(Selector::TokenId(anchor), None).await? else {
            return Ok(());
        };
        if connection.open_disconnect().is_some() {
            return Ok(());
        }
        let now = self.now();
        let asks_for_a_name = decide::nameless_token(&connection).map(|t| t.id);
        for token in connection.tokens.iter().rev() {
            let doubtful =
                token.state == TokenState::Unverified || asks_for_a_name == Some(token.id);
            let own = customer.is_none() || token.customer.as_ref() == customer;
            if doubtful && own && (how != Drive::WhatIsDue || token.progress.is_due(now)) {
                self.probe(token.id).await?;
            }
        }
        Ok(())
    }
}

/// The tokens that a disconnect is ending, as far as `customer` may hear of them.
fn covered<'a>(
    connection: &'a Connection,
    customer: Option<&'a CustomerId>,
) -> impl Iterator<Item = &'a Token> {
    let own = move |t: &&Token| customer.is_none() || t.customer.as_ref() == customer;
    connection.tokens.iter().filter(|t| t.state == TokenState::Fenced).filter(own)
}

pub(crate) fn pending(
    connection: &Connection,
    customer: Option<&CustomerId>,
    next_try: Timestamp,
) -> DisconnectOutcome {
    let unproven = || covered(connection, customer).filter(|t| t.is_unproven());
    let troubles = unproven().filter_map(|t| t.progress.trouble.as_ref());
    let trouble = troubles.max_by_key(|t| (t.attention, t.at));
    DisconnectOutcome::Pending {
        unproven: unproven().count(),
        next_try,
        trouble: trouble.map(|t| t.failure.clone()),
        attention: trouble.is_some_and(|t| t.attention),
    }
}
