//! What must hold after every write: I2 to I5, I7 and I8, as far as the store shows them.

use finch_core::{Connection, Evidence, Happening, Target, TokenState};

use super::{Case, Judge, may_become};
use crate::counts::Counts;

impl Judge {
    pub(super) fn check_tokens(
        &mut self,
        before: &[Connection],
        now: &[Connection],
        case: &Case<'_>,
        counts: &mut Counts,
    ) {
        for token in before.iter().flat_map(|c| &c.tokens) {
            if !now.iter().any(|c| c.token(token.id).is_some()) {
                self.fault("I8 durability", format_args!("{} is gone", token.id));
            }
        }
        for connection in now {
            for token in &connection.tokens {
                let old = before.iter().find_map(|c| c.token(token.id));
                match old {
                    Some(old) if old.state == token.state => {}
                    Some(old) if !may_become(&old.state, &token.state) => {
                        let (from, to) = (old.state.name(), token.state.name());
                        let what = format_args!("{} went from {from} to {to}", token.id);
                        self.fault("I5 monotony", what);
                    }
                    Some(old) => {
                        counts.hit(&format!("{} then {}", old.state.name(), token.state.name()));
                    }
                    None => counts.hit(&format!("arrived {}", token.state.name())),
                }
                if old.is_some_and(|old| old.customer != token.customer) {
                    self.fault("I11 customers", format_args!("{} changed hands", token.id));
                }
                if token.state == TokenState::Active {
                    if self.covers(token.id) {
                        let what =
                            format_args!("{} is active, and a disconnect covers it", token.id);
                        self.fault("I4 fencing", what);
                    }
                    if connection.open_disconnect().is_some() {
                        let what = format_args!("{} is active beside an open disconnect", token.id);
                        self.fault("I4 fencing", what);
                    }
                }
                let died = old.is_none_or(|old| !old.state.is_revoked());
                if let (true, TokenState::Revoked { evidence: Evidence::Refused { .. }, .. }) =
                    (died, &token.state)
                    && case.secrets.get(&token.id).is_some_and(|s| case.remote.accepts(s))
                {
                    let what = format_args!("{} is revoked, and Finch accepts it", token.id);
                    self.fault("I3 completeness, I7 no orphan", what);
                }
            }
        }
    }

    pub(super) fn check_connections(
        &mut self,
        before: &[Connection],
        now: &[Connection],
        case: &Case<'_>,
        counts: &mut Counts,
    ) {
        for connection in now {
            if connection.disconnects.iter().filter(|d| d.is_open()).count() > 1 {
                self.fault("a rule of the store", "two disconnects of one connection are open");
            }
            // In this connection, or in one that it has absorbed.
            let ended_before = |id| {
                let mut all = before.iter().flat_map(|c| &c.disconnects);
                all.any(|d| d.id == id && d.ended().is_some())
            };
            for ended in connection.disconnects.iter().filter(|d| d.ended().is_some()) {
                if !ended_before(ended.id) {
                    counts.hit("a disconnect ended");
                    let left = |t: &&finch_core::Token| t.state == TokenState::Fenced;
                    if let Some(token) = connection.tokens.iter().find(left) {
                        let what = format_args!("{} is left after its disconnect", token.id);
                        self.fault("I3 completeness", what);
                    }
                }
            }
            let twins = |c: &&Connection| {
                let same = |t: &finch_core::Token| t.facts.connection_id.clone();
                let pair = c.company.is_some()
                    && (&c.provider, &c.company) == (&connection.provider, &connection.company);
                let ids = connection.tokens.iter().map(same);
                c.key < connection.key
                    && (pair || ids.into_iter().any(|id| c.tokens.iter().any(|t| same(t) == id)))
            };
            if now.iter().any(|c| twins(&c)) {
                self.fault("I1 equivalence", "two connections are the same one");
            }
        }
        for (changes, applied) in case.applied {
            let absorbed = changes.absorb.map(|(key, _)| key);
            let meant = |c: &&Connection| c.key == applied.connection || Some(c.key) == absorbed;
            let elsewhere = before.iter().filter(|c| !meant(c));
            for old in elsewhere {
                if case.applied.len() == 1 && !now.contains(old) {
                    self.fault("I2 isolation", "a write changed another connection");
                }
            }
            count(changes, counts);
        }
    }
}

/// Which rows of semantics 4 and 5 a write is.
fn count(changes: &finch_core::Changes, counts: &mut Counts) {
    if matches!(changes.target, Target::New { .. }) {
        counts.hit("a new connection");
    }
    if changes.absorb.is_some() {
        counts.hit("two connections merged");
    }
    for disconnect in &changes.disconnects {
        counts.hit(match disconnect {
            finch_core::DisconnectChange::Begin(_) => "a disconnect began",
            finch_core::DisconnectChange::End(None, _) => "an end at Finch was seen",
            finch_core::DisconnectChange::End(..) => "a disconnect finished",
            finch_core::DisconnectChange::Reopen(_) => "a disconnect reopened",
            finch_core::DisconnectChange::Merge(..) => "two open disconnects merged",
            finch_core::DisconnectChange::Join(..) => "a request joined a disconnect",
        });
    }
    if changes.events.iter().any(|event| matches!(event.what, Happening::CompanyNamed)) {
        counts.hit("a company was named late");
    }
    if let Some((_, finch_core::Ended::Known(_))) = changes.attempt {
        counts.hit("the same token issued again");
    }
}
