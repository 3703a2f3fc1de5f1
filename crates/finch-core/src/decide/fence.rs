//! The fence: the durable intent to end a connection.

use crate::{
    Agenda, Changes, Connection, DisconnectChange, Event, Happening, Intent, Progress, Target,
    TokenChange, TokenState,
};

/// Begins a disconnect, or joins the open one: every token that is not `Revoked` is fenced. From the
/// moment this is durable, no call hands out any of them.
pub fn fence(connection: &Connection, intent: Intent) -> Changes {
    let mut changes = Changes::to(Target::Existing(connection.key, connection.revision));
    let open = connection.open_disconnect().is_some();
    for token in &connection.tokens {
        if matches!(token.state, TokenState::Revoked { .. } | TokenState::Fenced) {
            continue;
        }
        changes.tokens.push(TokenChange {
            progress: Some(Progress::default()),
            ..TokenChange::state(token.id, TokenState::Fenced)
        });
    }
    if !open {
        changes.agenda = Some(Agenda {
            due: Some(intent.at),
            attention: false,
        });
        changes.events.push(Event {
            at: intent.at,
            by: intent.by.clone(),
            what: Happening::DisconnectBegan {
                reason: intent.reason.clone(),
            },
        });
        changes.disconnects.push(DisconnectChange::Begin(intent));
    } else if !changes.tokens.is_empty() {
        changes.agenda = Some(Agenda {
            due: Some(intent.at),
            attention: false,
        });
    }
    changes
}
