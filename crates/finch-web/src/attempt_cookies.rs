//! The attempts that a browser has begun, for a callback that comes back without their `state`.
//!
//! Each attempt is in a cookie of its own, so that tabs that answer at the same time do not overwrite each
//! other's. Cookies are numbered in the order of their attempts, and take turns with a few names. A cookie
//! that has led to an answer remembers for which code: loading that page again never uses another attempt.
//! Nothing in a cookie is trusted: the store knows whose attempt a `state` is, and Finch must name its
//! customer.

use std::cmp::Reverse;

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue};
use finch_app::{AuthorizationCode, State};

use crate::{
    cookie,
    hex::{hex, unhex},
    options::Place,
};

/// How many attempts of one browser are kept: that many tabs.
const KEPT: u16 = 4;
/// For how long, in seconds: a sign-in at a provider takes minutes.
const MAX_AGE: u32 = 3600;

const STATE_BYTES: usize = 32;
const MARK_BYTES: usize = 8;

/// An attempt that this browser has begun.
#[derive(Clone)]
pub(crate) struct KeptAttempt {
    number: u16,
    state: [u8; STATE_BYTES],
    /// Of the code that it was used with.
    mark: Option<[u8; MARK_BYTES]>,
}

/// The cookie that keeps a new attempt: the browser's newest, in place of its oldest.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: this browser's own cookie keeps the state")]
pub(crate) fn keep(headers: &HeaderMap, place: &Place, state: &State) -> Option<HeaderValue> {
    let newest = all(headers, place).iter().map(|kept| kept.number).max();
    let number = newest.map_or(0, |number| number.wrapping_add(1));
    KeptAttempt { number, state: unhex(state.expose())?, mark: None }.cookie(place)
}

/// The attempts to which a code may belong, the likeliest first: the one that it was used with; those that
/// were used with none, the newest first; and those of other codes, of which the store says that they are
/// used.
pub(crate) fn candidates(
    headers: &HeaderMap,
    place: &Place,
    code: &AuthorizationCode,
) -> Vec<KeptAttempt> {
    let mut kept = all(headers, place);
    kept.sort_by_key(|kept| {
        let rank = match kept.mark {
            Some(mark) if mark == kept.mark_of(code) => 0,
            None => 1,
            Some(_) => 2,
        };
        (rank, Reverse(kept.number))
    });
    kept
}

fn all(headers: &HeaderMap, place: &Place) -> Vec<KeptAttempt> {
    let slots = (0..KEPT).map(|slot| cookie_name(place, slot));
    slots.filter_map(|name| cookie::find(headers, &name, KeptAttempt::read)).collect()
}

fn cookie_name(place: &Place, number: u16) -> String {
    cookie::name(place, &format!("attempt-{}", number % KEPT))
}

impl KeptAttempt {
    pub(crate) fn state(&self) -> State {
        State::new(hex(&self.state))
    }

    /// The cookie that remembers the code that this attempt was used with.
    pub(crate) fn used_with(
        mut self,
        code: &AuthorizationCode,
        place: &Place,
    ) -> Option<HeaderValue> {
        self.mark = Some(self.mark_of(code));
        self.cookie(place)
    }

