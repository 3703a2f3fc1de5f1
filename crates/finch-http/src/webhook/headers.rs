//! The three headers of a delivery.

use finch_core::WebhookEventId;

use super::WebhookRefused;

const EVENT_ID: &str = "Finch-Event-Id";
const TIMESTAMP: &str = "Finch-Timestamp";
const SIGNATURE: &str = "Finch-Signature";

/// What the headers say.
pub(super) struct Signed<'a> {
    pub(super) id: WebhookEventId,
    /// As it came: this is what is signed, however one would write the number.
    pub(super) timestamp: &'a [u8],
    /// In seconds since 1970.
    pub(super) sent: i64,
    /// What each header of signatures lists.
    pub(super) signatures: Vec<&'a [u8]>,
}

impl<'a> Signed<'a> {
    pub(super) fn read(
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, WebhookRefused> {
        let headers: Vec<_> = headers.into_iter().collect();
        let all = |header: &str| {
            let named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(header));
            named.map(|(_, value)| *value).collect::<Vec<_>>()
        };
        let refused = |header, problem| WebhookRefused::Header { header, problem };
        let missing = |header| refused(header, "is missing: Finch sends it with each webhook");
        // One value, however often it came.
        let one = |header| match &all(header)[..] {
            [] => Err(missing(header)),
            [value, others @ ..] if others.iter().all(|other| other == value) => Ok(*value),
            _ => Err(refused(header, "came more than once, with different values")),
        };
        let (id, timestamp, signatures) = (one(EVENT_ID)?, one(TIMESTAMP)?, all(SIGNATURE));
        if signatures.is_empty() {
            return Err(missing(SIGNATURE));
        }
        let id = event_id(id).ok_or(refused(EVENT_ID, "is not an event id"))?;
        let sent = seconds(timestamp).ok_or(refused(TIMESTAMP, "is not a number of seconds"))?;
        Ok(Self { id, timestamp, sent, signatures })
    }
}

/// A dot divides id, time and body where they are signed: an id that had one could be cut elsewhere.
fn event_id(value: &[u8]) -> Option<WebhookEventId> {
    let text = std::str::from_utf8(value).ok().filter(|text| !text.contains('.'))?;
    WebhookEventId::new(text).ok()
}

/// Digits, and nothing else: no sign, no fraction, no rest.
fn seconds(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The signatures in a header's value that this release knows: `v1,` and Base64, with spaces between
/// them. A proxy that joins repeated headers puts a comma there, with a space or without. What cannot be decoded
/// is passed over.
pub(super) fn signatures(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let items = value.split(u8::is_ascii_whitespace).flat_map(|item| {
        let mut parts = item.split(|byte| *byte == b',');
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    });
    items.filter(|(version, _)| *version == b"v1").map(|(_, signature)| signature)
}
