//! Two connections that prove to be one (R4).

use jiff::Timestamp;

use crate::{
    Connection, Draft, TokenState,
    decide::{initial_state, lost_calls},
};

/// The drafted connection, provisional so far, proves to be `into` and is absorbed by it. Each token
/// becomes what it would be if the other side's disconnects and retirements had always been its own;
/// of two open disconnects the older goes on. The lease of the absorbed connection ends here: what its holder
/// has sent may take effect later.
pub(super) fn merge(draft: &mut Draft, into: &Connection, late: bool, now: Timestamp) {
    lost_calls(draft, now);
    let absorbed = draft.connection().clone();
    draft.absorb_into(into.clone());
    let one = draft.connection().clone();
    for (side, other) in [(into, &absorbed), (&absorbed, into)] {
        let beside = Connection {
            disconnects: other.disconnects.clone(),
            retirements: other.retirements.clone(),
            ..one.clone()
        };
        for token in side.tokens.iter().filter(|t| !t.state.is_revoked()) {
            let (customer, id) = (token.customer.as_ref(), &token.facts.connection_id);
            let (state, reopens) = initial_state(&beside, token.since(), customer, id, late);
            let is_covered = state == TokenState::Fenced && reopens.is_none();
            if state == TokenState::Active || !(is_covered || token.state.is_live()) {
                continue;
            }
            reopens.into_iter().for_each(|disconnect| draft.reopen(disconnect));
            if state == TokenState::Fenced {
                draft.fence(|t| t.id == token.id);
            } else if let Some(token) = draft.token_mut(token.id) {
                token.state = state;
            }
        }
    }
    draft.settle_on_one_open_disconnect();
}
