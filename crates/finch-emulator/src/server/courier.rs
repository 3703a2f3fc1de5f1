//! Sends webhooks to their receiver.

use std::{error::Error, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    header::{CONTENT_TYPE, USER_AGENT},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{sync::Semaphore, time};

use crate::{WebhookRequest, service::Shared, webhook::Outcome};

/// How long a receiver may take to answer, in real time.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many webhooks are sent at once.
const CONCURRENCY: usize = 16;

type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Sends due webhooks until it is dropped.
pub(super) async fn run(service: Shared) {
    let changed = service.lock().world.outbox.changed();
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    // A new connection for each attempt.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    loop {
        match send_due(&service, &client, &slots) {
            None => changed.notified().await,
            Some(wait) => tokio::select! {
                () = changed.notified() => {}
                () = time::sleep(wait) => {}
            },
        }
    }
}

/// Sends the due webhooks, and returns the time until the next is due. `None`: none waits, or a receiver
/// has to answer first.
fn send_due(service: &Shared, client: &HttpClient, slots: &Arc<Semaphore>) -> Option<Duration> {
    let world = &mut service.lock().world;
    loop {
        let slot = Arc::clone(slots).try_acquire_owned().ok()?;
        let Some(webhook) = world.take_webhook() else {
            return world.outbox.next_in(world.clock.now());
        };
        let (service, client) = (service.clone(), client.clone());
        tokio::spawn(async move {
            let number = webhook.number;
            let outcome = match time::timeout(TIMEOUT, send(&client, webhook)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
            };
            // Recording the attempt wakes the courier, which then finds the slot free.
            drop(slot);
            service.lock().world.webhook_tried(number, outcome);
        });
    }
}

/// A redirect is an answer like any other.
async fn send(client: &HttpClient, webhook: WebhookRequest) -> Outcome {
    let request = Request::post(webhook.url)
        .header(USER_AGENT, "finch-emulator")
        .header(CONTENT_TYPE, "application/json")
        .header("finch-event-id", webhook.event_id)
        .header("finch-timestamp", webhook.timestamp)
        .header("finch-signature", webhook.signature)
        .body(Full::new(webhook.body))
        .map_err(|error| format!("the webhook is not a valid request: {error}"))?;
    match client.request(request).await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => {
            let what = if error.is_connect() { "cannot be reached" } else { "did not answer" };
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            Err(format!("the receiver {what}{cause}"))
        }
    }
}
