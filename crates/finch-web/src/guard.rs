//! The guard of every change: a form must come from a page that this customer was shown here, in this
//! browser (cross-site request forgery).
//!
//! The browser keeps a random secret in a cookie that no script reads; a form carries the HMAC of its
//! customer under that secret. Nobody else can make one, nothing is kept on the server, and a form that was
//! shown to one customer is worth nothing once another one has signed in.

use aws_lc_rs::{hmac, rand};
use axum::http::{HeaderMap, HeaderValue, header::ORIGIN};
use finch_app::CustomerId;

use crate::{
    cookie,
    hex::{hex, unhex},
    options::Place,
};

/// What a CSRF token is good for, so that it is good for nothing else.
const PURPOSE: &str = "finch-web form 1";
const BYTES: usize = 32;

/// What one browser keeps.
pub(crate) struct Guard {
    secret: [u8; BYTES],
}

/// The system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub(crate) struct NoRandomness;

impl Guard {
    /// The browser's guard, or a fresh one.
    pub(crate) fn of_or_fresh(headers: &HeaderMap, place: &Place) -> Result<Self, NoRandomness> {
        if let Some(guard) = Self::of(headers, place) {
            return Ok(guard);
        }
        let mut secret = [0; BYTES];
        rand::fill(&mut secret).map_err(|_| NoRandomness)?;
        Ok(Self { secret })
    }

    /// The browser's guard, if it has one.
    pub(crate) fn of(headers: &HeaderMap, place: &Place) -> Option<Self> {
        let secret = cookie::find(headers, &cookie_name(place), unhex)?;
        Some(Self { secret })
    }

    /// What a form of this customer's carries: the CSRF token.
    pub(crate) fn csrf_token(&self, customer: &CustomerId) -> String {
        hex(hmac::sign(&self.key(), said_by(customer).as_bytes()).as_ref())
    }

    /// Whether a form carries what this customer's does. In constant time.
    pub(crate) fn admits(&self, customer: &CustomerId, csrf_token: &str) -> bool {
        let tag: Option<[u8; BYTES]> = unhex(csrf_token);
        tag.is_some_and(|tag| hmac::verify(&self.key(), said_by(customer).as_bytes(), &tag).is_ok())
    }

    /// The cookie to set; again with every page, since Chromium then drops the pages that it has kept for its
    /// back button, which `no-store` alone does not do: what has ended would look alive there. It is `Lax`,
    /// since one that is `Strict` stays away from the page to which Finch Connect leads back, which would then
    /// replace it under all other open pages.
    pub(crate) fn cookie(&self, place: &Place) -> Option<HeaderValue> {
        cookie::set(place, &cookie_name(place), &hex(&self.secret), "")
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.secret)
    }
}

/// Whether a change may come from where the browser says it comes from. Pages with `no-referrer` send
/// `Origin: null`, so that `Sec-Fetch-Site` has the first word; where a browser says nothing, the CSRF
/// token alone decides.
pub(crate) fn comes_from_here(headers: &HeaderMap, place: &Place) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
    origin.is_none_or(|origin| origin == b"null" || origin == place.origin.as_str().as_bytes())
}

fn cookie_name(place: &Place) -> String {
    cookie::name(place, "form")
}

fn said_by(customer: &CustomerId) -> String {
    format!("{PURPOSE}\0{}", customer.as_str())
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;
    use crate::Options;

    fn place(url: &str) -> Place {
        Options::new(url, "Payday", vec![finch_app::Product::Company]).expect("options").place
    }

    fn customer(id: &str) -> CustomerId {
        id.parse().expect("an id")
    }

    #[test]
    fn a_token_is_one_customers_in_one_browser() {
        let https = place("https://example.com");
        let fresh = Guard::of_or_fresh(&HeaderMap::new(), &https).expect("random bytes");
        let set = fresh.cookie(&https).expect("a cookie to set");
        let text = set.to_str().expect("text").to_owned();
        assert!(text.starts_with("__Host-finch-form="), "{text}");
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{text}");
        let csrf_token = fresh.csrf_token(&customer("acme"));
        assert!(!text.contains(&csrf_token));

        let mut headers = HeaderMap::new();
        let pair = text.split(';').next().expect("a pair");
        let line = [b"a=\xe9; ", pair.as_bytes(), b"; c=d"].concat();
        headers.insert(COOKIE, HeaderValue::from_bytes(&line).expect("a header"));
        let back = Guard::of(&headers, &https).expect("the browser's");
        assert_eq!(back.cookie(&https), Some(set), "the same once more");
        assert!(back.admits(&customer("acme"), &csrf_token));
        assert!(!back.admits(&customer("other"), &csrf_token));
        assert!(!back.admits(&customer("acme"), &csrf_token[1..]));
        assert!(!back.admits(&customer("acme"), ""));
        let other = Guard::of_or_fresh(&HeaderMap::new(), &https).expect("random bytes");
        assert!(!other.admits(&customer("acme"), &csrf_token), "another browser");
    }

    #[test]
    fn over_plain_http_it_goes_by_a_name_that_browsers_take() {
        let http = place("http://127.0.0.1:3000");
        let guard = Guard::of_or_fresh(&HeaderMap::new(), &http).expect("random bytes");
        let cookie = guard.cookie(&http).expect("a cookie");
        let cookie = cookie.to_str().expect("text");
        assert!(cookie.starts_with("finch-form="), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
    }

    #[test]
    fn a_browser_that_names_another_site_is_believed() {
        let place = place("https://example.com/payroll");
        let ask = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            comes_from_here(&headers, &place)
        };
        assert!(comes_from_here(&HeaderMap::new(), &place));
        assert!(ask("sec-fetch-site", "same-origin") && ask("sec-fetch-site", "none"));
        assert!(!ask("sec-fetch-site", "same-site") && !ask("sec-fetch-site", "cross-site"));
        assert!(ask("origin", "https://example.com") && ask("origin", "null"));
        assert!(!ask("origin", "https://example.com.evil.test"));
        assert!(!ask("origin", "http://example.com"));
    }
}
