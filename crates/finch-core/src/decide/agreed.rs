//! What a person has agreed to: a plan that was shown, and is made again when the answer comes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::{Plan, PlanVerdict};
use crate::{Connection, Token};

/// A short mark of what a plan says to its caller: plans of one mark would do the same to the same tokens.
/// It is made of nothing that its scope does not see, so that a host may put it into a page between preview
/// and confirmation; it is no secret, and proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanMark(String);

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
        let digest = digest(&format!("{:?}", (verdict, shared, provider, company, tokens)));
        Self(format!("{digest:016x}"))
    }
}

impl Plan {
    /// Whether agreement to the plan of this mark is agreement to this one too: it is the same, or
    /// nothing that still works would stop.
    pub fn keeps_to(&self, agreed: &PlanMark) -> bool {
        self.verdict == PlanVerdict::AlreadyDisconnected || self.live == 0 || self.mark == *agreed
    }
}

/// As it was shown.
impl From<&str> for PlanMark {
    fn from(shown: &str) -> Self {
        Self(shown.to_owned())
    }
}

impl fmt::Display for PlanMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
