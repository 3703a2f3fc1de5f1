//! Faults as JSON.

use std::{
    num::{NonZeroI64, NonZeroU32, NonZeroUsize},
    time::Duration,
};

use hyper::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Effect, Fault, FaultKind, Then};
use crate::{
    FinchError,
    http::{Invalid, Names, checked, from_value},
};

/// A fault in the control API: which requests it affects, one kind of fault, and details of some kinds.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultJson {
    method: Option<String>,
    path: Option<String>,
    times: Option<NonZeroU32>,

    delay_ms: Option<Milliseconds>,
    status: Option<u16>,
    error: Option<FinchError>,
    rate_limit: Option<RateLimit>,
    drop: Option<Drop>,
    lie: Option<bool>,
    garbage: Option<bool>,
    omit: Option<Names>,
    cut: Option<usize>,
    trickle: Option<Trickle>,
    length_off_by: Option<NonZeroI64>,
    endless: Option<bool>,

    body: Option<Value>,
    headers: Option<Map<String, Value>>,
    context: Option<Value>,
    then: Option<Then>,
    after_effect: Option<bool>,
    late_seconds: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct RateLimit {
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Drop {
    BeforeEffect,
    AfterEffect,
}

#[derive(Serialize, Deserialize)]
struct Trickle {
    bytes: Option<NonZeroUsize>,
    pause_ms: Milliseconds,
}

checked!(
    /// Up to ten minutes.
    #[derive(Serialize)]
    Milliseconds(u64),
    |milliseconds| *milliseconds <= 600_000,
    "must be at most 600000"
);

impl Milliseconds {
    fn duration(&self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<Duration> for Milliseconds {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

/// One fault or an array of them.
pub(crate) fn from_json(value: Value) -> Result<Vec<Fault>, Invalid> {
    let one = |value: Value| match value {
        Value::Object(_) => from_value::<FaultJson>(value)?.into_fault(),
        _ => Err(Invalid::body("must be an array of faults: each must be an object")),
    };
    match value {
        Value::Object(_) => Ok(vec![one(value)?]),
        Value::Array(items) => items.into_iter().map(one).collect(),
        _ => Err(Invalid::body("must be a fault (a JSON object) or an array of faults")),
    }
}

/// A fault as it can be queued.
pub(crate) fn to_json(fault: &Fault) -> Value {
    // Our own type with string keys always serializes.
    let mut value = serde_json::to_value(FaultJson::from(fault)).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

impl FaultJson {
    fn into_fault(self) -> Result<Fault, Invalid> {
        let (word, kind) = self.kind()?;
        // A detail that this kind ignores is a mistake.
        let details: &[&str] = match word {
            "delay_ms" => &[],
            "drop" | "lie" => &["late_seconds"],
            "status" => &["body", "headers", "after_effect", "late_seconds"],
            "error" => &["context", "after_effect", "late_seconds"],
            "cut" => &["then", "after_effect", "late_seconds"],
            _ => &["after_effect", "late_seconds"],
        };
        for (name, given) in [
            ("body", self.body.is_some()),
            ("headers", self.headers.is_some()),
            ("context", self.context.is_some()),
            ("then", self.then.is_some()),
            ("after_effect", self.after_effect.is_some()),
            ("late_seconds", self.late_seconds.is_some()),
        ] {
            if given && !details.contains(&name) {
                return Err(Invalid::new(name, format!("does not go with `{word}`")));
            }
        }
        Ok(Fault {
            effect: self.effect(&kind)?,
            method: method(self.method)?,
            path: path(self.path)?,
            times: self.times.map_or(1, NonZeroU32::get),
            delay: self.delay_ms.map_or(Duration::ZERO, |delay| delay.duration()),
            kind,
        })
    }

    /// The one kind of fault, and the field that names it.
    fn kind(&self) -> Result<(&'static str, FaultKind), Invalid> {
        if self.status.is_some_and(|status| !(200..600).contains(&status)) {
            return Err(Invalid::new("status", "must be from 200 to 599"));
        }
        for (name, value) in
            [("lie", self.lie), ("garbage", self.garbage), ("endless", self.endless)]
        {
            if value == Some(false) {
                return Err(Invalid::new(name, "must be true, or be left out"));
            }
        }
        let headers = headers(self.headers.as_ref())?;
        if self.context.as_ref().is_some_and(|context| !context.is_object()) {
            return Err(Invalid::new("context", "must be an object"));
        }
        let kinds = [
            self.status.map(|status| {
                ("status", FaultKind::Answer { status, body: self.body.clone(), headers })
            }),
            self.error
                .map(|error| ("error", FaultKind::Error { error, context: self.context.clone() })),
            self.rate_limit.as_ref().map(|limit| {
                ("rate_limit", FaultKind::RateLimit { retry_after: limit.retry_after })
            }),
            self.drop.map(|_| ("drop", FaultKind::Drop)),
            self.lie.map(|_| ("lie", FaultKind::FinchsOwn)),
            self.garbage.map(|_| ("garbage", FaultKind::Garbage)),
            self.omit.as_ref().map(|names| ("omit", FaultKind::Omit(names.0.clone()))),
            self.cut.map(|at| ("cut", FaultKind::Cut { at, then: self.then.unwrap_or_default() })),
            self.trickle.as_ref().map(|trickle| {
                let bytes = trickle.bytes.map_or(1, NonZeroUsize::get);
                ("trickle", FaultKind::Trickle { bytes, pause: trickle.pause_ms.duration() })
            }),
            self.length_off_by.map(|bytes| ("length_off_by", FaultKind::LengthOffBy(bytes.get()))),
            self.endless.map(|_| ("endless", FaultKind::Endless)),
        ];
        let mut kinds = kinds.into_iter().flatten();
        match (kinds.next(), kinds.next()) {
            (Some(kind), None) => Ok(kind),
            (Some((first, _)), Some((second, _))) => {
                Err(Invalid::new(second, format!("does not go with `{first}`: choose one")))
            }
            (None, _) if self.delay_ms.is_some() => Ok(("delay_ms", FaultKind::FinchsOwn)),
            (None, _) => Err(Invalid::body(
                "does not say what goes wrong: add one of `delay_ms`, `status`, `error`, \
                 `rate_limit`, `drop`, `lie`, `garbage`, `omit`, `cut`, `trickle`, \
                 `length_off_by`, `endless`",
            )),
        }
    }

    fn effect(&self, kind: &FaultKind) -> Result<Effect, Invalid> {
        let after_effect = match (self.lie, self.drop) {
            (Some(_), _) => Some(false),
            (_, Some(drop)) => Some(drop == Drop::AfterEffect),
            _ => self.after_effect,
        };
        let latest = Effect::LATEST.as_secs();
        match (self.late_seconds, after_effect) {
            (Some(_), Some(true)) => {
                let rule = "does not go with a response after the effect: choose one";
                Err(Invalid::new("late_seconds", rule))
            }
            (Some(late), _) if late == 0 || late > latest => {
                Err(Invalid::new("late_seconds", format!("must be from 1 to {latest}")))
            }
            (Some(late), _) => Ok(Effect::Late(Duration::from_secs(late))),
            (None, Some(true)) => Ok(Effect::AtOnce),
            (None, Some(false)) => Ok(Effect::Never),
            (None, None) => Ok(kind.default_effect()),
        }
    }
}

fn headers(given: Option<&Map<String, Value>>) -> Result<Vec<(String, String)>, Invalid> {
    let header = |(name, value): (&String, &Value)| {
        let value = value.as_str()?.to_owned();
        HeaderName::try_from(name).ok()?;
        HeaderValue::try_from(&value).ok()?;
        Some((name.clone(), value))
    };
    let headers = given.into_iter().flatten().map(header).collect::<Option<_>>();
    let rule = "must be an object of header names and strings";
    headers.ok_or_else(|| Invalid::new("headers", rule))
}

fn method(given: Option<String>) -> Result<Option<String>, Invalid> {
    match given {
        Some(method) if method.is_empty() || !method.chars().all(|c| c.is_ascii_alphabetic()) => {
            Err(Invalid::new("method", "must be an HTTP method"))
        }
        method => Ok(method.map(|method| method.to_ascii_uppercase())),
    }
}

fn path(path: Option<String>) -> Result<Option<String>, Invalid> {
    match path {
        Some(path) if !path.starts_with('/') || path.contains(['?', '#']) => {
            Err(Invalid::new("path", "must be the path of a URL, such as /disconnect"))
        }
        Some(path) if path.starts_with("/__emulator") => {
            Err(Invalid::new("path", "must be one of Finch's: the control API has no faults"))
        }
        path => Ok(path),
    }
}

impl From<&Fault> for FaultJson {
    fn from(fault: &Fault) -> Self {
        let at_once = fault.effect == Effect::AtOnce;
        let is_plain = fault.kind == FaultKind::FinchsOwn && at_once;
        let mut json = Self {
            method: fault.method.clone(),
            path: fault.path.clone(),
            times: NonZeroU32::new(fault.times),
            delay_ms: (is_plain || !fault.delay.is_zero()).then(|| fault.delay.into()),
            ..Self::default()
        };
        match &fault.kind {
            FaultKind::FinchsOwn => json.lie = (!at_once).then_some(true),
            FaultKind::Answer { status, body, headers } => {
                json.status = Some(*status);
                json.body = body.clone();
                json.headers = (!headers.is_empty()).then(|| {
                    headers.iter().map(|(name, text)| (name.clone(), text.clone().into())).collect()
                });
            }
            FaultKind::Error { error, context } => {
                json.error = Some(*error);
                json.context = context.clone();
            }
            FaultKind::RateLimit { retry_after } => {
                json.rate_limit = Some(RateLimit { retry_after: *retry_after });
            }
            FaultKind::Drop => {
                json.drop = Some(if at_once { Drop::AfterEffect } else { Drop::BeforeEffect });
            }
            FaultKind::Garbage => json.garbage = Some(true),
            FaultKind::Omit(fields) => json.omit = Some(Names(fields.clone())),
            FaultKind::Cut { at, then } => {
                json.cut = Some(*at);
                json.then = (*then != Then::default()).then_some(*then);
            }
            FaultKind::Trickle { bytes, pause } => {
                let bytes = NonZeroUsize::new(*bytes);
                json.trickle = Some(Trickle { bytes, pause_ms: (*pause).into() });
            }
            FaultKind::LengthOffBy(bytes) => json.length_off_by = NonZeroI64::new(*bytes),
            FaultKind::Endless => json.endless = Some(true),
        }
        match (&fault.kind, fault.effect) {
            (_, Effect::Late(by)) => json.late_seconds = Some(by.as_secs()),
            (FaultKind::FinchsOwn | FaultKind::Drop, _) => {}
            (kind, effect) if effect == kind.default_effect() => {}
            _ => json.after_effect = Some(at_once),
        }
        json
    }
}
