//! Sends webhooks to their receiver.

use std::{sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Semaphore, time};
use url::{Host, Url};

use crate::{WebhookRequest, service::Shared, webhook::Outcome};

/// How long a receiver may take to answer, in real time.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many webhooks are sent at once.
const CONCURRENCY: usize = 16;

const EVENT_ID: HeaderName = HeaderName::from_static("finch-event-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("finch-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("finch-signature");

/// Sends due webhooks until it is dropped.
pub(super) async fn run(service: Shared) {
    let changed = service.lock().world.outbox.changed();
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    loop {
        match send_due(&service, &slots) {
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
fn send_due(service: &Shared, slots: &Arc<Semaphore>) -> Option<Duration> {
    let world = &mut service.lock().world;
    loop {
        let slot = Arc::clone(slots).try_acquire_owned().ok()?;
        let Some(request) = world.take_webhook() else {
            return world.outbox.next_in(world.clock.now());
        };
        let service = service.clone();
        tokio::spawn(async move {
            let number = request.number;
            let outcome = send(request).await;
            // Recording the attempt wakes the courier, which then finds the slot free.
            drop(slot);
            service.lock().world.webhook_tried(number, outcome);
        });
    }
}

async fn send(request: WebhookRequest) -> Outcome {
    match time::timeout(TIMEOUT, attempt(request)).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
    }
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("the receiver cannot be reached: {}", .0.kind())]
    Unreachable(std::io::Error),
    #[error("the receiver closed the connection: {0}")]
    Closed(hyper::Error),
    #[error("the webhook is not a valid request")]
    Invalid,
}

/// POSTs on a new connection. A redirect is an answer like any other.
async fn attempt(webhook: WebhookRequest) -> Result<u16, SendError> {
    let url = Url::parse(&webhook.url).map_err(|_| SendError::Invalid)?;
    let request = request(&url, webhook)?;
    let stream = connect(&url).await.map_err(SendError::Unreachable)?;
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(SendError::Closed)?;
    // The connection ends when the sender is dropped.
    let exchange = async move { sender.send_request(request).await };
    let (answer, _) = tokio::join!(exchange, connection);
    Ok(answer.map_err(SendError::Closed)?.status().as_u16())
}

fn request(url: &Url, webhook: WebhookRequest) -> Result<Request<Full<Bytes>>, SendError> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| SendError::Invalid);
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request =
        Request::post(target).body(Full::new(webhook.body)).map_err(|_| SendError::Invalid)?;
    let headers = request.headers_mut();
    headers.insert(HOST, value(host)?);
    headers.insert(USER_AGENT, HeaderValue::from_static("finch-emulator"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(EVENT_ID, value(&webhook.event_id)?);
    headers.insert(TIMESTAMP, webhook.timestamp.into());
    headers.insert(SIGNATURE, value(&webhook.signature)?);
    Ok(request)
}

async fn connect(url: &Url) -> std::io::Result<TcpStream> {
    let port = url.port_or_known_default().unwrap_or(80);
    match url.host() {
        Some(Host::Ipv4(address)) => TcpStream::connect((address, port)).await,
        Some(Host::Ipv6(address)) => TcpStream::connect((address, port)).await,
        Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
        None => Err(std::io::ErrorKind::InvalidInput.into()),
    }
}
