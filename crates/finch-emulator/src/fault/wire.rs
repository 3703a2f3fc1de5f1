//! Faults as JSON.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{Fault, FaultKind};
use crate::fields::{Fields, Invalid};

const WHERE: [&str; 3] = ["method", "path", "times"];
const KINDS: [&str; 6] = ["delay_ms", "status", "rate_limit", "drop", "garbage", "omit"];
const DETAILS: [&str; 3] = ["body", "headers", "after_effect"];

const DROP_BEFORE: &str = "before_effect";
const DROP_AFTER: &str = "after_effect";

/// The longest that a call is held up: ten minutes.
const LONGEST_DELAY: u64 = 10 * 60 * 1000;

/// Reads one fault, or an array of them; all or none.
pub(crate) fn one_or_many(value: &Value) -> Result<Vec<Fault>, Invalid> {
    match value {
        Value::Object(object) => Ok(vec![read(object)?]),
        Value::Array(items) => items
            .iter()
            .map(|item| read(item.as_object().ok_or_else(|| invalid("must be an object"))?))
            .collect(),
        _ => Err(Invalid::body("must be a fault (a JSON object) or an array of faults")),
    }
}

fn invalid(rule: &str) -> Invalid {
    Invalid::body(format!("must be a fault or an array of faults: each {rule}"))
}

fn read(object: &Map<String, Value>) -> Result<Fault, Invalid> {
    let fields = Fields::new(object);
    if let Some(unknown) = fields.names().find(|name| !is_known(name)) {
        return Err(Invalid::new(unknown, format!("is no part of a fault: {}", help())));
    }
    let named: Vec<_> = KINDS[1..].iter().filter(|kind| fields.get(kind).is_some()).collect();
    let kind = match named.as_slice() {
        [] if fields.get("delay_ms").is_some() => FaultKind::Delay,
        [] => {
            return Err(Invalid::body(format!("does not say what goes wrong: {}", help())));
        }
        [kind] => read_kind(kind, &fields)?,
        [_, second, ..] => return Err(fields.invalid(second, "is one kind of fault too many")),
    };
    // A detail that this kind would ignore is a mistake of the writer's.
    let details: &[&str] = match kind {
        FaultKind::Answer { .. } => &DETAILS,
        FaultKind::Garbage { .. } => &DETAILS[2..],
        _ => &[],
    };
    if let Some(stray) =
        DETAILS.iter().find(|name| fields.get(name).is_some() && !details.contains(name))
    {
        return Err(fields.invalid(stray, "does not go with this kind of fault"));
    }
    Ok(Fault {
        method: read_method(&fields)?,
        path: read_path(&fields)?,
        times: read_times(&fields)?,
        delay: read_delay(&fields)?,
        kind,
    })
}

fn is_known(name: &str) -> bool {
    WHERE.contains(&name) || KINDS.contains(&name) || DETAILS.contains(&name)
}

fn help() -> String {
    format!(
        "a fault has {} to say which calls it hits, and {} to say what happens (`delay_ms` alone \
         or with one of the others); {} go with `status`, the last also with `garbage`",
        quoted(&WHERE),
        quoted(&KINDS),
        quoted(&DETAILS)
    )
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn read_kind(kind: &str, fields: &Fields<'_>) -> Result<FaultKind, Invalid> {
    match kind {
        "status" => Ok(FaultKind::Answer {
            status: read_status(fields)?,
            body: fields.get("body").cloned(),
            headers: read_headers(fields)?,
            after_effect: fields.boolean("after_effect")?.unwrap_or(false),
        }),
        "rate_limit" => {
            let inner = fields.object("rate_limit", "rate_limit.")?;
            let retry_after = inner.map(|inner| inner.count("retry_after")).transpose()?.flatten();
            Ok(FaultKind::RateLimit { retry_after })
        }
        "drop" => match fields.one_of("drop", &[DROP_BEFORE, DROP_AFTER], |word| word)? {
            Some(DROP_AFTER) => Ok(FaultKind::DropAfterEffect),
            _ => Ok(FaultKind::DropBeforeEffect),
        },
        "garbage" => match fields.boolean("garbage")? {
            Some(true) => Ok(FaultKind::Garbage {
                after_effect: fields.boolean("after_effect")?.unwrap_or(false),
            }),
            _ => Err(fields.invalid("garbage", "must be true, or be left out")),
        },
        _ => Ok(FaultKind::Omit(fields.strings("omit")?.unwrap_or_default())),
    }
}

fn read_status(fields: &Fields<'_>) -> Result<u16, Invalid> {
    let status = fields.count("status")?.and_then(|status| u16::try_from(status).ok());
    status
        .filter(|status| (200..600).contains(status))
        .ok_or_else(|| fields.invalid("status", "must be from 200 to 599"))
}

fn read_headers(fields: &Fields<'_>) -> Result<Vec<(String, String)>, Invalid> {
    let rule = || fields.invalid("headers", "must be an object of header names and strings");
    let Some(given) = fields.get("headers") else {
        return Ok(Vec::new());
    };
    let header = |(name, value): (&String, &Value)| {
        let value = value.as_str().ok_or_else(rule)?;
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| rule())?;
        HeaderValue::from_str(value).map_err(|_| rule())?;
        Ok((name.clone(), value.to_owned()))
    };
    given.as_object().ok_or_else(rule)?.iter().map(header).collect()
}