    /// Tells a code from others, and reveals nothing of it without the state.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: only a keyed hash is kept of the code")]
    fn mark_of(&self, code: &AuthorizationCode) -> [u8; MARK_BYTES] {
        let tag =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.state), code.expose().as_bytes());
        let mut mark = [0; MARK_BYTES];
        mark.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        mark
    }

    /// Reads `NUMBER.STATE` or `NUMBER.STATE.MARK`.
    fn read(value: &str) -> Option<Self> {
        let mut parts = value.split('.');
        let (number, state) = (parts.next()?.parse().ok()?, unhex(parts.next()?)?);
        let mark = match parts.next() {
            Some(mark) => Some(unhex(mark)?),
            None => None,
        };
        parts.next().is_none().then_some(Self { number, state, mark })
    }

    fn cookie(&self, place: &Place) -> Option<HeaderValue> {
        let mark = self.mark.map(|mark| format!(".{}", hex(&mark))).unwrap_or_default();
        let value = format!("{}.{}{mark}", self.number, hex(&self.state));
        cookie::set(
            place,
            &cookie_name(place, self.number),
            &value,
            &format!("; Max-Age={MAX_AGE}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;
    use crate::Options;

    fn place(url: &str) -> Place {
        Options::new(url, "Payday", vec![finch_app::Product::Company]).expect("options").place
    }

    fn state(digit: char) -> State {
        State::new(String::from(digit).repeat(64))
    }

    /// A browser: it keeps a cookie until another one of the same name comes.
    #[derive(Default)]
    struct Jar(Vec<(String, String)>);

    impl Jar {
        fn take(&mut self, cookie: Option<HeaderValue>) {
            let cookie = cookie.expect("a cookie");
            let pair = cookie.to_str().expect("text").split(';').next().expect("a pair").to_owned();
            let (name, value) = pair.split_once('=').expect("a pair");
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value.to_owned()));
        }

        fn headers(&self) -> HeaderMap {
            let pairs: Vec<_> =
                self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let line = HeaderValue::from_str(&pairs.join("; ")).expect("a header");
            HeaderMap::from_iter([(COOKIE, line)])
        }
    }

    /// The digits of the states to which a code may belong.
    #[expect(clippy::disallowed_methods, reason = "the test tells states apart")]
    fn order(jar: &Jar, place: &Place, code: &str) -> String {
        let found = candidates(&jar.headers(), place, &AuthorizationCode::new(code));
        found.iter().filter_map(|kept| kept.state().expose().chars().next()).collect()
    }

    #[test]
    fn a_code_belongs_to_its_own_attempt_or_to_the_newest_that_has_none() {
        let place = place("https://example.com");
        let mut jar = Jar::default();
        for digit in ['a', 'b', 'c', 'd', 'e'] {
            let cookie = keep(&jar.headers(), &place, &state(digit));
            let text = cookie.as_ref().and_then(|c| c.to_str().ok()).expect("text").to_owned();
            assert!(text.starts_with("__Host-finch-attempt-"), "{text}");
            assert!(
                text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure"),
                "{text}"
            );
            jar.take(cookie);
        }
        assert_eq!(order(&jar, &place, "one"), "edcb", "the oldest has made room");
        let code = AuthorizationCode::new("one");
        let used = candidates(&jar.headers(), &place, &code).remove(0);
        jar.take(used.used_with(&code, &place));
        assert_eq!(order(&jar, &place, "one"), "edcb", "loaded again, it is the same attempt");
        assert_eq!(order(&jar, &place, "two"), "dcbe");
        jar.take(keep(&jar.headers(), &place, &state('f')));
        assert_eq!(order(&jar, &place, "one"), "efdc", "even beside a newer one");
        assert_eq!(order(&jar, &place, "two"), "fdce");
    }

    #[test]
    fn junk_in_a_cookie_is_no_attempt() {
        let place = place("http://127.0.0.1:3000");
        let good = "a".repeat(64);
        for junk in [
            String::new(),
            "1".into(),
            good.clone(),
            format!("1.{}", &good[1..]),
            format!("x.{good}"),
            format!("70000.{good}"),
            format!("-1.{good}"),
            format!("1.{good}."),
            format!("1.{good}.00"),
            format!("1.{good}.{}.1", "0".repeat(16)),
            "\u{fffd}".into(),
        ] {
            let jar = Jar(vec![("finch-attempt-1".into(), junk.clone())]);
            let line =
                jar.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<String>();
            let line = HeaderValue::from_bytes(line.as_bytes()).expect("a header");
            let headers = HeaderMap::from_iter([(COOKIE, line)]);
            assert!(
                candidates(&headers, &place, &AuthorizationCode::new("c")).is_empty(),
                "{junk}"
            );
            assert!(keep(&headers, &place, &state('b')).is_some());
        }
        // The last number there is: the next attempt is kept all the same.
        let mut jar = Jar(vec![("finch-attempt-3".into(), format!("65535.{good}"))]);
        jar.take(keep(&jar.headers(), &place, &state('b')));
        assert_eq!(order(&jar, &place, "c"), "ab");
    }
}
