//! Carries webhooks to their receiver, by the emulator's clock.

use std::{sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Semaphore, task::JoinHandle, time};
use url::{Host, Url};

use super::{Outcome, WebhookRequest};
use crate::server::Shared;

/// How long a receiver may take to answer, in real time.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many are sent at once.
const AT_ONCE: usize = 16;

const EVENT_ID: HeaderName = HeaderName::from_static("finch-event-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("finch-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("finch-signature");

/// Delivers whatever is due, for as long as the emulator runs.
pub(crate) async fn run(world: Shared) {
    let wake = world.lock().outbox.woken();
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let next = send_due(&world, &slots);
        match next {
            None => wake.notified().await,
            Some(wait) => tokio::select! {
                () = wake.notified() => {}
                () = time::sleep(wait) => {}
            },
        }
    }
}

/// Sends what is due; how long it is until something else is. None: nothing is, or somebody has to
/// answer first.
fn send_due(world: &Shared, slots: &Arc<Semaphore>) -> Option<Duration> {
    let mut locked = world.lock();
    loop {
        let slot = Arc::clone(slots).try_acquire_owned().ok()?;
        let Some(request) = locked.take_webhook() else {
            return locked.next_webhook_in();
        };
        let world = world.clone();
        tokio::spawn(async move {
            let number = request.number;
            let outcome = send(request).await;
            // The slot is free before anybody is woken to take it.
            drop(slot);
            world.lock().webhook_tried(number, outcome);
        });
    }
}

async fn send(request: WebhookRequest) -> Outcome {
    match time::timeout(PATIENCE, attempt(request)).await {
        Ok(Ok(status)) => Outcome::Answered(status),
        Ok(Err(error)) => Outcome::Failed(error.to_string()),
        Err(_) => Outcome::Failed(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error("the receiver cannot be reached: {}", .0.kind())]
    Unreachable(std::io::Error),
    #[error("the receiver broke off: {0}")]
    BrokenOff(hyper::Error),
    #[error("the webhook cannot be written as a request")]
    Unwritable,
}

/// One POST on a connection of its own; a redirect is an answer like any other.
async fn attempt(webhook: WebhookRequest) -> Result<u16, Unsent> {
    let url = Url::parse(&webhook.url).map_err(|_| Unsent::Unwritable)?;
    let request = written(&url, webhook)?;
    let stream = connect(&url).await.map_err(Unsent::Unreachable)?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(Unsent::BrokenOff)?;
    let _driver = Driver(tokio::spawn(async move {
        // What goes wrong with it, its request tells.
        let _ = connection.await;
    }));
    let answer = sender.send_request(request).await.map_err(Unsent::BrokenOff)?;
    Ok(answer.status().as_u16())
}

fn written(url: &Url, webhook: WebhookRequest) -> Result<Request<Full<Bytes>>, Unsent> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Unsent::Unwritable);
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request =
        Request::post(target).body(Full::new(webhook.body)).map_err(|_| Unsent::Unwritable)?;
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

/// What drives a connection, for as long as somebody waits for its answer.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
