//! Reading a delivery that Finch has signed.

use finch_core::{ConnectionStatus, Timestamp, WebhookEvent, WebhookEventId};
use serde::de::IgnoredAny;

use super::WebhookRefused;
use crate::wire::Object;

/// Any JSON is an event, perhaps an unknown one. A field of the wrong type is left out: Finch adds events and
/// fields without notice, and writes some in two ways.
pub(super) fn read(
    id: WebhookEventId,
    body: &[u8],
    now: Timestamp,
) -> Result<WebhookEvent, WebhookRefused> {
    let not_json = WebhookRefused::NotJson { bytes: body.len() };
    let Ok(text) = std::str::from_utf8(body) else { return Err(not_json) };
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Err(not_json);
    }
    let object = Object::parse(text).ok();
    let said = object.as_ref();
    let event_type = said.and_then(|said| said.text("event_type")).unwrap_or_default();
    let data = said.filter(|_| event_type == "account.updated").and_then(|s| s.object("data"));
    Ok(WebhookEvent {
        id,
        connection_id: said.and_then(|said| said.id("connection_id")),
        company_id: said.and_then(|said| said.id("company_id")),
        status: data.and_then(|data| data.text("status")).map(ConnectionStatus::from),
        event_type,
        received: now,
        body: text.to_owned(),
    })
}
