//! In which order connections are shown: what needs an action comes first.

use std::cmp::Reverse;

use finch_app::{ConnectionState, ConnectionView};

/// Puts connections that come oldest first into the order of the page. Those that are current are newest
/// first within their kind; those that have ended, by their end.
pub(super) fn sort(views: &mut [ConnectionView]) {
    views.reverse();
    views.sort_by_key(|view| (place(view.state), Reverse(view.ended_at)));
}

fn place(state: ConnectionState) -> u8 {
    match state {
        ConnectionState::NeedsReauth => 0,
        ConnectionState::Connected => 2,
        ConnectionState::Disconnected => 3,
        // It settles by itself, or the person should ask about it.
        _ => 1,
    }
}
