//! I11: no call in one customer's scope changes what another one sees.

use finch_core::{Commit, Connection, ConnectionView, CustomerId, Happening, Token, TokenState};

use super::{Case, Judge};

/// What a host could show to the token's customer. Of one that an open disconnect ends, only that it does:
/// whoever follows that disconnect writes down Finch's proofs.
fn seen(connection: &Connection, token: &Token) -> impl PartialEq + use<> {
    let customer = token.customer.as_ref();
    let own = connection.tokens.iter().filter(|t| t.customer.as_ref() == customer).cloned();
    let own = Connection { tokens: own.collect(), ..connection.clone() };
    let at = own.tokens.iter().position(|t| t.id == token.id);
    let shown = at.map(|at| ConnectionView::of(&own, customer).tokens.swap_remove(at));
    shown.map(|shown| {
        let ending = matches!(shown.state, TokenState::Fenced | TokenState::Revoked { .. });
        let state = if ending { TokenState::Fenced } else { shown.state };
        let progress = (!ending).then_some((shown.trouble, shown.next_try));
        (state, shown.products, shown.connection_status, progress)
    })
}

impl Judge {
    pub(super) fn check_customers(
        &mut self,
        before: &[Connection],
        now: &[Connection],
        actor: &CustomerId,
        case: &Case<'_>,
    ) {
        // An employer that Finch names late is named for everybody.
        let named = |(commit, _): &(Commit, _)| {
            let mut events = commit.events.iter();
            events.any(|event| matches!(event.what, Happening::CompanyNamed { .. }))
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
