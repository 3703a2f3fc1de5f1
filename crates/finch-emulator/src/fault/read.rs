//! Faults as JSON: reading them, with a complaint that helps.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::{Effect, Fault, FaultKind, Then};
use crate::{
    FinchError,
    fields::{Fields, Invalid},
};

const WHERE: [&str; 3] = ["method", "path", "times"];
const KINDS: [&str; 12] = [
    "delay_ms",
    "status",
    "error",
    "rate_limit",
    "drop",
    "lie",
    "garbage",
    "omit",
    "cut",
    "trickle",
    "length_off_by",
    "endless",
];
/// What goes with some kinds only.
const DETAILS: [&str; 6] = ["body", "headers", "context", "then", "after_effect", "late_seconds"];

pub(super) const DROP_BEFORE: &str = "before_effect";
pub(super) const DROP_AFTER: &str = "after_effect";

/// The longest that a call is held up, and that a piece of an answer is: ten minutes.
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
    let (word, kind) = match named.as_slice() {
        [] if fields.get("delay_ms").is_some() => ("delay_ms", FaultKind::FinchsOwn),
        [] => {
            return Err(Invalid::body(format!("does not say what goes wrong: {}", help())));
        }
        [kind] => (**kind, read_kind(kind, &fields)?),
        [_, second, ..] => return Err(fields.invalid(second, "is one kind of fault too many")),
    };
    // A detail that this kind would ignore is a mistake of the writer's.
    if let Some(stray) =
        DETAILS.iter().find(|name| fields.get(name).is_some() && !details(word).contains(name))
    {
        return Err(fields.invalid(stray, "does not go with this kind of fault"));
    }
    Ok(Fault {
        method: read_method(&fields)?,
        path: read_path(&fields)?,
        times: read_times(&fields)?,
        delay: Duration::from_millis(read_milliseconds(&fields, "delay_ms")?.unwrap_or(0)),
        effect: read_effect(word, &kind, &fields)?,
        kind,
    })
}

fn is_known(name: &str) -> bool {
    WHERE.contains(&name) || KINDS.contains(&name) || DETAILS.contains(&name)
}

/// The details that go with a kind.
fn details(kind: &str) -> &'static [&'static str] {
    match kind {
        "delay_ms" => &[],
        "drop" | "lie" => &["late_seconds"],
        "status" => &["body", "headers", "after_effect", "late_seconds"],
        "error" => &["context", "after_effect", "late_seconds"],
        "cut" => &["then", "after_effect", "late_seconds"],
        _ => &["after_effect", "late_seconds"],
    }
}

fn help() -> String {
    format!(
        "a fault has {} to say which calls it hits, and one of {} to say what happens (`delay_ms` \
         alone or with another); `body` and `headers` go with `status`, `context` with `error`, \
         `then` with `cut`, `after_effect` and `late_seconds` with most",
        quoted(&WHERE),
        quoted(&KINDS),
    )
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn read_kind(kind: &str, fields: &Fields<'_>) -> Result<FaultKind, Invalid> {
    Ok(match kind {
        "status" => FaultKind::Answer {
            status: read_status(fields)?,
            body: fields.get("body").cloned(),
            headers: read_headers(fields)?,
        },
        "error" => FaultKind::Error {
            error: fields
                .one_of("error", FinchError::ALL, FinchError::as_str)?
                .ok_or_else(|| fields.invalid("error", "is required"))?,
            context: fields.object("context", "")?.and_then(|_| fields.get("context").cloned()),
        },
        "rate_limit" => {
            let inner = fields.object("rate_limit", "rate_limit.")?;
            let retry_after = inner.map(|inner| inner.count("retry_after")).transpose()?.flatten();
            FaultKind::RateLimit { retry_after }
        }
        "drop" => {
            fields.one_of("drop", &[DROP_BEFORE, DROP_AFTER], |word| word)?;
            FaultKind::Drop
        }
        "lie" => {
            only_true(fields, "lie")?;
            FaultKind::FinchsOwn
        }
        "garbage" => {
            only_true(fields, "garbage")?;
            FaultKind::Garbage
        }
        "cut" => FaultKind::Cut {
            at: size(fields, "cut")?,
            then: fields.one_of("then", &Then::ALL, Then::as_str)?.unwrap_or_default(),
        },
        "trickle" => read_trickle(fields)?,
        "length_off_by" => FaultKind::LengthOffBy(read_length(fields)?),
        "endless" => {
            only_true(fields, "endless")?;
            FaultKind::Endless
        }
        _ => FaultKind::Omit(fields.strings("omit")?.unwrap_or_default()),
    })
}

fn read_effect(word: &str, kind: &FaultKind, fields: &Fields<'_>) -> Result<Effect, Invalid> {
    let after_effect = match word {
        "lie" => Some(false),
        "drop" => Some(fields.get("drop").and_then(Value::as_str) == Some(DROP_AFTER)),
        _ => fields.boolean("after_effect")?,
    };
    let late = fields.count("late_seconds")?.map(Duration::from_secs);
    match (late, after_effect) {
        (Some(_), Some(true)) => {
            let rule = "does not go with an answer after the effect: it is one or the other";
            Err(fields.invalid("late_seconds", rule))
        }
        (Some(late), _) if late.is_zero() || late > Effect::LATEST => {
            let rule = format!("must be from 1 to {}", Effect::LATEST.as_secs());
            Err(fields.invalid("late_seconds", rule))
        }
        (Some(late), _) => Ok(Effect::Late(late)),
        (None, Some(true)) => Ok(Effect::AtOnce),
        (None, Some(false)) => Ok(Effect::Never),
        (None, None) => Ok(kind.usual_effect()),
    }
}

fn read_trickle(fields: &Fields<'_>) -> Result<FaultKind, Invalid> {
    let Some(trickle) = fields.object("trickle", "trickle.")? else {
        return Err(fields.invalid("trickle", "is required"));
    };
    let bytes = if trickle.get("bytes").is_some() { size(&trickle, "bytes")? } else { 1 };
    if bytes == 0 {
        return Err(trickle.invalid("bytes", "must be 1 or more"));
    }
    let pause = read_milliseconds(&trickle, "pause_ms")?
        .ok_or_else(|| trickle.invalid("pause_ms", "is required"))?;
    Ok(FaultKind::Trickle { bytes, pause: Duration::from_millis(pause) })
}

fn read_length(fields: &Fields<'_>) -> Result<i64, Invalid> {
    let bytes = fields.get("length_off_by").and_then(Value::as_i64);
    bytes.filter(|bytes| *bytes != 0).ok_or_else(|| {
        let rule = "must be a whole number other than 0: more for too long, less for too short";
        fields.invalid("length_off_by", rule)
    })
}

fn only_true(fields: &Fields<'_>, name: &str) -> Result<(), Invalid> {
    match fields.boolean(name)? {
        Some(true) => Ok(()),
        _ => Err(fields.invalid(name, "must be true, or be left out")),
    }
}

fn size(fields: &Fields<'_>, name: &str) -> Result<usize, Invalid> {
    let size = fields.count(name)?.and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| fields.invalid(name, "must be a whole number, 0 or more"))
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

fn read_milliseconds(fields: &Fields<'_>, name: &str) -> Result<Option<u64>, Invalid> {
    match fields.count(name)? {
        Some(longer) if longer > LONGEST_DELAY => {
            Err(fields.invalid(name, format!("must be at most {LONGEST_DELAY}")))
        }
        given => Ok(given),
    }
}
