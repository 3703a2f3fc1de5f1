//! Retire: one customer's access ends here, and the connection goes on for others.

use jiff::Timestamp;

use crate::{Actor, Connection, CustomerId, Draft, Event, EventKind, Retirement, Seq, TokenState};

/// Ends the access of `customer` to a connection that others use too. Finch is not called, and the
/// secrets are kept: they may still be needed to end the connection.
pub fn retire(draft: &mut Draft, customer: &CustomerId, now: Timestamp) {
    let by = Actor::Customer(customer.clone());
    draft.remember(Event::of_connection(draft.connection(), by, EventKind::Retired, now));
    for token in &mut draft.now.tokens {
        if token.state.is_live() && token.customer.as_ref() == Some(customer) {
            token.progress = token.progress.reset();
            token.state = TokenState::Retired;
        }
    }
    let (seq, customer) = (Seq::OF_COMMIT, customer.clone());
    draft.now.retirements.push(Retirement { seq, customer, at: now });
}

/// Whether secrets are left of customers whose access has ended, and nothing lives any more: Finch
/// still bills for the connection, and no customer uses it. A disconnect must end it. So must one where tokens
/// are fenced and no disconnect is open: the row of theirs was edited, or is missing. A quarantined
/// token alone is no left-over: it may belong to a customer, and waits for a person.
pub fn is_left_over(connection: &Connection) -> bool {
    let any = |is: fn(&TokenState) -> bool| connection.tokens.iter().any(|t| is(&t.state));
    connection.open_disconnect().is_none()
        && !any(TokenState::is_live)
        && any(|state| {
            matches!(state, TokenState::Retired | TokenState::Superseded | TokenState::Fenced)
        })
}
