//! `/__emulator/webhooks`: who is told what, and whether it was heard.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::success;
use crate::{
    WebhookError, WebhookEvent, WebhookTarget,
    answer::{self, Answer},
    call::Call,
    fields::{Fields, Invalid},
    refusal::Refusal,
    world::World,
};

/// `GET /__emulator/webhooks`: the receiver, without its secrets, and the deliveries.
pub(crate) fn show(world: &mut World, _: &Call) -> Result<Answer, Refusal> {
    let target = world.outbox.target();
    Ok(answer::ok(&json!({
        "url": target.map(|target| target.url().as_str()),
        "secrets": target.map_or(0, |target| target.secrets().len()),
        "deliveries": world.webhook_deliveries(),
    })))
}

/// `POST /__emulator/webhooks`: registers a receiver, with a `secret` or several `secrets`.
pub(crate) fn register(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    let url = fields.text("url")?.to_owned();
    let secrets = match (fields.optional_string("secret")?, fields.strings("secrets")?) {
        (Some(secret), None) => vec![secret.to_owned()],
        (None, Some(secrets)) => secrets,
        (Some(_), Some(_)) => {
            return Err(fields.invalid("secret", "goes without `secrets`").into());
        }
        (None, None) => return Err(fields.invalid("secret", "is required").into()),
    };
    world.webhooks_to(Some(&WebhookTarget { url, secrets })).map_err(refused)?;
    Ok(success())
}

/// `DELETE /__emulator/webhooks`: nobody is told anything from now on.
pub(crate) fn unregister(world: &mut World, _: &Call) -> Result<Answer, Refusal> {
    world.outbox.send_to(None);
    Ok(success())
}

/// `POST /__emulator/webhooks/send`: a `test`, an `account.updated`, or any other `body`.
pub(crate) fn send(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let event = read_event(&Fields::new(&body))?;
    let id = world.send_webhook(&event).map_err(refused)?;
    Ok(answer::json(StatusCode::CREATED, &json!({ "event_id": id })))
}

fn read_event(fields: &Fields<'_>) -> Result<WebhookEvent, Invalid> {
    if fields.object("body", "")?.is_some() {
        return Ok(WebhookEvent::Json(fields.get("body").cloned().unwrap_or(Value::Null)));
    }
    let kinds = ["account.updated", "test"];
    match fields.one_of("event_type", &kinds, |kind| kind)? {
        Some("test") => Ok(WebhookEvent::Test),
        Some(_) => {
            Ok(WebhookEvent::account_updated(fields.text("connection_id")?, fields.text("status")?))
        }
        None => Err(fields.invalid("event_type", "is required, unless there is a `body`")),
    }
}

/// `POST /__emulator/webhooks/resend`: the same again, with the same `event_id`.
pub(crate) fn resend(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    world.resend_webhook(Fields::new(&body).text("event_id")?).map_err(refused)?;
    Ok(success())
}

fn refused(error: WebhookError) -> Invalid {
    let field = match error {
        WebhookError::Url | WebhookError::Https => "url",
        WebhookError::Secret | WebhookError::SecretCount => "secret",
        WebhookError::UnknownConnection => "connection_id",
        WebhookError::UnknownDelivery => "event_id",
        WebhookError::NotRegistered => "url",
    };
    Invalid::new(field, format!("is refused: {error}"))
}
