//! Two connections that prove to be one (R4).

use crate::{
    Changes, Connection, DisconnectChange, Seq, TokenChange, TokenState,
    decide::{Standing, standing},
};

/// Both connections as one: the tokens and disconnects of both, in their order.
pub fn union(into: &Connection, absorbed: &Connection) -> Connection {
    let mut one = into.clone();
    one.tokens.extend(absorbed.tokens.iter().cloned());
    one.tokens.sort_by_key(|t| t.id);
    one.disconnects.extend(absorbed.disconnects.iter().cloned());
    one.disconnects.sort_by_key(|d| d.id);
    one.retirements.extend(absorbed.retirements.iter().cloned());
    one.retirements.sort_by_key(|r| r.seq);
    one
}

/// Writes into `changes` what becomes of both sides: each token stands as if the other side's
/// disconnects and retirements had always been its own, and of two open disconnects the older goes on. Returns both
/// as one, with the changes made.
pub(super) fn merge(
    changes: &mut Changes,
    into: &Connection,
    absorbed: &Connection,
    late: bool,
) -> Connection {
    changes.absorb = Some((absorbed.key, absorbed.revision));
    let mut one = union(into, absorbed);
    for (side, other) in [(into, absorbed), (absorbed, into)] {
        let beside = Connection {
            disconnects: other.disconnects.clone(),
            retirements: other.retirements.clone(),
            ..one.clone()
        };
        for token in side.tokens.iter().filter(|t| !t.state.is_revoked()) {
            let (customer, id) = (token.customer.as_ref(), &token.facts.connection_id);
            let state = match standing(&beside, token.since(), customer, id, late) {
                Standing::Fenced => TokenState::Fenced,
                _ if !token.state.is_live() => continue,
                Standing::Reopens(disconnect) => {
                    let reopen = DisconnectChange::Reopen(disconnect);
                    if !changes.disconnects.contains(&reopen) {
                        changes.disconnects.push(reopen);
                    }
                    TokenState::Fenced
                }
                Standing::Retired => TokenState::Retired,
                Standing::Superseded => TokenState::Superseded,
                Standing::Unverified => TokenState::Unverified,
                Standing::Active => continue,
            };
            if state != token.state {
                changes.tokens.push(match state {
                    TokenState::Fenced => TokenChange::fence(token),
                    state => TokenChange::state(token.id, state),
                });
            }
        }
    }
    for change in &changes.tokens {
        if let Some(token) = one.tokens.iter_mut().find(|t| t.id == change.id) {
            token.state = change.state.clone().unwrap_or(token.state.clone());
            token.progress = change.progress.clone().unwrap_or(token.progress.clone());
        }
    }
    settle_on_one_open_disconnect(changes, one.clone());
    changes.apply_to(&mut one, || Seq(u64::MAX));
    one
}

/// At most one disconnect of a connection is open: the oldest of those that are, or that reopen.
fn settle_on_one_open_disconnect(changes: &mut Changes, mut one: Connection) {
    for disconnect in &mut one.disconnects {
        if changes.disconnects.contains(&DisconnectChange::Reopen(disconnect.id)) {
            disconnect.state = crate::DisconnectState::Open;
        }
    }
    let mut open = one.disconnects.iter().filter(|d| d.is_open());
    let Some(oldest) = open.next().map(|d| d.id) else {
        return;
    };
    let merged: Vec<_> = open.map(|younger| younger.id).collect();
    // One that merges does not reopen first: there is never a moment with two open ones.
    let reopens =
        |c: &DisconnectChange| matches!(c, DisconnectChange::Reopen(id) if merged.contains(id));
    changes.disconnects.retain(|c| !reopens(c));
    let merges = merged.iter().map(|younger| DisconnectChange::Merge(*younger, oldest));
    changes.disconnects.splice(0..0, merges);
}
