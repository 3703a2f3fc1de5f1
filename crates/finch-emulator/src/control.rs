//! The emulator's own endpoints, under `/__emulator/`.

pub(crate) mod webhooks;

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::{
    Login,
    answer::{self, Answer},
    call::Call,
    clock::Clock,
    fault::{self, FaultQueue},
    fields::{Fields, Invalid},
    refusal::Refusal,
    world::{Status, World},
};

/// `POST /__emulator/codes`: this person logged in at that provider for that company.
pub(crate) fn issue_code(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    let login = Login {
        user: fields.text("user")?.to_owned(),
        provider: fields.text("provider")?.to_owned(),
        company: fields.text("company")?.to_owned(),
        entities: fields.strings("entities")?.unwrap_or_default(),
        credentials: fields.text("credentials")?.to_owned(),
        products: fields.strings("products")?,
        redirect_uri: fields.url("redirect_uri")?.map(str::to_owned),
        customer_id: fields.optional_text("customer_id")?.map(str::to_owned),
    };
    let code = world.issue_code(login.into());
    Ok(answer::ok(&json!({ "code": code })))
}

/// `GET /__emulator/state`: connections, tokens, faults and counts, and no secret.
pub(crate) fn state(world: &mut World, _: &Call) -> Result<Answer, Refusal> {
    Ok(answer::ok(&world.state()))
}

/// `POST /__emulator/faults`: queues one fault, or an array of them.
pub(crate) fn queue_faults(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let faults = fault::one_or_many(&call.json()?)?;
    if faults.len() > world.faults.room() {
        let rule = format!("has too many faults: {} can wait", FaultQueue::LIMIT);
        return Err(Invalid::body(rule).into());
    }
    let queued = faults.len();
    faults.into_iter().for_each(|fault| world.faults.push(fault));
    Ok(answer::json(StatusCode::CREATED, &json!({ "queued": queued })))
}

/// `GET /__emulator/faults`: the faults that wait for their calls.
pub(crate) fn list_faults(world: &mut World, _: &Call) -> Result<Answer, Refusal> {
    let faults: Vec<Value> = world.faults.waiting().map(fault::to_json).collect();
    Ok(answer::ok(&faults))
}

/// `DELETE /__emulator/faults`: drops them.
pub(crate) fn clear_faults(world: &mut World, _: &Call) -> Result<Answer, Refusal> {
    world.faults.clear();
    Ok(success())
}

/// `POST /__emulator/disconnect`: somebody ends a connection in Finch's dashboard.
pub(crate) fn end_connection(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    if world.end_in_dashboard(fields.text("connection_id")?) {
        return Ok(success());
    }
    Err(fields.invalid("connection_id", "is none of a live connection").into())
}

/// `POST /__emulator/status`: a provider changes the status of a live connection.
pub(crate) fn set_status(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    let status = fields
        .one_of("status", &Status::SETTABLE, Status::as_str)?
        .ok_or_else(|| fields.invalid("status", "is required"))?;
    if world.set_status_by_name(fields.text("connection_id")?, status.as_str()) {
        return Ok(success());
    }
    Err(fields.invalid("connection_id", "is none of a live connection").into())
}

/// `GET /__emulator/calls`: the last 100 calls of Finch's, oldest first.
pub(crate) fn recent_calls(world: &mut World, _: &Call) -> Result<Answer, Refusal> {
    Ok(answer::ok(&world.recent_calls()))
}

/// `POST /__emulator/clock`: moves the clock on.
pub(crate) fn advance_clock(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    let seconds = fields
        .number("advance_seconds")?
        .ok_or_else(|| fields.invalid("advance_seconds", "is required"))?;
    let most = Clock::LIMIT.as_secs_f64();
    if !(0.0..=most).contains(&seconds) {
        return Err(fields.invalid("advance_seconds", format!("must be from 0 to {most}")).into());
    }
    world.advance(Duration::from_secs_f64(seconds));
    Ok(answer::ok(&json!({ "now": world.clock.timestamp() })))
}

/// `POST /__emulator/reset`: forgets everything; with a seed, all ids come again.
pub(crate) fn reset(world: &mut World, _: &Call) -> Result<Answer, Refusal> {
    world.reset();
    Ok(success())
}

fn success() -> Answer {
    answer::ok(&json!({ "status": "success" }))
}
