//! What the simulation learns at the gates: which record holds which secret, which code belongs to which
//! attempt, and what was written. The software under test sees nothing of it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use finch_core::{AttemptId, Commit, Fingerprint, Leased, Seq, Timestamp, Token, TokenId};

/// The outcome for a lease that another instance has.
pub(crate) const HELD: &str = "lease held by another";

/// How a lease came out of a connection that another one has absorbed.
pub(crate) const ABSORBED: &str = "lease of an absorbed connection";

/// A turn further ahead than this was given by a clock that ran ahead, as far as the instance that asks can see.
const LONGEST_QUEUE: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) secrets: BTreeMap<TokenId, Arc<str>>,
    /// What the call that runs is about.
    pub(crate) note: String,
    /// Each attempt, by the fingerprint of its state.
    pub(crate) attempts: HashMap<Fingerprint, AttemptId>,
    /// The fingerprint of the state that a code came back with.
    pub(crate) state_of_code: HashMap<String, Fingerprint>,
    /// The code that was first sent for a state.
    code_of_state: HashMap<Fingerprint, String>,
    /// Codes that went out, or may have.
    sent: HashSet<String>,
    /// What was written since the last look.
    pub(crate) committed: Vec<(Commit, Seq)>,
    /// Whether a hand-out was noted since the last look.
    pub(crate) noted: bool,
    /// Secrets that do not open until they are [repaired](Self::repaired).
    pub(crate) unreadable: HashSet<TokenId>,
    /// Every secret opens again.
    pub(crate) repaired: bool,
    /// The next secret that is read becomes one of them.
    pub(crate) damages_next: bool,
    pub(crate) handed_back: HashSet<String>,
    /// Words that a 401 of unknown meaning must not be used for: Finch has acknowledged their end.
    pub(crate) acknowledged: HashSet<String>,
    /// Hosts' clocks are a year apart: turns are agreed on by clocks, and need not be apart then.
    pub(crate) clocks_differ: bool,
    /// When each turn to call Finch is.
    turns: Vec<Timestamp>,
    /// From which of them on turns are apart: see [`Ledger::turn`].
    apart_from: usize,
    /// Calls that took a turn each.
    taken: usize,
    /// The outcomes of leases since the last look.
    pub(crate) leases: Vec<&'static str>,
    /// Tokens with a sending mark.
    marked: HashSet<TokenId>,
    /// What was seen at a gate and must not be.
    pub(crate) broken: Vec<String>,
}

impl Ledger {
    /// A commit was written, under this number. `secret`: of the token that is new, if it opens.
    pub(crate) fn committed(
        &mut self,
        commit: Commit,
        number: Seq,
        secret: Option<Option<Arc<str>>>,
    ) {
        match secret {
            Some(Some(secret)) => drop(self.secrets.insert(TokenId(number), secret)),
            Some(None) => self.broken.push("the secret of a new token does not open".into()),
            None => {}
        }
        self.marks(&commit);
        self.committed.push((commit, number));
    }

    /// Counts the sending marks that a host finds and that are another call's.
    fn marks(&mut self, commit: &Commit) {
        let is_new = |token: &&Token| token.progress.sending == Some(Seq::OF_COMMIT);
        let sends = commit.tokens.iter().any(|token| is_new(&token));
        for token in &commit.tokens {
            let was_marked = self.marked.remove(&token.id);
            if was_marked && sends {
                self.leases.push("sending mark found");
            }
            if token.progress.sending.is_some() {
                self.marked.insert(token.id);
            }
        }
    }

    /// Whether the secret of this token, which is read now, does not open.
    pub(crate) fn damages(&mut self, token: TokenId) -> bool {
        if std::mem::take(&mut self.damages_next) {
            self.unreadable.insert(token);
        }
        !self.repaired && self.unreadable.contains(&token)
    }

    pub(crate) fn leased(&mut self, leased: &Leased) {
        self.leases.push(match leased {
            Leased::Taken => "lease taken",
            Leased::Held(_) => HELD,
            Leased::Absorbed => ABSORBED,
        });
    }

    /// A turn was given to a host that asked by its clock at `asked`. A known limit: one that stalled for ten
    /// minutes before the store took its word is like one whose clock is wrong, and turns begin again.
    pub(crate) fn turn(&mut self, turn: Timestamp, every: Duration, asked: Timestamp) {
        let ahead = |other: &Timestamp| other.duration_since(asked).try_into().unwrap_or_default();
        let stalled = |other: &Timestamp| every + ahead(other) > LONGEST_QUEUE;
        if self.turns[self.apart_from..].iter().any(stalled) {
            self.apart_from = self.turns.len();
        }
        let clash = |other: &Timestamp| turn.duration_since(*other).unsigned_abs() < every;
        if !self.clocks_differ && self.turns[self.apart_from..].iter().any(clash) {
            self.broken.push("two turns to call Finch are too close".into());
        }
        self.turns.push(turn);
    }

    /// A reconciler calls Finch: a turn of its own must have come.
    pub(crate) fn takes_a_turn(&mut self, now: Timestamp) {
        self.taken += 1;
        if self.taken > self.turns.iter().filter(|turn| **turn <= now).count() {
            self.broken.push("a reconciler calls Finch without a turn".into());
        }
    }

    /// A code goes out, or fails to (`unseen`).
    pub(crate) fn sends(&mut self, code: &str, unseen: bool) {
        if self.sent.contains(code) {
            self.broken.push("a code is sent again after it may have gone out".into());
        }
        if let Some(state) = self.state_of_code.get(code) {
            let first = self.code_of_state.entry(*state).or_insert_with(|| code.to_owned());
            if first != code {
                self.broken.push("two codes are sent for one state".into());
            }
        }
        if !unseen {
            self.sent.insert(code.to_owned());
        }
    }
}
