//! Broken variants: each leaves out one thing that the design asks for. They exist only here, to test
//! that the checks would notice.

mod store;

use std::collections::HashSet;

use finch_core::{AttemptId, TokenId};

pub(crate) use store::Broken;

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// Any 401 means that the token is dead.
    Any401IsDead,
    /// One refused token settles the whole connection.
    OneRefusalSettlesAll,
    /// Finch's 200 to a disconnect is taken for the proof.
    SuccessIsProof,
    /// Tokens are handed out until the remote call has succeeded.
    NoFence,
    /// An exchange begins without a durable record of it.
    NoIntent,
    /// The code is sent again after a lost answer.
    ResendsTheCode,
    /// What should be asked about is used at once.
    NoUnverified,
    /// A late token of a disconnected generation is used.
    NoCoveringRule,
    /// A late token of an old generation counts as in doubt.
    NoSuperseded,
    /// An ambiguous attempt is taken for one without effect.
    NoSevenMinutes,
    /// The fence is lost at a crash.
    FenceNotDurable,
    /// A secret is wiped at Finch's promise, before the refusal.
    WipesBeforeRefusal,
    /// A worker does not wait for a lease.
    LeaseIgnored,
    /// A state can be used again.
    StateNotConsumed,
    /// A retired token's secret is wiped.
    WipesRetired,
}

/// What broken variants have lost at crashes.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    /// Exchanges that run, by host.
    pub(crate) running: Vec<(usize, AttemptId)>,
    /// Exchanges without a record.
    pub(crate) attempts: HashSet<AttemptId>,
    /// Fences that are not on disk yet, by host.
    pub(crate) fences: Vec<(usize, TokenId)>,
    /// Tokens whose fence is lost.
    pub(crate) unfenced: HashSet<TokenId>,
}

impl Loss {
    pub(crate) fn crash(&mut self, host: usize) {
        let lost = self.running.extract_if(.., |(of, _)| *of == host).map(|(_, id)| id);
        self.attempts.extend(lost);
        let lost = self.fences.extract_if(.., |(of, _)| *of == host).map(|(_, id)| id);
        self.unfenced.extend(lost);
    }
}
