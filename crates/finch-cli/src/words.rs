//! Plain words for what the other crates say in types.

use finch_core::{
    Actor, ConnectionState, Event, EventKind, Evidence, Product, RequestId, Timestamp, TokenState,
    decide::Call,
};

/// `1 token`, `2 tokens`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A length, as people say it.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut value, mut unit) = (number as f64 / 1024.0, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    format!("{value:.1} {}", UNITS[unit])
}

pub(crate) fn products(products: &[Product]) -> String {
    let words: Vec<_> = products.iter().map(Product::as_str).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

pub(crate) fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let words: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    words.join(", ")
}

/// A moment, to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

pub(crate) fn connection_state(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connected => "connected",
        ConnectionState::Unverified => "to be verified",
        ConnectionState::Quarantined => "quarantined",
        ConnectionState::NeedsReauth => "needs reauthentication",
        ConnectionState::Disconnecting => "disconnecting",
        ConnectionState::Disconnected => "disconnected",
        _ => "unknown",
    }
}

/// What a token is, and how we know.
pub(crate) fn token_state(state: &TokenState) -> String {
    match state {
        TokenState::Active => "active".to_owned(),
        TokenState::Unverified => {
            "unverified: Finch must be asked whether it lives (`finch reconcile`)".to_owned()
        }
        TokenState::Fenced => {
            "fenced: a disconnect has begun, and it is handed out no more".to_owned()
        }
        TokenState::Retired => {
            "retired: its customer's access has ended here; others may use the connection"
                .to_owned()
        }
        TokenState::Superseded => {
            "superseded: never handed out, ends with the next disconnect".to_owned()
        }
        TokenState::Quarantined => {
            "quarantined: never used, because it contradicts what is known".to_owned()
        }
        TokenState::Revoked { evidence, at } => {
            let how = match evidence {
                Evidence::Refused { request_id: Some(id) } => {
                    format!("Finch refused it (request {id})")
                }
                Evidence::Refused { request_id: None } => "Finch refused it".to_owned(),
                Evidence::ClosedByOperator { operator, reason } => {
                    format!("closed by {operator}: {reason}")
                }
                _ => "known to be dead".to_owned(),
            };
            format!("revoked: {how}, {}", moment(*at))
        }
        other => other.name().to_owned(),
    }
}

/// What happened, and who did it; without when. `several`: the connection has several ids, so that it
/// matters which.
pub(crate) fn event(event: &Event, several: bool) -> String {
    let under = match &event.connection_id {
        Some(id) if several => format!(" under {id}"),
        _ => String::new(),
    };
    let request = |id: &Option<RequestId>| {
        id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default()
    };
    let what = match &event.kind {
        EventKind::Connected => "a new connection".to_owned(),
        EventKind::TokenAdded { state } => format!("a token was stored, {state}{under}"),
        EventKind::HandedOut => format!("a token was handed out for the first time{under}"),
        EventKind::CompanyNamed { absorbed: None } => "Finch named the employer".to_owned(),
        EventKind::CompanyNamed { absorbed: Some(_) } => {
            "Finch named the employer: two connections proved to be one".to_owned()
        }
        EventKind::TokenVerified { request_id } => {
            format!("Finch accepted a token that was in doubt{under}{}", request(request_id))
        }
        EventKind::TokenRefused { request_id } => {
            format!("Finch refused a token{under}{}", request(request_id))
        }
        EventKind::DisconnectBegan { reason: Some(reason) } => {
            format!("a disconnect was forced: {reason}")
        }
        EventKind::DisconnectBegan { reason: None } => "a disconnect began".to_owned(),
        EventKind::DisconnectJoined { reason: Some(reason) } => {
            format!("the open disconnect was asked for too: {reason}")
        }
        EventKind::DisconnectJoined { reason: None } => {
            "the open disconnect was asked for too".to_owned()
        }
        EventKind::Fenced { tokens } => {
            format!("{} not handed out any more{under}", count(*tokens, "token is", "tokens are"))
        }
        EventKind::Acknowledged { request_id } => {
            format!("Finch acknowledged the disconnect{under}{}", request(request_id))
        }
        EventKind::StillAccepted { request_id } => {
            format!("Finch still accepted a token{under}{}", request(request_id))
        }
        EventKind::NothingProven { call, failure } => {
            let call = match call {
                Call::Disconnect => "disconnect",
                Call::Introspect => "introspect",
            };
            format!("/{call} proved nothing{under}: {failure}")
        }
        EventKind::Retired => {
            "the customer's access ended here; others continue using the connection".to_owned()
        }
        EventKind::ClosedByOperator { reason } => {
            format!("the disconnect was closed without Finch's proof: {reason}")
        }
        EventKind::DisconnectReopened => {
            "the disconnect went on for a token that came late".to_owned()
        }
        EventKind::Disconnected => "every token was refused: the connection has ended".to_owned(),
        EventKind::RotationBegan { epoch } => {
            format!("a rotation began: data key {epoch} seals from here on")
        }
        EventKind::RotationEnded { epoch } => {
            format!("every secret is sealed with data key {epoch}; older ones are destroyed")
        }
        EventKind::KeyReplaced { key, replaced } => {
            let replaced = replaced.as_ref().map(|old| format!(" instead of {old}"));
            format!("the store's keys are wrapped with key {key}{}", replaced.unwrap_or_default())
        }
        EventKind::Restored { in_doubt } => format!(
            "the store was restored from a backup: {} in doubt",
            count(*in_doubt, "token is", "tokens are")
        ),
        _ => "something that this release has no words for".to_owned(),
    };
    match &event.by {
        Actor::Customer(customer) => format!("{what} (customer {customer})"),
        Actor::Operator(name) => format!("{what} (operator {name})"),
        Actor::Finch => what,
        Actor::Reconciler => format!("{what} (by itself: nothing of it was in use any more)"),
    }
}
