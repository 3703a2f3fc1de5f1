//! Sending a call, and sending it again where that is safe.

use finch_core::{Answer, FinchApiError};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;

use crate::{
    HttpFinch,
    call::OutgoingCall,
    lost,
    refusal::refusal,
    reply::{NotSuccess, Reply},
    retry::{may_repeat, wait},
};

impl HttpFinch {
    /// Sends `call` until it succeeds, must not be repeated, or has been repeated often enough, all
    /// within the configured time.
    pub(crate) async fn send<T>(
        &self,
        call: OutgoingCall<'_>,
        read: fn(&Reply) -> Result<T, NotSuccess>,
    ) -> Result<T, FinchApiError> {
        let deadline = Instant::now() + self.config.timeout;
        // An attempt that begins in the last eighth of the time would hardly end.
        let latest = deadline - self.config.timeout / 8;
        let mut repetition = 0;
        loop {
            let error = match self.attempt(&call, repetition, deadline).await {
                Ok(reply) if reply.is_success() => match read(&reply) {
                    Ok(value) => return Ok(value),
                    Err(problem) => reply.problem(problem),
                },
                Ok(reply) => refusal(&reply, &call),
                Err(error) => error,
            };
            let again = repetition < self.config.retries && may_repeat(call.repeat, &error);
            let pause = wait(&self.config, repetition, error.retry_after()).filter(|_| again);
            let Some(pause) = pause.filter(|pause| Instant::now() + *pause < latest) else {
                return Err(error);
            };
            debug!(
                operation = call.operation,
                wait_ms = pause.as_millis() as u64,
                "asking Finch again"
            );
            sleep(pause).await;
            repetition += 1;
        }
    }

    /// Sends `call` once.
    async fn attempt(
        &self,
        call: &OutgoingCall<'_>,
        repetition: u32,
        deadline: Instant,
    ) -> Result<Reply, FinchApiError> {
        let began = Instant::now();
        let outcome = match timeout_at(deadline, self.carrier.send(call.request(&self.base))).await
        {
            Ok(Ok(response)) => Reply::receive(response, call, &self.config, deadline).await,
            Ok(Err(error)) => Err(error),
            Err(_) => Err(lost::out_of_time(self.config.timeout)),
        };
        let (operation, attempt) = (call.operation, repetition + 1);
        let elapsed_ms = began.elapsed().as_millis() as u64;
        match &outcome {
            Ok(Reply { answer: Answer { status, request_id, .. }, .. }) => {
                let request_id = request_id.as_ref().map(|id| id.as_str());
                debug!(operation, attempt, status, request_id, elapsed_ms, "Finch answered");
            }
            Err(error) => {
                let problem = error.to_string();
                debug!(operation, attempt, problem, elapsed_ms, "no usable answer from Finch");
            }
        }
        outcome
    }
}
