//! I11: no call in one customer's scope changes what another one sees.

use finch_core::{Connection, CustomerId, Token, TokenState};

use super::{Case, Judge};

/// What a host could show of a token. Of one that an open disconnect ends, only that it does: whoever
/// follows that disconnect writes down Finch's proofs.
fn seen(token: &Token) -> impl PartialEq {
    let ending = matches!(token.state, TokenState::Fenced | TokenState::Revoked { .. });
    let state = if ending { TokenState::Fenced } else { token.state.clone() };
    let progress = (!ending).then(|| (token.progress.trouble.clone(), token.progress.next_try));
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
        let named = |(changes, _): &(finch_core::Changes, _)| {
            changes.company.is_some() || changes.absorb.is_some()
        };
        if case.applied.iter().any(named) {
            return;
        }
        let others = |t: &&Token| t.customer.as_ref().is_some_and(|c| c != actor);
        for token in before.iter().flat_map(|c| &c.tokens).filter(others) {
            let after = now.iter().find_map(|c| c.token(token.id));
            if after.is_none_or(|after| seen(after) != seen(token)) {
                let to = after.map(|t| t.state.name());
                let from = token.state.name();
                let what = format_args!("{actor} changed another's {} ({from} to {to:?})", token.id);
                self.fault("I11 customers", what);
            }
        }
    }
}
