//! What an exchange's token may be, beside the disconnects of its connection: the table of the races
//! (`design` semantics 5).

use crate::{Connection, ConnectionId, CustomerId, DisconnectId, Seq};

/// What a token may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialState {
    /// No disconnect touches it.
    Active,
    /// A disconnect may have ended it: Finch must be asked.
    Unverified,
    /// The open disconnect covers it.
    Fenced,
    /// This disconnect covers it, and had ended: it must go on for this token.
    Reopens(DisconnectId),
    /// Its customer's access has ended since its exchange began, while others use the connection.
    Retired,
    /// A disconnect that has ended covers it, and something newer lives.
    Superseded,
}

/// What a token of `customer` may be whose exchange began at `began`. `late`: a `/disconnect` of
/// this connection that was never answered may have taken effect since, or may still do so
/// ([`LATE_EFFECT`](crate::LATE_EFFECT)).
pub fn initial_state(
    connection: &Connection,
    began: Seq,
    customer: Option<&CustomerId>,
    connection_id: &ConnectionId,
    late: bool,
) -> InitialState {
    let covering = || connection.disconnects.iter().filter(|d| d.covers(began, customer));
    let retired = connection.has_retired(customer, began);
    if connection.open_disconnect().is_some() {
        let covered = retired || covering().next().is_some();
        return if covered { InitialState::Fenced } else { InitialState::Unverified };
    }
    let ended = || connection.disconnects.iter().filter_map(|d| connection.end_of(d));
    let last =
        covering().filter_map(|d| Some((connection.end_of(d)?, d))).max_by_key(|(end, _)| *end);
    if let Some((end, covering)) = last {
        let newer_lives = connection.tokens.iter().any(|t| t.state.is_live() && t.since() > end);
        return if newer_lives {
            InitialState::Superseded
        } else {
            InitialState::Reopens(connection.root_of(covering).id)
        };
    }
    if retired {
        return InitialState::Retired;
    }
    let issued_during_one = ended().any(|end| began < end);
    let of_an_ended_generation = connection.tokens.iter().any(|t| {
        t.facts.connection_id == *connection_id
            && connection.generation_at(t.since()) < connection.generation()
    });
    if issued_during_one || of_an_ended_generation || late {
        InitialState::Unverified
    } else {
        InitialState::Active
    }
}
