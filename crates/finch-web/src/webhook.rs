//! `POST /webhook`: what Finch says by itself.

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use finch_app::{
    OperatorScope, Pass, Timestamp,
    webhook::{self, WebhookRefused, WebhookSecrets},
};
use finch_core::{Awaits, MAX_WEBHOOK_BYTES, WebhookEvent, decide};

use crate::{
    app::App,
    form::{self, BadBody},
    news::{of_changed, tell},
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
    match app.finch().keep_webhook(&event).await {
        Ok(is_new) => {
            // What has been here before is done, or the reconciler's.
            if is_new && decide::awaits(&event) == Awaits::Probe {
                let finch = app.finch().clone();
                finch.spawn(look(app, webhooks.operator));
            }
            StatusCode::OK.into_response()
        }
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

/// Asks Finch about what webhooks speak of, and tells the host what it says.
async fn look(app: App, operator: OperatorScope) {
    let Some(looking) = app.may_look() else { return };
    let processed = app.finch().process_webhooks(&operator, Pass::Due).await;
    drop(looking);
    match processed {
        Ok(processed) => {
            tell(app.host(), processed.changed.iter().flat_map(of_changed).collect()).await
        }
        Err(error) => tracing::warn!(%error, "webhooks wait for the reconciler"),
    }
}
