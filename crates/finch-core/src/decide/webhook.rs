//! What a webhook calls for. It is a hint: whatever it says, only Finch's answer changes anything.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Awaits, Connection, ConnectionId, ConnectionStatus, FinchApiError, TokenId, WebhookEvent,
    decide::schedule::trouble,
};

/// Whether a webhook calls for a probe: Finch says of a connection that it has ended, does not do well, or
/// does well (again). Anything else is the host's.
pub fn awaits(event: &WebhookEvent) -> Awaits {
    let is_ours = match &event.status {
        Some(ConnectionStatus::Other(status)) => status.starts_with("error_"),
        Some(
            ConnectionStatus::Connected
            | ConnectionStatus::Disconnected
            | ConnectionStatus::Reauth
            | ConnectionStatus::ErrorNoAccountSetup
            | ConnectionStatus::ErrorPermissions,
        ) => true,
        _ => false,
    };
    let names_a_connection = event.connection_id.is_some();
    if event.event_type == "account.updated" && is_ours && names_a_connection {
        Awaits::Probe
    } else {
        Awaits::Host
    }
}

/// The tokens to ask Finch about where a webhook names `id`: those in use under that name, newest first,
/// and then all others in use, since what ends one name may end them too. If Finch says of the first that
/// it is in order, nothing has ended, and nobody need ask on, but about those that need a reauthentication as
/// far as is known here. Empty: none is in use, or a disconnect is open, which asks by itself.
pub fn tokens_to_ask(connection: &Connection, id: &ConnectionId) -> Vec<TokenId> {
    let in_use = connection.tokens.iter().rev().filter(|t| t.state.is_live());
    let in_use = in_use.filter(|_| connection.open_disconnect().is_none());
    let (named, others): (Vec<_>, Vec<_>) = in_use.partition(|t| t.facts.connection_id == *id);
    named.into_iter().chain(others).map(|t| t.id).collect()
}

/// Whether Finch cannot answer for whatever connection: it says so of the application as a whole, or nothing
/// was even sent. Another error may be of one connection alone.
pub fn is_away(error: &FinchApiError) -> bool {
    use FinchApiError as E;
    match error {
        E::PaymentRequired(_) | E::NoAnswer { sent: false, .. } => true,
        E::TryLater(answer) => answer.status == 429,
        _ => false,
    }
}

/// When to ask again after an answer that proves nothing, if time can mend that. None: it is of no use.
pub fn ask_again(
    error: &FinchApiError,
    failures: u32,
    now: Timestamp,
    jitter: f64,
) -> Option<Duration> {
    use FinchApiError as E;
    match error {
        E::TryLater(_)
        | E::PaymentRequired(_)
        | E::Unreadable { .. }
        | E::NoAnswer { .. }
        | E::Backend(_) => {
            let (_, next_try) = trouble(error, failures, now, jitter);
            Some(next_try.duration_since(now).unsigned_abs())
        }
        _ => None,
    }
}
