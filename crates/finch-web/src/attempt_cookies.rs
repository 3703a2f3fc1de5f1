//! The attempts that a browser has begun, for a callback that comes back without their `state`.
//!
//! Each attempt has a cookie of its own, so that tabs that answer at the same time do not overwrite each other's.
//! Cookies are numbered in the order of their attempts, and take turns with a few names. A cookie that has led to an
//! answer keeps a mark of its code: loading that page again never uses another attempt. Nothing in a cookie is
//! trusted: the store knows which customer began an attempt, and Finch must name that customer.

use std::cmp::Reverse;

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue};
use finch_app::{AuthorizationCode, State};

use crate::{
    cookie::{self, digits, hex},
    options::PublicAddress,
};

/// How many attempts of one browser are kept: that many tabs.
const KEPT: u16 = 4;
/// For how long, in seconds: a sign-in at a provider takes minutes.
const MAX_AGE: u32 = 3600;
const STATE_DIGITS: usize = 64;
const MARK_DIGITS: usize = 16;

/// An attempt that this browser has begun.
#[derive(Clone)]
pub(crate) struct KeptAttempt {
    number: u16,
    state: String,
    /// Of the code that it was used with.
    mark: Option<String>,
}

/// The cookie that keeps a new attempt: the browser's newest, in place of its oldest.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: this browser's own cookie keeps the state")]
pub(crate) fn keep(
    headers: &HeaderMap,
    address: &PublicAddress,
    state: &State,
) -> Option<HeaderValue> {
    let newest = all(headers, address).map(|kept| kept.number).max();
    let number = newest.map_or(0, |number| number.wrapping_add(1));
    let state = digits(state.expose(), STATE_DIGITS)?;
    KeptAttempt { number, state, mark: None }.cookie(address)
}

/// The attempts to which a code may belong, the likeliest first: the one that it was used with; those that
/// were used with none, the newest first; and those of other codes, which the store refuses as used.
pub(crate) fn candidates(
    headers: &HeaderMap,
    address: &PublicAddress,
    code: &AuthorizationCode,
) -> Vec<KeptAttempt> {
    let mut kept: Vec<_> = all(headers, address).collect();
    kept.sort_by_key(|kept| {
        let rank = match &kept.mark {
            Some(mark) if *mark == kept.mark_of(code) => 0,
            None => 1,
            Some(_) => 2,
        };
        (rank, Reverse(kept.number))
    });
    kept
}

fn all(headers: &HeaderMap, address: &PublicAddress) -> impl Iterator<Item = KeptAttempt> {
    let names = (0..KEPT).map(|number| cookie_name(address, number));
    names.filter_map(|name| cookie::find(headers, &name, KeptAttempt::read))
}

fn cookie_name(address: &PublicAddress, number: u16) -> String {
    cookie::name(address, &format!("attempt-{}", number % KEPT))
}

impl KeptAttempt {
    pub(crate) fn state(&self) -> State {
        State::new(self.state.clone())
    }

    /// The cookie that marks the code with which this attempt was used.
    pub(crate) fn used_with(
        mut self,
        code: &AuthorizationCode,
        address: &PublicAddress,
    ) -> Option<HeaderValue> {
        self.mark = Some(self.mark_of(code));
        self.cookie(address)
    }

    /// Tells a code from others, and reveals nothing of it without the state.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: only a keyed hash is kept of the code")]
    fn mark_of(&self, code: &AuthorizationCode) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.state.as_bytes());
        let mut mark = hex(hmac::sign(&key, code.expose().as_bytes()).as_ref());
        mark.truncate(MARK_DIGITS);
        mark
    }

    /// Reads `NUMBER.STATE` or `NUMBER.STATE.MARK`.
    fn read(value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        let (number, state) = (parts.next()?.parse().ok()?, digits(parts.next()?, STATE_DIGITS)?);
        let mark = match parts.next() {
            Some(mark) => Some(digits(mark, MARK_DIGITS)?),
            None => None,
        };
        parts.next().is_none().then_some(Self { number, state, mark })
    }

    fn cookie(&self, address: &PublicAddress) -> Option<HeaderValue> {
        let Self { number, state, mark } = self;
        let mark = mark.as_ref().map(|mark| format!(".{mark}")).unwrap_or_default();
        let (name, value) = (cookie_name(address, *number), format!("{number}.{state}{mark}"));
        cookie::set(address, &name, &value, &format!("; Max-Age={MAX_AGE}"))
    }
}
