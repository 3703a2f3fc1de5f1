//! `POST /webhook`: Finch's own calls.

use std::{error::Error, fmt, pin::Pin, sync::Arc};

use axum::{
    extract::Request,
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse as _, Response},
};
use finch_app::{
    Timestamp, WebhookEvent,
    webhook::{self, WebhookRefused, WebhookSecrets},
};
use finch_core::{Chain, MAX_WEBHOOK_BYTES};

use crate::{app::App, form, problem::Problem};

/// Why the host did not take an event. It is logged, and Finch sends the event again.
pub type WebhookError = Box<dyn Error + Send + Sync>;

/// Takes an event for the host, such as `Arc::new(|event| Box::pin(enqueue(event)))`.
pub type WebhookHandler = Arc<
    dyn Fn(WebhookEvent) -> Pin<Box<dyn Future<Output = Result<(), WebhookError>> + Send>>
        + Send
        + Sync,
>;

/// What the webhook needs. What Finch says of a connection's health leaves a question, which the reconciler asks
/// Finch: [`Finch::take_webhook`](finch_app::Finch::take_webhook).
#[derive(Clone)]
pub struct Webhooks {
    /// What Finch signs with: one secret, or several while one takes over from another.
    pub secrets: WebhookSecrets,
    /// Gets every other event, such as new data. Finch gets its 200 when this returns `Ok`; after an error Finch sends
    /// the event again. It may come more than once, and in another order. None: such events are answered with 200, and
    /// go nowhere.
    pub handler: Option<WebhookHandler>,
}

impl Webhooks {
    /// Returns once the questions are written, or the host has taken the event.
    async fn receive(&self, app: &App, request: Request) -> Result<(), StatusCode> {
        let (parts, body) = request.into_parts();
        let body = form::read(body, MAX_WEBHOOK_BYTES).await?;
        let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let event = webhook::verify(&self.secrets, headers, &body, Timestamp::now());
        let event = event.map_err(|refused| {
            tracing::warn!(%refused, "a webhook was refused");
            // A caller without the secret does not learn why.
            match refused {
                WebhookRefused::NotJson { .. } => StatusCode::BAD_REQUEST,
                _ => StatusCode::UNAUTHORIZED,
            }
        })?;
        self.take(app, event).await.map_err(|error| {
            tracing::error!(error = %Chain(&*error), "a webhook was not taken: Finch sends it again");
            StatusCode::SERVICE_UNAVAILABLE
        })
    }

    async fn take(&self, app: &App, event: WebhookEvent) -> Result<(), WebhookError> {
        if app.finch.take_webhook(&event).await? {
            return Ok(());
        }
        match &self.handler {
            Some(handler) => handler(event).await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

/// `POST /webhook`
pub(crate) async fn receive(app: App, request: Request) -> Response {
    let Some(webhooks) = &app.options.webhooks else { return Problem::not_found().into() };
    match webhooks.receive(&app, request).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(status) if status.is_server_error() => (status, [(RETRY_AFTER, "5")]).into_response(),
        Err(status) => status.into_response(),
    }
}
