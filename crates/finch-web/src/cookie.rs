//! The cookies of these pages: how they are named, read and set.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::options::PublicAddress;

/// With `__Host-` no other host and no plain connection can set a cookie; browsers take that name over TLS
/// only.
pub(crate) fn name(address: &PublicAddress, what: &str) -> String {
    let prefix = if address.is_https() { "__Host-" } else { "" };
    format!("{prefix}finch-{what}")
}

/// The first value of this cookie that `read` understands.
pub(crate) fn find<T>(
    headers: &HeaderMap,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    // Other cookies may be of any bytes.
    let mut lines = headers.get_all(COOKIE).iter().map(|v| String::from_utf8_lossy(v.as_bytes()));
    lines.find_map(|line| {
        let pairs = line.split(';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(known, _)| known.trim() == name);
        named.find_map(|(_, value)| read(value.trim()))
    })
}

/// The header that sets a cookie. `attributes` are further ones, each after `; `.
pub(crate) fn set(
    address: &PublicAddress,
    name: &str,
    value: &str,
    attributes: &str,
) -> Option<HeaderValue> {
    let secure = if address.is_https() { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{attributes}{secure}");
    let mut cookie = HeaderValue::from_str(&cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value of so many hexadecimal digits.
pub(crate) fn digits(value: &str, length: usize) -> Option<String> {
    let is_hex = value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (value.len() == length && is_hex).then(|| value.to_owned())
}
