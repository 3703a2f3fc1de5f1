//! Cross-site request forgery: a form must come from a page that this customer was shown here, in this browser.
//!
//! The browser keeps a random secret in a cookie that no script reads; a form carries the HMAC of its customer
//! under that secret. Nothing is kept on the server, and a form that was shown to one customer is worth nothing
//! once another one has signed in.

use aws_lc_rs::{constant_time, hmac, rand};
use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue,
        header::{ORIGIN, SET_COOKIE},
        request::Parts,
    },
    response::Response,
};
use finch_app::CustomerId;

use crate::{
    app::App,
    cookie::{self, digits, hex},
    options::PublicAddress,
    problem::Problem,
};

/// What a CSRF token is good for, so that it is good for nothing else.
const PURPOSE: &str = "finch-web form 1";
const BYTES: usize = 32;

/// The secret of one browser, as hexadecimal digits.
pub(crate) struct Csrf(String);

impl Csrf {
    /// The browser's secret, if it has one.
    pub(crate) fn of(headers: &HeaderMap, address: &PublicAddress) -> Option<Self> {
        cookie::find(headers, &cookie_name(address), |value| digits(value, BYTES * 2)).map(Self)
    }

    fn fresh() -> Result<Self, Problem> {
        let mut secret = [0; BYTES];
        rand::fill(&mut secret).map_err(|_| {
            tracing::error!("the system gives no random bytes: no page can be made");
            Problem::cut_off()
        })?;
        Ok(Self(hex(&secret)))
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

    /// Adds the cookie to an answer; again to every page, since Chromium then drops the pages that it has kept for
    /// its back button, which `no-store` alone does not do: a connection that has ended would look alive there. It
    /// is `Lax`, since one that is `Strict` stays away from the page to which Finch Connect leads back, which would
    /// then replace it under all other open pages.
    pub(crate) fn keep(&self, address: &PublicAddress, mut response: Response) -> Response {
        if let Some(cookie) = self.cookie(address) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    fn cookie(&self, address: &PublicAddress) -> Option<HeaderValue> {
        cookie::set(address, &cookie_name(address), &self.0, "")
    }
}

impl<S: Sync> FromRequestParts<S> for Csrf {
    type Rejection = Problem;

    /// The browser's secret, or a fresh one.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_request_parts(parts, state).await?;
        Self::of(&parts.headers, &app.options().address).map_or_else(Self::fresh, Ok)
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
