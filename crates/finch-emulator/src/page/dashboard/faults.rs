//! Faults to choose from, and those that wait.

use serde_json::{Map, Value, json};

use super::SHOWN;
use crate::{
    FinchError,
    call::Call,
    fault::{self, Fault, FaultQueue},
    fields::Invalid,
    world::World,
};

/// Faults that belong together in the list.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) choices: Vec<Choice>,
}

/// A fault by its name, and as the control API would be told.
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) fault: String,
}

/// A fault that was written as JSON and not taken, to be written again.
pub(super) struct Written {
    pub(super) json: String,
    /// What is wrong with it.
    pub(super) problem: String,
}

/// A fault that waits for its calls.
pub(super) struct WaitingFault {
    pub(super) at: usize,
    pub(super) fault: String,
}

pub(super) fn groups() -> Vec<Group> {
    let choice =
        |(name, fault): (&str, Value)| Choice { name: name.to_owned(), fault: fault.to_string() };
    let group = |name, choices: Vec<(&str, Value)>| Group {
        name,
        choices: choices.into_iter().map(choice).collect(),
    };
    let errors = FinchError::ALL.iter().map(|error| Choice {
        name: format!("{} {}", error.status_code().as_u16(), error.as_str()),
        fault: json!({ "error": error.as_str() }).to_string(),
    });
    vec![
        group(
            "An answer that does not come",
            vec![
                ("Dropped before it takes effect", json!({ "drop": "before_effect" })),
                ("Dropped after it took effect", json!({ "drop": "after_effect" })),
                ("Cut off after 120 bytes", json!({ "cut": 120 })),
                ("Late by two seconds", json!({ "delay_ms": 2000 })),
            ],
        ),
        group(
            "Another answer",
            vec![
                ("500, without effect", json!({ "status": 500 })),
                ("503, without effect", json!({ "status": 503 })),
                ("502, though it took effect", json!({ "status": 502, "after_effect": true })),
                (
                    "504, and it takes effect a minute later",
                    json!({ "status": 504, "late_seconds": 60 }),
                ),
                ("429 without Retry-After", json!({ "rate_limit": {} })),
                ("429, Retry-After 2", json!({ "rate_limit": { "retry_after": 2 } })),
                ("200 with half a page of HTML", json!({ "garbage": true })),
                ("Success, and no effect", json!({ "lie": true })),
                ("Without company_id", json!({ "omit": ["company_id"] })),
            ],
        ),
        Group { name: "An error of Finch’s", choices: errors.collect() },
    ]
}

/// What a fault may look like.
pub(super) const EXAMPLE: &str = r#"{"path": "/disconnect", "status": 504, "late_seconds": 360}"#;

pub(super) fn waiting(world: &World) -> Vec<WaitingFault> {
    let faults = world.faults.waiting().take(SHOWN).enumerate();
    faults.map(|(at, fault)| WaitingFault { at, fault: as_text(fault) }).collect()
}

pub(super) fn as_text(fault: &Fault) -> String {
    fault::to_json(fault).to_string()
}

/// The faults that a form describes: chosen from the list, or written.
pub(super) fn read(call: &Call, room: usize) -> Result<Vec<Fault>, Invalid> {
    let text = call.form("fault").unwrap_or_default();
    let mut value: Value = serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Invalid::body(format!("is not JSON: it breaks at line {line}, column {column}"))
    })?;
    if let Value::Object(fault) = &mut value {
        complete(fault, call)?;
    }
    let faults = fault::one_or_many(&value)?;
    if faults.len() > room {
        let rule = format!("has more faults than can wait: {} at most", FaultQueue::LIMIT);
        return Err(Invalid::body(rule));
    }
    Ok(faults)
}

/// What stands in the form for writing one: the list's form has a path beside it.
pub(super) fn written(call: &Call, problem: &str) -> Option<Written> {
    let json = call.form("fault").filter(|_| call.form("path").is_none());
    json.map(|json| Written { json, problem: problem.to_owned() })
}

/// Adds what the form says beside the fault itself.
fn complete(fault: &mut Map<String, Value>, call: &Call) -> Result<(), Invalid> {
    let field = |name| call.form(name).filter(|text| !text.trim().is_empty());
    if let Some(path) = field("path") {
        fault.insert("path".to_owned(), path.into());
    }
    if let Some(times) = field("times") {
        let times = times.trim().parse::<u64>();
        let times = times.map_err(|_| Invalid::new("times", "must be a whole number"))?;
        fault.insert("times".to_owned(), times.into());
    }
    Ok(())
}
