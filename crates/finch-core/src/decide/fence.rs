//! The fence: the durable intent to end a connection.

use std::collections::BTreeMap;

use crate::{
    Actor, Connection, CustomerId, DisconnectState, Draft, Event, EventKind, Intent, Token,
};

/// Begins a disconnect: every token that is not `Revoked` is fenced. Or joins the open one: what has
/// arrived since is fenced too, as far as the scope reaches. From the moment this is durable, no call
/// hands out any of them.
pub fn fence(draft: &mut Draft, intent: Intent) {
    let connection = draft.connection();
    let (open, widens) = (connection.open_disconnect().map(|d| d.id), widens(connection, &intent));
    let reason = intent.reason.clone();
    let (kind, state) = match open {
        None => (EventKind::DisconnectBegan { reason }, DisconnectState::Open),
        Some(into) => (EventKind::DisconnectJoined { reason }, DisconnectState::Merged { into }),
    };
    let asked = Event::of_connection(connection, intent.by.clone(), kind, intent.at);
    let fenced = draft.fence(|token| match &intent.by {
        Actor::Customer(by) if open.is_some() => token.customer.as_ref().is_none_or(|c| c == by),
        _ => true,
    });
    if widens || !fenced.is_empty() {
        draft.remember(asked);
        fenced_events(&fenced, &intent).into_iter().for_each(|event| draft.remember(event));
        draft.add_disconnect(intent, state);
    }
}

/// One event per customer whose live tokens were fenced, as far as the scope may name them; and one
/// for the operator, of the others. `fenced`: the tokens as they were.
fn fenced_events(fenced: &[Token], intent: &Intent) -> Vec<Event> {
    let mut of: BTreeMap<Option<&CustomerId>, Vec<&Token>> = BTreeMap::new();
    for token in fenced {
        let may_be_named = |customer: &&CustomerId| match &intent.by {
            Actor::Customer(by) => by == *customer,
            _ => token.state.is_live(),
        };
        of.entry(token.customer.as_ref().filter(may_be_named)).or_default().push(token);
    }
    let event = |(customer, tokens): (Option<&CustomerId>, Vec<&Token>)| Event {
        at: intent.at,
        by: intent.by.clone(),
        connection_id: tokens.last().map(|t| t.facts.connection_id.clone()),
        customer: customer.cloned(),
        kind: EventKind::Fenced { tokens: tokens.len() },
    };
    of.into_iter().map(event).collect()
}

/// Whether this intent reaches further than every request of the open disconnect. True if none is open.
fn widens(connection: &Connection, intent: &Intent) -> bool {
    let mut open = connection.disconnects.iter().filter(|d| connection.root_of(d).is_open());
    !open.any(|d| d.intent.by == intent.by || matches!(d.intent.by, Actor::Operator(_)))
}
