//! What must hold after every write: I1 to I5, I7, I8 and I11, as far as the store shows them.

use finch_core::{
    AttemptEnd, Commit, Connection, ConnectionView, CustomerId, DisconnectState, EventKind,
    Evidence, Seq, Token, TokenId, TokenState,
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
                self.fault("I8", format_args!("{} is gone", token.id));
            }
        }
        for (connection, token) in now.iter().flat_map(|c| c.tokens.iter().map(move |t| (c, t))) {
            let (id, to) = (token.id, token.state.name());
            let old = before.iter().find_map(|c| c.token(id));
            match old.map(|old| (&old.state, old.state.name())) {
                None => figures.hit(&format!("arrived {to}")),
                Some((old, _)) if *old == token.state => {}
                Some((old, from)) if may_become(old, &token.state) => {
                    figures.hit(&format!("{from} then {to}"));
                }
                Some((_, from)) => self.fault("I5", format_args!("{id} went from {from} to {to}")),
            }
            if old.is_some_and(|old| old.customer != token.customer) {
                self.fault("I11", format_args!("{id} changed hands"));
            }
            let is_active = token.state == TokenState::Active;
            if is_active && (self.covers(id) || connection.open_disconnect().is_some()) {
                self.fault("I4", format_args!("{id} is active, and a disconnect covers it"));
            }
            let died = old.is_none_or(|old| !old.state.is_revoked());
            let refused = matches!(
                token.state,
                TokenState::Revoked { evidence: Evidence::Refused { .. }, .. }
            );
            let accepted = || case.secrets.get(&id).is_some_and(|s| case.remote.accepts(s));
            if died && refused && accepted() {
                self.fault("I3, I7", format_args!("{id} is revoked, and Finch accepts it"));
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
            let ended = connection.disconnects.iter().filter(|d| d.ended().is_some());
            for _ in ended.filter(|ended| !ended_before(ended.id)) {
                figures.hit("a disconnect ended");
                let mut left = connection.tokens.iter();
                if let Some(token) = left.find(|token| token.state == TokenState::Fenced) {
                    self.fault("I3", format_args!("{} is left after its disconnect", token.id));
                }
            }
            let twins = |c: &Connection| {
                let pair = c.company.is_some()
                    && (&c.provider, &c.company) == (&connection.provider, &connection.company);
                let id = |t: &Token| t.facts.connection_id.clone();
                let shares = |t: &Token| c.tokens.iter().any(|other| id(other) == id(t));
                c.key < connection.key && (pair || connection.tokens.iter().any(shares))
            };
            if now.iter().any(twins) {
                self.fault("I1", "two connections are the same one");
            }
        }
        for (commit, number) in case.committed {
            let meant = |c: &Connection| {
                c.key.0 == *number || commit.seen.iter().any(|(key, _)| *key == c.key)
            };
            let mut elsewhere = before.iter().filter(|c| !meant(c));
            if case.committed.len() == 1 && elsewhere.any(|old| !now.contains(old)) {
                self.fault("I2", "a write changed another connection");
            }
            count(commit, before, figures);
        }
    }

    /// No call in one customer's scope changes what another one sees.
    pub(super) fn check_customers(
        &self,
        before: &[Connection],
        now: &[Connection],
        actor: &CustomerId,
        case: &Case<'_>,
    ) {
        // An employer that Finch names late is named for everybody.
        let named = |(commit, _): &(Commit, _)| {
            let mut events = commit.events.iter();
            events.any(|event| matches!(event.kind, EventKind::CompanyNamed { .. }))
        };
        if case.committed.iter().any(named) {
            return;
        }
        let others = |t: &&Token| t.customer.as_ref().is_some_and(|c| c != actor);
        let each = before.iter().flat_map(|c| c.tokens.iter().map(move |t| (c, t)));
        for (home, token) in each.filter(|(_, t)| others(t)) {
            let after = now.iter().find_map(|c| Some((c, c.token(token.id)?)));
            if after.is_none_or(|(there, after)| seen(there, after) != seen(home, token)) {
                self.fault("I11", format_args!("{actor} changed another's {}", token.id));
            }
        }
    }
}

/// What its customer sees of it that another customer's call must not change. Of a token that an open disconnect
/// ends, only that it does: each call that follows the disconnect stores Finch's proofs.
fn seen(connection: &Connection, token: &Token) -> impl PartialEq + use<> {
    let customer = token.customer.as_ref();
    let mut own = connection.clone();
    own.tokens.retain(|t| t.customer.as_ref() == customer);
    let at = own.tokens.iter().position(|t| t.id == token.id)?;
    let shown = ConnectionView::of(&own, customer).tokens.swap_remove(at);
    let ending = matches!(shown.state, TokenState::Fenced | TokenState::Revoked { .. });
    let state = if ending { TokenState::Fenced } else { shown.state };
    let progress = (!ending).then_some((shown.trouble, shown.next_try));
    Some((state, shown.products, shown.connection_status, progress))
}

/// Which rows of semantics 4 and 5 a write is.
fn count(commit: &Commit, before: &[Connection], figures: &mut Figures) {
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
    let new = Seq::OF_COMMIT;
    let named = |kind: &EventKind| matches!(kind, EventKind::CompanyNamed { .. });
    let again = |end: &AttemptEnd| matches!(end, AttemptEnd::Stored(id) if *id != TokenId(new));
    for (came, event) in [
        (commit.connection.as_ref().is_some_and(|row| row.key.0 == new), "a new connection"),
        (commit.absorbs.is_some(), "two connections merged"),
        (commit.events.iter().any(|event| named(&event.kind)), "a company was named late"),
        (commit.attempt.as_ref().is_some_and(|(_, end)| again(end)), "the same token issued again"),
    ] {
        if came {
            figures.hit(event);
        }
    }
}
