//! `/__emulator/webhooks`: the receiver of webhooks, and the deliveries.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    WebhookError, WebhookEvent, WebhookTarget,
    http::{self, ApiError, Invalid, Names, Request, Response, Text, success},
    service::Service,
};

#[derive(Deserialize)]
struct Receiver {
    url: Text,
    secret: Option<String>,
    secrets: Option<Names>,
}

#[derive(Deserialize)]
struct Event {
    body: Option<Map<String, Value>>,
    event_type: Option<EventType>,
    connection_id: Option<Text>,
    status: Option<Text>,
}

#[derive(Deserialize)]
enum EventType {
    #[serde(rename = "account.updated")]
    AccountUpdated,
    #[serde(rename = "test")]
    Test,
}

#[derive(Deserialize)]
struct EventId {
    event_id: Text,
}

/// `GET /__emulator/webhooks`: the receiver, without its secrets, and the deliveries.
pub(crate) fn show(service: &mut Service, _: &Request) -> Result<Response, ApiError> {
    let target = service.world.outbox.target();
    Ok(http::ok(&json!({
        "url": target.map(|target| target.url().as_str()),
        "secrets": target.map_or(0, |target| target.secrets().len()),
        "deliveries": service.world.webhook_deliveries(),
    })))
}

/// `POST /__emulator/webhooks`: registers a receiver.
pub(crate) fn register(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let Receiver { url, secret, secrets } = request.json()?;
    let secrets = match (secret, secrets) {
        (Some(secret), None) => vec![secret],
        (None, Some(secrets)) => secrets.0,
        _ => return Err(Invalid::new("secret", "or `secrets` is required, not both").into()),
    };
    service.world.outbox.register(&WebhookTarget { url: url.0, secrets }).map_err(refused)?;
    Ok(success())
}

/// `DELETE /__emulator/webhooks`
pub(crate) fn unregister(service: &mut Service, _: &Request) -> Result<Response, ApiError> {
    service.world.outbox.unregister();
    Ok(success())
}

/// `POST /__emulator/webhooks/send`: sends a `test`, an `account.updated`, or any other `body`.
pub(crate) fn send(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let event = event(request.json()?)?;
    let id = service.world.send_webhook(&event).map_err(refused)?;
    Ok(http::json(StatusCode::CREATED, &json!({ "event_id": id })))
}

fn event(event: Event) -> Result<WebhookEvent, Invalid> {
    let required = |field, value: Option<Text>| {
        value.map(|text| text.0).ok_or_else(|| Invalid::new(field, "is required"))
    };
    match (event.body, event.event_type) {
        (Some(body), _) => Ok(WebhookEvent::Json(body.into())),
        (None, Some(EventType::Test)) => Ok(WebhookEvent::Test),
        (None, Some(EventType::AccountUpdated)) => Ok(WebhookEvent::AccountUpdated {
            connection_id: required("connection_id", event.connection_id)?,
            status: required("status", event.status)?,
        }),
        (None, None) => Err(Invalid::new("event_type", "or `body` is required")),
    }
}

/// `POST /__emulator/webhooks/resend`: sends a webhook again, with the same id and body.
pub(crate) fn resend(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let EventId { event_id } = request.json()?;
    service.world.resend_webhook(&event_id.0).map_err(refused)?;
    Ok(success())
}

fn refused(error: WebhookError) -> Invalid {
    let field = match error {
        WebhookError::Url | WebhookError::Https | WebhookError::NotRegistered => "url",
        WebhookError::Secret | WebhookError::SecretCount => "secret",
        WebhookError::UnknownConnection => "connection_id",
        WebhookError::UnknownDelivery => "event_id",
    };
    Invalid::new(field, format!("is refused: {error}"))
}
