//! The control API, under `/__emulator/`.

pub(crate) mod webhooks;

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Login,
    fault::{from_json, to_json},
    http::{self, AbsoluteUrl, ApiError, Invalid, Names, Request, Response, Text, success},
    service::Service,
    world::{Clock, Status},
};

#[derive(Deserialize)]
struct NewCode {
    user: Text,
    provider: Text,
    company: Text,
    credentials: Text,
    entities: Option<Names>,
    products: Option<Names>,
    redirect_uri: Option<AbsoluteUrl>,
    customer_id: Option<Text>,
}

#[derive(Deserialize)]
struct ConnectionId {
    connection_id: Text,
}

#[derive(Deserialize)]
struct NewStatus {
    status: Status,
}

#[derive(Deserialize)]
struct Advance {
    advance_seconds: f64,
}

/// `POST /__emulator/codes`: issues a code for a login.
pub(crate) fn issue_code(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let new: NewCode = request.json()?;
    let login = Login {
        user: new.user.0,
        provider: new.provider.0,
        company: new.company.0,
        entities: new.entities.unwrap_or_default().0,
        credentials: new.credentials.0,
        products: new.products.map(|products| products.0),
        redirect_uri: new.redirect_uri.map(|uri| uri.0),
        customer_id: new.customer_id.map(|id| id.0),
    };
    let code = service.world.issue_code(login.into());
    Ok(http::ok(&json!({ "code": code })))
}

/// `GET /__emulator/state`
pub(crate) fn state(service: &mut Service, _: &Request) -> Result<Response, ApiError> {
    Ok(http::ok(&service.state()))
}

/// `POST /__emulator/faults`: queues one fault or an array of them.
pub(crate) fn queue_faults(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let faults = from_json(request.value()?)?;
    let queued = faults.len();
    service.faults.push_all(faults)?;
    Ok(http::json(StatusCode::CREATED, &json!({ "queued": queued })))
}

/// `GET /__emulator/faults`
pub(crate) fn list_faults(service: &mut Service, _: &Request) -> Result<Response, ApiError> {
    let faults: Vec<Value> = service.faults.waiting().iter().map(to_json).collect();
    Ok(http::ok(&faults))
}

/// `DELETE /__emulator/faults`
pub(crate) fn clear_faults(service: &mut Service, _: &Request) -> Result<Response, ApiError> {
    service.faults.clear();
    Ok(success())
}

/// `POST /__emulator/disconnect`: ends a connection, as a person does in Finch's dashboard.
pub(crate) fn disconnect(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let id = live_connection(service, request)?;
    service.world.disconnect(id);
    Ok(success())
}

/// `POST /__emulator/status`: sets the status of a live connection, as a provider does.
pub(crate) fn set_status(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let NewStatus { status } = request.json()?;
    let id = live_connection(service, request)?;
    service.world.set_status(id, status);
    Ok(success())
}

fn live_connection(service: &Service, request: &Request) -> Result<Uuid, Invalid> {
    let ConnectionId { connection_id } = request.json()?;
    let live = service.world.live_id(&connection_id.0);
    live.ok_or_else(|| Invalid::new("connection_id", "must be the id of a live connection"))
}

/// `GET /__emulator/calls`: the last 100 requests to Finch's endpoints, oldest first.
pub(crate) fn recent_calls(service: &mut Service, _: &Request) -> Result<Response, ApiError> {
    Ok(http::ok(&service.recent_calls()))
}

/// `POST /__emulator/clock`: advances the clock.
pub(crate) fn advance_clock(
    service: &mut Service,
    request: &Request,
) -> Result<Response, ApiError> {
    let Advance { advance_seconds } = request.json()?;
    let limit = Clock::LIMIT.as_secs_f64();
    if !(0.0..=limit).contains(&advance_seconds) {
        let rule = format!("must be from 0 to {limit}");
        return Err(Invalid::new("advance_seconds", rule).into());
    }
    service.advance(Duration::from_secs_f64(advance_seconds));
    let clock = &service.world.clock;
    Ok(http::ok(&json!({ "now": clock.date(clock.now()) })))
}

/// `POST /__emulator/reset`: starts again. With a seed, the same ids come again.
pub(crate) fn reset(service: &mut Service, _: &Request) -> Result<Response, ApiError> {
    service.reset();
    Ok(success())
}
