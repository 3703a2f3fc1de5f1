//! Cross-site request forgery: a form must come from a page that this customer was shown here, in this browser.
//!
//! The browser keeps a random secret in a cookie that no script reads; a form carries the HMAC of its customer
//! under that secret. Nothing is kept on the server, and a form that was shown to one customer is worth nothing
//! once another one has signed in.

use aws_lc_rs::{constant_time, hmac};
use axum::http::{HeaderMap, HeaderValue, header::ORIGIN};
use finch_app::{CustomerId, OsSystem, System as _};

use crate::{
    cookie::{self, digits, hex},
    options::PublicAddress,
};

/// What a CSRF token is good for, so that it is good for nothing else.
const PURPOSE: &str = "finch-web form 1";
const BYTES: usize = 32;

/// The secret of one browser, as hexadecimal digits.
pub(crate) struct Csrf(String);

impl Csrf {
    /// The browser's secret, or a fresh one.
    pub(crate) fn of(headers: &HeaderMap, address: &PublicAddress) -> Self {
        let kept = cookie::find(headers, &cookie_name(address), |value| digits(value, BYTES * 2));
        Self(kept.unwrap_or_else(|| {
            let mut secret = [0; BYTES];
            OsSystem.fill(&mut secret);
            hex(&secret)
        }))
    }

    /// What a form of this customer's carries.
    pub(crate) fn token(&self, customer: &CustomerId) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        hex(hmac::sign(&key, format!("{PURPOSE}\0{customer}").as_bytes()).as_ref())
    }

    /// Whether a form carries this customer's token. In constant time.
    pub(crate) fn accepts(&self, customer: &CustomerId, token: &str) -> bool {
        let expected = self.token(customer);
        constant_time::verify_slices_are_equal(expected.as_bytes(), token.as_bytes()).is_ok()
    }

    /// `Lax`: browsers leave a `Strict` cookie out when Finch Connect leads back; that page would set a new secret and
    /// invalidate the forms of all open pages.
    pub(crate) fn cookie(&self, address: &PublicAddress) -> Option<HeaderValue> {
        cookie::set(address, &cookie_name(address), &self.0, "")
    }
}

/// Whether the browser sends this from a page of this origin. Pages with `no-referrer` send `Origin: null`, so
/// that `Sec-Fetch-Site` has the first word; where a browser sends neither, the CSRF token alone decides.
pub(crate) fn is_same_origin(headers: &HeaderMap, address: &PublicAddress) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
    origin.is_none_or(|origin| origin == b"null" || origin == address.origin.as_str().as_bytes())
}

fn cookie_name(address: &PublicAddress) -> String {
    cookie::name(address, "form")
}
