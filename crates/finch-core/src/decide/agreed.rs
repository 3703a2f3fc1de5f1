//! What a person has agreed to: a plan that was shown, and is made again when the answer comes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::plan::{Plan, PlanVerdict};
use crate::{Connection, Token};

/// A short mark of what a plan says to its caller. Plans of one mark would do the same to the
/// same tokens. It is made of nothing that its scope does not see, so that a host may put it into a page
/// between preview and confirmation; it is no secret, and proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanMark(u64);

/// The text is not a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the mark of a plan")]
pub struct NotAMark;

impl PlanMark {
    pub(super) fn of(
        connection: &Connection,
        verdict: PlanVerdict,
        shared: bool,
        hit: &[&Token],
    ) -> Self {
        let mut mark = Fnv::default();
        mark.add(&format!("{verdict:?} {shared}"));
        mark.add(connection.provider.as_str());
        mark.add(connection.company.as_ref().map_or("", |company| company.as_str()));
        for token in hit {
            mark.add(token.facts.connection_id.as_str());
            mark.add(&token.added_at.to_string());
            token.facts.products.iter().for_each(|product| mark.add(product.as_str()));
        }
        Self(mark.0)
    }
}

impl Plan {
    /// Whether agreement to the plan of this mark is agreement to this one too: it is the same, or
    /// nothing that still works would stop.
    pub fn keeps_to(&self, agreed: PlanMark) -> bool {
        self.verdict == PlanVerdict::AlreadyDisconnected || self.live == 0 || self.mark == agreed
    }
}

impl fmt::Display for PlanMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for PlanMark {
    type Err = NotAMark;
    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| hex);
        number.map(Self).ok_or(NotAMark)
    }
}

/// As its text.
impl Serialize for PlanMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From its text.
impl<'de> Deserialize<'de> for PlanMark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// FNV-1a: the same in every build and on every machine.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, text: &str) {
        // No text contains the byte that ends each.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
