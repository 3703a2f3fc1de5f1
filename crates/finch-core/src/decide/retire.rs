//! Retire: one customer's access ends here, and the connection goes on for others.

use jiff::Timestamp;

use crate::{
    Actor, Changes, Connection, CustomerId, Event, Happening, Target, Token, TokenChange,
    TokenState, decide::schedule::agenda_after,
};

/// Ends the access of `customer` to a connection that others use too. Finch is not called, and the
/// secrets are kept: they may still be needed to end the connection.
pub fn retire(connection: &Connection, customer: &CustomerId, now: Timestamp) -> Changes {
    let mut changes = Changes::to(Target::Existing(connection.key, connection.revision));
    let own = |t: &&Token| t.state.is_live() && t.customer.as_ref() == Some(customer);
    for token in connection.tokens.iter().filter(own) {
        let progress = Some(token.progress.afresh());
        let retired = TokenChange::state(token.id, TokenState::Retired);
        changes.tokens.push(TokenChange { progress, ..retired });
    }
    changes.retirement = Some((customer.clone(), now));
    let by = Actor::Customer(customer.clone());
    changes.events.push(Event::of_connection(connection, by, Happening::Retired, now));
    changes.agenda = Some(agenda_after(connection, &changes));
    changes
}

/// Whether secrets are left of customers whose access has ended, and nothing lives any more: Finch
/// still bills for the connection, and nobody uses it. A disconnect must end it. A quarantined token
/// alone is no left-over: it may be somebody's, and waits for a person.
pub fn is_left_over(connection: &Connection) -> bool {
    let any = |is: fn(&TokenState) -> bool| connection.tokens.iter().any(|t| is(&t.state));
    connection.open_disconnect().is_none()
        && !any(TokenState::is_live)
        && any(|state| matches!(state, TokenState::Retired | TokenState::Superseded))
}
