//! The faults to choose from, and those written as JSON.

use serde_json::{Value, json};

use crate::{
    Fault, FinchError,
    fault::{from_json, to_json},
    finch::ENDPOINTS,
    http::{Invalid, Request, parse},
};

/// A group of choices.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) choices: Vec<Choice>,
}

/// A fault, as the control API takes it.
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) fault: Value,
}

/// A fault that was written as JSON and refused.
pub(super) struct Written {
    pub(super) json: String,
    pub(super) problem: String,
}

/// What the form for a fault in JSON contains at first.
pub(super) const EXAMPLE: &str = r#"{"path": "/disconnect", "status": 504, "late_seconds": 360}"#;

pub(super) fn groups() -> Vec<Group> {
    let choice = |(name, fault): (&str, Value)| Choice { name: name.to_owned(), fault };
    let lost = [
        ("Dropped before it takes effect", json!({ "drop": "before_effect" })),
        ("Dropped after it took effect", json!({ "drop": "after_effect" })),
        ("Cut off after 120 bytes", json!({ "cut": 120 })),
        ("Delayed by two seconds", json!({ "delay_ms": 2000 })),
    ];
    let other = [
        ("500, without effect", json!({ "status": 500 })),
        ("503, without effect", json!({ "status": 503 })),
        ("502, though it took effect", json!({ "status": 502, "after_effect": true })),
        ("504, and it takes effect a minute later", json!({ "status": 504, "late_seconds": 60 })),
        ("429 without Retry-After", json!({ "rate_limit": {} })),
        ("429, Retry-After 2", json!({ "rate_limit": { "retry_after": 2 } })),
        ("200 with half a page of HTML", json!({ "garbage": true })),
        ("Success, and no effect", json!({ "lie": true })),
        ("Without company_id", json!({ "omit": ["company_id"] })),
    ];
    let errors = FinchError::ALL.iter().map(|error| Choice {
        name: format!("{} {}", error.status(), error.as_str()),
        fault: json!({ "error": error }),
    });
    vec![
        Group { name: "No response, or not in time", choices: lost.map(choice).into() },
        Group { name: "Another response", choices: other.map(choice).into() },
        Group { name: "An error of Finch’s", choices: errors.collect() },
    ]
}

/// The paths of Finch's endpoints, each once.
pub(super) fn paths() -> Vec<&'static str> {
    let mut paths: Vec<_> = ENDPOINTS.iter().map(|(_, path, _)| *path).collect();
    paths.dedup();
    paths
}

pub(super) fn text(fault: &Fault) -> String {
    to_json(fault).to_string()
}

/// The faults that a form describes, chosen from the list or written.
pub(super) fn read(request: &Request) -> Result<Vec<Fault>, Invalid> {
    let mut fault = parse(request.form("fault").unwrap_or_default().as_bytes())?;
    let field = |name| request.form(name).filter(|text| !text.trim().is_empty());
    if fault.is_object() {
        if let Some(path) = field("path") {
            fault["path"] = path.into();
        }
        if let Some(times) = field("times") {
            let times = times.trim().parse::<u64>();
            let times = times.map_err(|_| Invalid::new("times", "must be a whole number"))?;
            fault["times"] = times.into();
        }
    }
    from_json(fault)
}

/// The JSON in the form for writing one. The form with the list has a path beside it.
pub(super) fn written(request: &Request) -> Option<String> {
    request.form("fault").filter(|_| request.form("path").is_none())
}
