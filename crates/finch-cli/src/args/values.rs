//! Values of options that have a form of their own.

use std::time::Duration;

use finch_core::Timestamp;

/// A moment, a day's beginning in UTC, or how long ago.
pub(super) fn since(text: &str) -> Result<Timestamp, &'static str> {
    const WRONG: &str =
        "must be a day (2026-11-22), a moment (2026-11-22T10:00:00Z), or a time ago (90m, 24h, 7d)";
    if let Ok(moment) = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()) {
        return Ok(moment);
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 24 * 3600,
        _ => return Err(WRONG),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| WRONG)?;
    Timestamp::now().checked_sub(Duration::from_secs(u64::from(number) * unit)).map_err(|_| WRONG)
}

pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds")?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero() && *duration <= Duration::from_secs(24 * 3600))
        .ok_or("must be more than 0 seconds and at most a day")
}

/// So many a second, as the time between two.
pub(super) fn rate(text: &str) -> Result<Duration, &'static str> {
    let rate: f64 = text.parse().map_err(|_| "must be a number of calls a second")?;
    (rate > 0.0)
        .then(|| Duration::try_from_secs_f64(1.0 / rate).ok())
        .flatten()
        .filter(|every| *every <= Duration::from_secs(300))
        .ok_or("must be more than 0 calls a second, and at least one in five minutes")
}
