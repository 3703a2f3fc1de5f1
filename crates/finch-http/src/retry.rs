//! Whether a call is repeated, and after which wait.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use finch_core::{FailureKind, FinchApiError};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::{HttpFinchConfig, call::Repeat};

/// A longer `Retry-After` is shortened to this: it is a mistake.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether a call that failed this way may be sent again.
pub(crate) fn may_repeat(repeat: Repeat, error: &FinchApiError) -> bool {
    match error {
        FinchApiError::NoAnswer { sent: false, .. } => true,
        error if error.is_rate_limit() => true,
        _ if repeat == Repeat::Unseen => false,
        FinchApiError::NoAnswer { .. } | FinchApiError::Unreadable { answer: None, .. } => true,
        FinchApiError::Answered(answer) => {
            answer.kind() == FailureKind::TryLater && answer.status != 501
        }
        _ => false,
    }
}

/// How long to wait before the next repetition, the first being number 0. None: longer than a call
/// waits.
pub(crate) fn wait(
    config: &HttpFinchConfig,
    repetition: u32,
    asked: Option<Duration>,
) -> Option<Duration> {
    match asked {
        Some(asked) if asked > config.max_retry_after => None,
        Some(asked) if !asked.is_zero() => Some(asked),
        _ => {
            let random = RandomState::new().hash_one(repetition) as u32;
            let jitter = f64::from(random) / f64::from(u32::MAX);
            Some(config.backoff.wait(repetition.saturating_add(1), jitter))
        }
    }
}

/// What `retry-after-ms` or `Retry-After` asks for; nonsense is passed over.
pub(crate) fn asked(headers: &HeaderMap, now: fn() -> Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(number) {
        return Some(capped(milliseconds / 1000.0));
    }
    let text = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(text) {
        return Some(capped(seconds));
    }
    let date = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    // A date that has passed asks for no wait.
    Some(Duration::try_from(date.duration_since(now())).unwrap_or_default().min(LONGEST))
}

fn number(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse().ok().filter(|_| digits)
}

fn capped(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(LONGEST, |asked| asked.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn all_forms_of_retry_after_are_understood() {
        let now = || "2026-11-21T12:00:00Z".parse().expect("a time");
        for (name, value, expected) in [
            ("retry-after", "0", Some(0)),
            ("retry-after", " 7 ", Some(7000)),
            ("retry-after", "1.5", Some(1500)),
            ("retry-after", "Sat, 21 Nov 2026 12:00:09 GMT", Some(9000)),
            ("retry-after", "Mon, 21 Nov 2026 12:00:09 GMT", Some(9000)),
            ("retry-after", "Sat, 21 Nov 2026 11:59:00 GMT", Some(0)),
            ("retry-after", "Sun, 21 Nov 2027 12:00:00 GMT", Some(86_400_000)),
            ("retry-after", "99999999999999999999", Some(86_400_000)),
            ("retry-after-ms", "12", Some(12)),
            ("retry-after-ms", "-12", None),
            ("retry-after", "-1", None),
            ("retry-after", "NaN", None),
            ("retry-after", "inf", None),
            ("retry-after", "1e3", None),
            ("retry-after", "", None),
            ("retry-after", "...", None),
            ("retry-after", "later", None),
        ] {
            let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
            let found = asked(&HeaderMap::from_iter([header]), now);
            assert_eq!(found, expected.map(Duration::from_millis), "{name}: {value}");
        }
    }
}
