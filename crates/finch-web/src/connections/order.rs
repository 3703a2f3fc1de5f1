//! In which order connections are shown: what somebody has to do something about comes first.

use std::cmp::Reverse;

use finch_app::{ConnectionState, ConnectionView, Timestamp, TokenState};

/// Puts connections that come oldest first into the order of the page. Those that are current are newest
/// first within their kind; those that have ended, by their end.
pub(super) fn sort(views: &mut [ConnectionView]) {
    views.reverse();
    views.sort_by_key(|view| (place(view.state), Reverse(presumed_end(view))));
}

/// When it ended, where that is known: of access that ended while others kept theirs it is not.
pub(super) fn end(view: &ConnectionView) -> Option<Timestamp> {
    let ends = view.tokens.iter().filter_map(|t| match t.state {
        TokenState::Revoked { at, .. } => Some(at),
        _ => None,
    });
    ends.max().filter(|_| view.state == ConnectionState::Disconnected)
}

/// When it ended, or before when it cannot have.
fn presumed_end(view: &ConnectionView) -> Option<Timestamp> {
    let newest = || view.tokens.iter().map(|t| t.added_at).max();
    end(view).or_else(|| newest().filter(|_| view.state == ConnectionState::Disconnected))
}

fn place(state: ConnectionState) -> u8 {
    match state {
        ConnectionState::NeedsReauth => 0,
        ConnectionState::Connected => 2,
        ConnectionState::Disconnected => 3,
        // It settles by itself, or is to be asked about.
        _ => 1,
    }
}
