//! `POST /webhook`: what Finch says by itself.

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use finch_app::{
    OperatorScope, Timestamp,
    webhook::{self, WebhookRefused, WebhookSecrets},
};
use finch_core::{MAX_WEBHOOK_BYTES, WebhookEvent};

use crate::{
    app::App,
    form::{self, BadBody},
};

/// What the webhook needs.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// What Finch signs with: one secret, or several while one takes over from another.
    pub secrets: WebhookSecrets,
    /// In whose name connections are looked at that a webhook speaks of, whosever they are.
    pub operator: OperatorScope,
}

/// `POST /webhook`. It is answered once the event is kept; what it speaks of is looked at afterwards.
pub(crate) async fn take(app: App, webhooks: Webhooks, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match form::read(body, MAX_WEBHOOK_BYTES).await {
        Ok(body) => body,
        Err(BadBody::TooLong) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(BadBody::TooSlow) => return StatusCode::REQUEST_TIMEOUT.into_response(),
        Err(BadBody::CutOff) => return StatusCode::BAD_REQUEST.into_response(),
    };
    let event = match verified(&webhooks, &parts.headers, &body) {
        Ok(event) => event,
        Err(refused) => {
            tracing::warn!(%refused, "a webhook was refused");
            // Why is nobody's business who cannot sign.
            return match refused {
                WebhookRefused::NotJson { .. } => StatusCode::BAD_REQUEST,
                _ => StatusCode::UNAUTHORIZED,
            }
            .into_response();
        }
    };
    match app.finch().take_webhook(&event).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::error!(%error, "a webhook could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response()
        }
    }
}

fn verified(
    webhooks: &Webhooks,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<WebhookEvent, WebhookRefused> {
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    webhook::verify(&webhooks.secrets, headers, body, Timestamp::now())
}
