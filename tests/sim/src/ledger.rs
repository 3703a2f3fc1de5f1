//! What the simulation learns at the gates: which record holds which secret, which code belongs to which
//! attempt, and what was written. The software under test sees nothing of it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use finch_core::{AttemptId, Commit, Leased, Seq, Timestamp, TokenId};

/// How a lease came out that somebody else has.
pub(crate) const HELD: &str = "lease held by another";

/// How a lease came out of a connection that another one has absorbed.
pub(crate) const ABSORBED: &str = "lease of an absorbed connection";

/// A turn further ahead than this was given by a clock that ran ahead, as far as one can see who asks.
const LONGEST_QUEUE: Duration = Duration::from_secs(600);

/// What was learned.
#[derive(Default)]
pub(crate) struct Ledger {
    /// The secret of each record.
    pub(crate) secrets: BTreeMap<TokenId, Arc<str>>,
    /// Each attempt, by its state.
    pub(crate) attempts: HashMap<String, AttemptId>,
    /// The state that a code came back with.
    pub(crate) state_of_code: HashMap<String, String>,
    /// The code that was first sent for a state.
    code_of_state: HashMap<String, String>,
    /// Codes that went out, or may have.
    sent: HashSet<String>,
    /// What was written, since somebody looked.
    pub(crate) committed: Vec<(Commit, Seq)>,
    /// That a hand-out was noted, since somebody looked.
    pub(crate) noted: bool,
    /// Secrets that do not open for now.
    pub(crate) unreadable: HashSet<TokenId>,
    /// The next secret that is read becomes one of them.
    pub(crate) damages_next: bool,
    /// Tokens that came back to their caller.
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
    /// How leases came out, since somebody looked.
    pub(crate) leases: Vec<&'static str>,
    /// What was seen at a gate and must not be.
    pub(crate) broken: Vec<String>,
}

impl Ledger {
    /// A commit was written, under this number.
    pub(crate) fn committed(&mut self, commit: Commit, number: Seq) {
        if let Some(secret) = &commit.secret {
            self.secrets.insert(TokenId(number), secret.expose().into());
        }
        self.committed.push((commit, number));
    }

    /// A lease was asked for.
    pub(crate) fn leased(&mut self, leased: &Leased) {
        self.leases.push(match leased {
            Leased::Taken => "lease taken",
            Leased::TakenOver => "lease taken over",
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
            let first = self.code_of_state.entry(state.clone()).or_insert_with(|| code.to_owned());
            if first != code {
                self.broken.push("two codes are sent for one state".into());
            }
        }
        if !unseen {
            self.sent.insert(code.to_owned());
        }
    }
}
