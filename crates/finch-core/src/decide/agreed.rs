//! What a person has agreed to: a plan that was shown, and is made again when the answer comes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::plan::{Plan, PlanVerdict};
use crate::{Connection, Token};

/// A short mark of what a plan says to its caller: plans of one mark would do the same to the same tokens.
/// It is made of nothing that its scope does not see, so that a host may put it into a page between preview
/// and confirmation; it is no secret, and proves nothing.
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
        digest: &dyn Fn(&str) -> u64,
    ) -> Self {
        let tokens: Vec<_> =
            hit.iter().map(|t| (&t.facts.connection_id, t.added_at, &t.facts.products)).collect();
        let (provider, company) = (&connection.provider, &connection.company);
        Self(digest(&format!("{:?}", (verdict, shared, provider, company, tokens))))
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
