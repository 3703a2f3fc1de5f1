//! What an exchange's token may be, beside the disconnects of its connection: the table of the races
//! (`design` semantics 5).

use crate::{Connection, ConnectionId, CustomerId, DisconnectId, Seq, TokenState};

/// What a token of `customer` may be whose exchange began at `began`; and the disconnect that covers it, had ended,
/// and must go on for it. `late`: a `/disconnect` of
/// this connection that was never answered may have taken effect since, or may still do so
/// ([`LATE_EFFECT`](crate::LATE_EFFECT)).
pub fn initial_state(
    connection: &Connection,
    began: Seq,
    customer: Option<&CustomerId>,
    connection_id: &ConnectionId,
    late: bool,
) -> (TokenState, Option<DisconnectId>) {
    let covering = || connection.disconnects.iter().filter(|d| d.covers(began, customer));
    let retired = connection.has_retired(customer, began);
    if connection.open_disconnect().is_some() {
        let covered = retired || covering().next().is_some();
        return (if covered { TokenState::Fenced } else { TokenState::Unverified }, None);
    }
    let ended = || connection.disconnects.iter().filter_map(|d| connection.end_of(d));
    let last =
        covering().filter_map(|d| Some((connection.end_of(d)?, d))).max_by_key(|(end, _)| *end);
    if let Some((end, covering)) = last {
        let newer_lives = connection.tokens.iter().any(|t| t.state.is_live() && t.since() > end);
        return match newer_lives {
            true => (TokenState::Superseded, None),
            false => (TokenState::Fenced, Some(connection.root_of(covering).id)),
        };
    }
    if retired {
        return (TokenState::Retired, None);
    }
    let issued_during_one = ended().any(|end| began < end);
    let of_an_ended_generation = connection.tokens.iter().any(|t| {
        t.facts.connection_id == *connection_id
            && connection.generation_at(t.since()) < connection.generation()
    });
    let in_doubt = issued_during_one || of_an_ended_generation || late;
    (if in_doubt { TokenState::Unverified } else { TokenState::Active }, None)
}
