//! A store that was restored from a backup: what has happened at Finch since is not known.

use jiff::Timestamp;

use crate::{Actor, Draft, Event, EventKind, TokenState};

/// Puts every token that is in use in doubt, until Finch has been asked. A token in any other state is not
/// handed out, and stays what it is. Returns how many were in use.
pub fn doubt(draft: &mut Draft, by: Actor, now: Timestamp) -> usize {
    let in_use = draft.now.tokens.iter_mut().filter(|token| token.state == TokenState::Active);
    let in_doubt = in_use.map(|token| token.state = TokenState::Unverified).count();
    if in_doubt > 0 {
        let connection_id = draft.connection().handle(None).cloned();
        let kind = EventKind::Restored { in_doubt };
        draft.remember(Event { at: now, by, connection_id, customer: None, kind });
    }
    in_doubt
}
