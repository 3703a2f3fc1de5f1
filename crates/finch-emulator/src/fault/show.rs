//! Faults as JSON: showing them as they would be queued.

use serde_json::{Value, json};

use super::{
    Effect, Fault, FaultKind, Then,
    read::{DROP_AFTER, DROP_BEFORE},
};

/// A fault as it would be queued.
pub(crate) fn to_json(fault: &Fault) -> Value {
    let mut value = json!({ "times": fault.times });
    if let Some(method) = &fault.method {
        value["method"] = method.clone().into();
    }
    if let Some(path) = &fault.path {
        value["path"] = path.clone().into();
    }
    let plain = fault.kind == FaultKind::FinchsOwn && fault.effect == Effect::AtOnce;
    if !fault.delay.is_zero() || plain {
        value["delay_ms"] = milliseconds(fault.delay);
    }
    show_kind(fault, &mut value);
    match (&fault.kind, fault.effect) {
        (_, Effect::Late(by)) => value["late_seconds"] = by.as_secs().into(),
        (FaultKind::FinchsOwn | FaultKind::Drop, _) => {}
        (kind, effect) if effect == kind.usual_effect() => {}
        (_, effect) => value["after_effect"] = (effect == Effect::AtOnce).into(),
    }
    value
}

fn show_kind(fault: &Fault, value: &mut Value) {
    match &fault.kind {
        FaultKind::FinchsOwn if fault.effect == Effect::AtOnce => {}
        FaultKind::FinchsOwn => value["lie"] = true.into(),
        FaultKind::Answer { status, body, headers } => {
            value["status"] = (*status).into();
            if let Some(body) = body {
                value["body"] = body.clone();
            }
            for (name, text) in headers {
                value["headers"][name] = text.clone().into();
            }
        }
        FaultKind::Error { error, context } => {
            value["error"] = error.as_str().into();
            if let Some(context) = context {
                value["context"] = context.clone();
            }
        }
        FaultKind::RateLimit { retry_after: Some(seconds) } => {
            value["rate_limit"] = json!({ "retry_after": seconds });
        }
        FaultKind::RateLimit { retry_after: None } => value["rate_limit"] = json!({}),
        FaultKind::Drop if fault.effect == Effect::AtOnce => value["drop"] = DROP_AFTER.into(),
        FaultKind::Drop => value["drop"] = DROP_BEFORE.into(),
        FaultKind::Garbage => value["garbage"] = true.into(),
        FaultKind::Omit(fields) => value["omit"] = fields.clone().into(),
        FaultKind::Cut { at, then } => {
            value["cut"] = (*at).into();
            if *then != Then::default() {
                value["then"] = then.as_str().into();
            }
        }
        FaultKind::Trickle { bytes, pause } => {
            value["trickle"] = json!({ "bytes": bytes, "pause_ms": milliseconds(*pause) });
        }
        FaultKind::LengthOffBy(bytes) => value["length_off_by"] = (*bytes).into(),
        FaultKind::Endless => value["endless"] = true.into(),
    }
}

fn milliseconds(duration: std::time::Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}
