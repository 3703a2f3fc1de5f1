//! A store that was restored from a backup: what has happened at Finch since is not known.

use crate::{Draft, TokenState};

/// Puts every token that is in use in doubt, until Finch has been asked. A token in any other state is not
/// handed out, and stays what it is. Returns how many were in use.
pub fn doubt(draft: &mut Draft) -> usize {
    let in_use = draft.tokens_mut().filter(|token| token.state == TokenState::Active);
    in_use.map(|token| token.state = TokenState::Unverified).count()
}
