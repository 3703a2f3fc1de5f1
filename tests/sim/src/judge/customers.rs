//! I11: no call in one customer's scope changes what another one sees.

use finch_core::{Commit, Connection, CustomerId, Happening, Token, TokenState};

use super::{Case, Judge};

/// What a host could show of a token. Of one that an open disconnect ends, only that it does: whoever
/// follows that disconnect writes down Finch's proofs.
/// What became of a retired one since is not shown to its customer.
fn seen(connection: &Connection, token: &Token) -> impl PartialEq + use<> {
    let retired = connection
        .retirements
        .iter()
        .any(|r| Some(&r.customer) == token.customer.as_ref() && token.exchange_began < r.seq);
    let ending = matches!(token.state, TokenState::Fenced | TokenState::Revoked { .. });
    let state = match token.state.clone() {
        _ if retired => TokenState::Retired,
        _ if ending => TokenState::Fenced,
        state => state,
    };
    let shown = !ending && !retired;
    let progress = shown.then(|| (token.progress.trouble.clone(), token.progress.next_try));
    (token.id, state, token.facts.products.clone(), token.status.clone(), progress)
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
            events.any(|event| matches!(event.what, Happening::CompanyNamed))
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
