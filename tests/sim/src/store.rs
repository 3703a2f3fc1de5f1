//! The port to the store: each call waits for its turn, and runs to its end while nothing else runs.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use finch_core::{
    AttemptId, Commit, ConnectionKey, Fingerprint, InstanceId, Leased, NewAttempt, Sealed, Seq,
    StoreError, Timestamp, TokenId, TokenStore,
};
use finch_testkit::Intercept;
use finch_tests::finish;

use crate::{
    fault::Fault,
    finch::lock,
    gate::{Kind, Point},
    host::Shared,
    keys::text,
};

/// What happens to one host's calls of the store.
pub(crate) struct Gated {
    pub(crate) host: usize,
    /// Whether they wait: not while the host starts.
    pub(crate) started: AtomicBool,
    pub(crate) shared: Shared,
}

impl Gated {
    /// What the call is about, for the trace: without a secret, and the same for the same seed.
    fn note(&self, note: impl fmt::Display) {
        lock(&self.shared.ledger).note = note.to_string();
    }
}

#[async_trait]
impl Intercept for Gated {
    async fn around<T: Send>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if !self.started.load(Ordering::Relaxed) {
            return call.await;
        }
        let kind = match method {
            "keyring" | "possible_orphans" | "find" | "load" | "sealed" | "usable_token"
            | "connections" | "events" => Kind::Read,
            _ => Kind::Write,
        };
        let about = Point { kind, name: method }.into();
        let run = |fault: Option<Fault>| {
            let answer = match fault {
                Some(fault) if fault != Fault::IoAfter => Err(fault.store_error()),
                Some(fault) => {
                    drop(finish(call));
                    Err(fault.store_error())
                }
                None => finish(call),
            };
            let note = std::mem::take(&mut lock(&self.shared.ledger).note);
            let said = match &answer {
                Ok(_) => format!("{note}: ok"),
                Err(error) => format!("{note}: {error}"),
            };
            (answer, said)
        };
        self.shared.gate.pass_in_task(self.host, about, run).await
    }

    async fn open_attempt(
        &self,
        next: &dyn TokenStore,
        attempt: NewAttempt,
        state: &Fingerprint,
    ) -> Result<AttemptId, StoreError> {
        self.note(&attempt.customer);
        let id = next.open_attempt(attempt, state).await?;
        lock(&self.shared.ledger).attempts.insert(*state, id);
        Ok(id)
    }

    async fn commit(&self, next: &dyn TokenStore, commit: Commit) -> Result<Seq, StoreError> {
        self.note(crate::trace::commit(&commit));
        let number = next.commit(commit.clone()).await?;
        if commit.keyring.is_some() {
            self.shared.keys.replaced();
        }
        let opened = |token| self.shared.keys.opened().secret_in(&commit, token).and_then(text);
        let secret = commit.admitted().map(opened);
        lock(&self.shared.ledger).committed(commit, number, secret);
        Ok(number)
    }

    /// Has no bytes where the secret was made unreadable.
    async fn sealed(
        &self,
        next: &dyn TokenStore,
        token: TokenId,
    ) -> Result<Option<Sealed>, StoreError> {
        self.note(token);
        let damaged = lock(&self.shared.ledger).damages(token);
        let sealed = next.sealed(token).await?;
        Ok(sealed
            .map(|sealed| if damaged { Sealed { bytes: Vec::new(), ..sealed } } else { sealed }))
    }

    async fn lease(
        &self,
        next: &dyn TokenStore,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        self.note(format_args!("{connection:?}"));
        let leased = next.lease(connection, owner, now).await?;
        lock(&self.shared.ledger).leased(&leased);
        Ok(leased)
    }

    async fn take_turn(
        &self,
        next: &dyn TokenStore,
        every: Duration,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let turn = next.take_turn(every, now).await?;
        lock(&self.shared.ledger).turn(turn, every, now);
        Ok(turn)
    }

    async fn note_use(
        &self,
        next: &dyn TokenStore,
        token: TokenId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.note(token);
        next.note_use(token, now).await?;
        lock(&self.shared.ledger).noted = true;
        Ok(())
    }
}
