//! The fence: the durable intent to end a connection.

use std::collections::BTreeMap;

use crate::{
    Actor, Changes, Connection, CustomerId, DisconnectChange, Event, Happening, Intent, Target,
    Token, TokenChange, TokenState, decide::schedule::agenda_after,
};

/// Begins a disconnect: every token that is not `Revoked` is fenced. Or joins the open one: what has
/// arrived since is fenced too, as far as the scope reaches. From the moment this is durable, no call
/// hands out any of them.
pub fn fence(connection: &Connection, intent: Intent) -> Changes {
    let mut changes = Changes::to(Target::Existing(connection.key, connection.revision));
    let open = connection.open_disconnect();
    let reached = |t: &&Token| match &intent.by {
        Actor::Customer(customer) if open.is_some() => {
            t.customer.as_ref().is_none_or(|c| c == customer)
        }
        _ => true,
    };
    for token in connection.tokens.iter().filter(reached) {
        if !matches!(token.state, TokenState::Revoked { .. } | TokenState::Fenced) {
            changes.tokens.push(TokenChange::fence(token));
        }
    }
    let event = |what| Event::of_connection(connection, intent.by.clone(), what, intent.at);
    let fenced = told(connection, &intent, &changes);
    let reason = intent.reason.clone();
    match open {
        None => {
            changes.events.push(event(Happening::DisconnectBegan { reason }));
            changes.events.extend(fenced);
            changes.disconnects.push(DisconnectChange::Begin(intent));
        }
        Some(open) if !changes.tokens.is_empty() || widens(connection, &intent) => {
            changes.events.push(event(Happening::DisconnectJoined { reason }));
            changes.events.extend(fenced);
            changes.disconnects.push(DisconnectChange::Join(intent, open.id));
        }
        Some(_) => {}
    }
    changes.agenda = Some(agenda_after(connection, &changes));
    changes
}

/// What each customer hears whose live tokens are fenced, as far as the one who asks may tell them; and
/// the operator, of the others.
fn told(connection: &Connection, intent: &Intent, changes: &Changes) -> Vec<Event> {
    let mut fenced: BTreeMap<Option<&CustomerId>, Vec<&Token>> = BTreeMap::new();
    for token in changes.tokens.iter().filter_map(|change| connection.token(change.id)) {
        let may_hear = |customer: &&CustomerId| match &intent.by {
            Actor::Customer(by) => by == *customer,
            _ => token.state.is_live(),
        };
        fenced.entry(token.customer.as_ref().filter(may_hear)).or_default().push(token);
    }
    let event = |(customer, tokens): (Option<&CustomerId>, Vec<&Token>)| Event {
        at: intent.at,
        by: intent.by.clone(),
        connection_id: tokens.last().map(|t| t.facts.connection_id.clone()),
        customer: customer.cloned(),
        what: Happening::Fenced { tokens: tokens.len() },
    };
    fenced.into_iter().map(event).collect()
}

/// Whether nobody has asked yet, in the disconnect that is open, for as much as this intent does.
fn widens(connection: &Connection, intent: &Intent) -> bool {
    let open = connection.disconnects.iter().filter(|d| connection.root_of(d).is_open());
    !open.into_iter().any(|d| d.intent.by == intent.by || matches!(d.intent.by, Actor::Operator(_)))
}

impl TokenChange {
    /// Fences a token; nothing that was tried before keeps its end waiting.
    pub(super) fn fence(token: &Token) -> Self {
        let progress = Some(token.progress.afresh());
        Self { progress, ..Self::state(token.id, TokenState::Fenced) }
    }
}
