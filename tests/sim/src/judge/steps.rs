//! What must hold after every write: I2 to I5, I7 and I8, as far as the store shows them.

use finch_core::{
    AttemptEnd, Commit, Connection, DisconnectState, EventKind, Evidence, Seq, TokenId, TokenState,
};
use finch_testkit::Figures;

use super::{Case, Judge, may_become};

impl Judge {
    pub(super) fn check_tokens(
        &self,
        before: &[Connection],
        now: &[Connection],
        case: &Case<'_>,
        figures: &mut Figures,
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
                        figures.hit(&format!("{} then {}", old.state.name(), token.state.name()));
                    }
                    None => figures.hit(&format!("arrived {}", token.state.name())),
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
        &self,
        before: &[Connection],
        now: &[Connection],
        case: &Case<'_>,
        figures: &mut Figures,
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
                    figures.hit("a disconnect ended");
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
        for (commit, number) in case.committed {
            let seen = |c: &&Connection| commit.seen.iter().any(|(key, _)| *key == c.key);
            let meant = |c: &&Connection| c.key.0 == *number || seen(c);
            let elsewhere = before.iter().filter(|c| !meant(c));
            for old in elsewhere {
                if case.committed.len() == 1 && !now.contains(old) {
                    self.fault("I2 isolation", "a write changed another connection");
                }
            }
            count(commit, before, figures);
        }
    }
}

/// Which rows of semantics 4 and 5 a write is.
fn count(commit: &Commit, before: &[Connection], figures: &mut Figures) {
    if commit.connection.as_ref().is_some_and(|row| row.key.0 == Seq::OF_COMMIT) {
        figures.hit("a new connection");
    }
    if commit.absorbs.is_some() {
        figures.hit("two connections merged");
    }
    for disconnect in &commit.disconnects {
        let was = before.iter().flat_map(|c| &c.disconnects).find(|was| was.id == disconnect.id);
        figures.hit(match (was.map(|was| was.state), disconnect.state) {
            (Some(was), now) if was == now => continue,
            (None, DisconnectState::Open) => "a disconnect began",
            (None, DisconnectState::Ended { .. }) => "an end at Finch was seen",
            (None, DisconnectState::Merged { .. }) => "a request joined a disconnect",
            (Some(_), DisconnectState::Open) => "a disconnect reopened",
            (Some(_), DisconnectState::Ended { .. }) => "a disconnect finished",
            (Some(_), DisconnectState::Merged { .. }) => "two open disconnects merged",
        });
    }
    if commit.events.iter().any(|event| matches!(event.kind, EventKind::CompanyNamed { .. })) {
        figures.hit("a company was named late");
    }
    if let Some((_, AttemptEnd::Stored(token))) = &commit.attempt
        && *token != TokenId(Seq::OF_COMMIT)
    {
        figures.hit("the same token issued again");
    }
}
