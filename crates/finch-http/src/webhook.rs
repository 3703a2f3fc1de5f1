//! Finch's webhooks: verification, and reading.
//!
//! Framework-neutral: a host hands over the headers and the raw body as they came. Answer 2xx once the
//! event is kept, and process it afterwards; with anything else Finch sends it again, for hours.
//!
//! ```
//! use finch_http::webhook::{self, WebhookRefused, WebhookSecrets};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // From Finch's dashboard; while it is replaced, the new one and the old one.
//! let secrets = WebhookSecrets::new(["5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"])?;
//! let headers: [(&str, &[u8]); 3] = [
//!     ("Finch-Event-Id", b"msg_2Lh9KRb0pzN4LePd3XiA4v12Axj"),
//!     ("Finch-Timestamp", b"1676312382"),
//!     ("Finch-Signature", b"v1,m7y0TV2C+hlHxU42wCieApTSTaA8/047OAplBqxIV/s="),
//! ];
//! let body = br#"{"company_id":"720be419-0293-4d32-a707-32179b0827ab"}"#;
//! let now = "2023-02-13T18:20:00Z".parse()?;
//! let event = webhook::verify(&secrets, headers, body, now)?;
//! assert_eq!(event.id.as_str(), "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj");
//!
//! let forged = webhook::verify(&secrets, headers, b"{}", now);
//! assert!(matches!(forged, Err(WebhookRefused::NoSignatureMatches)));
//! # Ok(())
//! # }
//! ```

mod event;
mod headers;
mod refused;
mod secrets;

use std::time::Duration;

use finch_core::{MAX_WEBHOOK_BYTES, Timestamp, WebhookEvent};

pub use refused::WebhookRefused;
pub use secrets::{WebhookSecretError, WebhookSecrets};

use headers::Signed;

/// How far a webhook's time may be from now, either way.
pub const WEBHOOK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Checks that Finch has signed this delivery, a short while ago, and reads it. `headers` are all headers
/// of the request, or at least Finch's, each as often as it came; the case of their names does not matter.
/// `body` is the body as it came, byte for byte.
///
/// An event is a hint: ask Finch before anything changes. Duplicates and replays within the five minutes
/// are then harmless.
///
/// # Errors
/// [`WebhookRefused`]: the delivery must be ignored. No error repeats any of it.
pub fn verify<'a>(
    secrets: &WebhookSecrets,
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    body: &[u8],
    now: Timestamp,
) -> Result<WebhookEvent, WebhookRefused> {
    if body.len() > MAX_WEBHOOK_BYTES {
        return Err(WebhookRefused::TooLarge { bytes: body.len() });
    }
    let Signed { id, timestamp, sent, signatures } = Signed::read(headers)?;
    let age = now.as_second().saturating_sub(sent);
    let tolerance = WEBHOOK_TOLERANCE.as_secs();
    if age.unsigned_abs() > tolerance {
        let seconds = age.unsigned_abs() - tolerance;
        return Err(match age {
            0.. => WebhookRefused::TooOld { seconds },
            _ => WebhookRefused::FromTheFuture { seconds },
        });
    }
    let signed = [id.as_str().as_bytes(), b".", timestamp, b".", body];
    if !secrets.match_any(&signed, signatures) {
        return Err(WebhookRefused::NoSignatureMatches);
    }
    event::read(id, body, now)
}
