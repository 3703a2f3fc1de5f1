//! What was promised so far, and what has been seen: whatever happens, it stays true.

use std::collections::{BTreeMap, BTreeSet};

use finch_core::TokenId;

/// Tokens are named by their fingerprints at the emulator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// An exchange said that it is stored.
    pub(crate) kept: BTreeSet<String>,
    /// It is lost, and its exchange was listed.
    pub(crate) listed: BTreeSet<String>,
    /// Which record holds which token: records don't vanish.
    pub(crate) records: BTreeMap<TokenId, String>,
    /// A disconnect that covers it has begun: it is never handed out again.
    pub(crate) never: BTreeSet<String>,
    /// A disconnect said that it has ended.
    pub(crate) dead: BTreeSet<String>,
}