fn read_method(fields: &Fields<'_>) -> Result<Option<String>, Invalid> {
    match fields.optional_string("method")? {
        Some(method) if method.is_empty() || !method.chars().all(|c| c.is_ascii_alphabetic()) => {
            Err(fields.invalid("method", "must be an HTTP method"))
        }
        method => Ok(method.map(str::to_ascii_uppercase)),
    }
}

fn read_path(fields: &Fields<'_>) -> Result<Option<String>, Invalid> {
    match fields.optional_string("path")? {
        Some(path) if !path.starts_with('/') || path.contains(['?', '#']) => {
            Err(fields.invalid("path", "must be the path of a URL, such as /disconnect"))
        }
        Some(path) if path.starts_with("/__emulator") => {
            Err(fields.invalid("path", "must be one of Finch's: the control API has no faults"))
        }
        path => Ok(path.map(str::to_owned)),
    }
}

fn read_times(fields: &Fields<'_>) -> Result<u32, Invalid> {
    let times = u32::try_from(fields.count("times")?.unwrap_or(1)).ok();
    times.filter(|times| *times > 0).ok_or_else(|| fields.invalid("times", "must be 1 or more"))
}

fn read_delay(fields: &Fields<'_>) -> Result<Duration, Invalid> {
    match fields.count("delay_ms")?.unwrap_or(0) {
        delay if delay <= LONGEST_DELAY => Ok(Duration::from_millis(delay)),
        _ => Err(fields.invalid("delay_ms", format!("must be at most {LONGEST_DELAY}"))),
    }
}

/// A fault as it would be queued.
pub(crate) fn to_json(fault: &Fault) -> Value {
    let mut value = json!({ "times": fault.times });
    if let Some(method) = &fault.method {
        value["method"] = method.clone().into();
    }
    if let Some(path) = &fault.path {
        value["path"] = path.clone().into();
    }
    if !fault.delay.is_zero() || fault.kind == FaultKind::Delay {
        value["delay_ms"] = u64::try_from(fault.delay.as_millis()).unwrap_or(u64::MAX).into();
    }
    match &fault.kind {
        FaultKind::Delay => {}
        FaultKind::Answer { status, body, headers, after_effect } => {
            value["status"] = (*status).into();
            value["after_effect"] = (*after_effect).into();
            if let Some(body) = body {
                value["body"] = body.clone();
            }
            for (name, text) in headers {
                value["headers"][name] = text.clone().into();
            }
        }
        FaultKind::RateLimit { retry_after: Some(seconds) } => {
            value["rate_limit"] = json!({ "retry_after": seconds });
        }
        FaultKind::RateLimit { retry_after: None } => value["rate_limit"] = json!({}),
        FaultKind::DropBeforeEffect => value["drop"] = DROP_BEFORE.into(),
        FaultKind::DropAfterEffect => value["drop"] = DROP_AFTER.into(),
        FaultKind::Garbage { after_effect } => {
            value["garbage"] = true.into();
            value["after_effect"] = (*after_effect).into();
        }
        FaultKind::Omit(fields) => value["omit"] = fields.clone().into(),
    }
    value
}
