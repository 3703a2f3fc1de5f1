//! I11: no call in one customer's scope changes what another one sees; and each sees its own.

use finch_core::{
    Commit, Connection, ConnectionView, CustomerId, EventKind, Token, TokenState, TokenView,
};

use super::{Case, Judge, is_retired};

/// What a host shows to the token's customer.
fn shown(connection: &Connection, token: &Token) -> Option<TokenView> {
    let customer = token.customer.as_ref();
    let mut own = connection.clone();
    own.tokens.retain(|t| t.customer.as_ref() == customer);
    let at = own.tokens.iter().position(|t| t.id == token.id)?;
    Some(ConnectionView::of(&own, customer).tokens.swap_remove(at))
}

/// What of it another customer's call must not change. Of a token that an open disconnect ends, only that it
/// does: each call that follows the disconnect stores Finch's proofs.
fn seen(connection: &Connection, token: &Token) -> impl PartialEq + use<> {
    shown(connection, token).map(|shown| {
        let ending = matches!(shown.state, TokenState::Fenced | TokenState::Revoked { .. });
        let state = if ending { TokenState::Fenced } else { shown.state };
        let progress = (!ending).then_some((shown.trouble, shown.next_try));
        (state, shown.products, shown.connection_status, progress)
    })
}

impl Judge {
    /// A view that hid everything would never change: each token is shown as it is, unless its customer's
    /// access had ended before.
    pub(super) fn check_shown(&mut self, before: &[Connection], now: &[Connection]) {
        for connection in now {
            for token in connection.tokens.iter().filter(|t| t.customer.is_some()) {
                let gave_up = matches!(token.state, TokenState::Retired | TokenState::Superseded);
                if gave_up || is_retired(connection, token) {
                    self.hidden.insert(token.id);
                }
                let is_new = before.iter().all(|c| c.token(token.id) != Some(token));
                if !is_new || self.hidden.contains(&token.id) {
                    continue;
                }
                let (progress, status) = (&token.progress, &token.status);
                let is_shown = shown(connection, token).is_some_and(|shown| {
                    (&shown.state, &shown.products) == (&token.state, &token.facts.products)
                        && (&shown.trouble, &shown.next_try)
                            == (&progress.trouble, &progress.next_try)
                        && shown.connection_status == *status
                });
                if !is_shown {
                    let what = format_args!("{} is not shown to its customer as it is", token.id);
                    self.fault("I11 customers", what);
                }
            }
        }
    }

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
                let to = after.map(|(_, t)| t.state.name());
                let from = token.state.name();
                let what =
                    format_args!("{actor} changed another's {} ({from} to {to:?})", token.id);
                self.fault("I11 customers", what);
            }
        }
    }
}
