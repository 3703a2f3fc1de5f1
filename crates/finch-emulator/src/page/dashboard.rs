//! `GET /`: what there is, what came, and what can be played.

mod faults;
pub(crate) mod forms;
mod rows;

use askama::Template;
use hyper::StatusCode;

use super::{Rules, masked, page};
use crate::{
    DisconnectScope, ReceivedCall, WebhookDelivery,
    answer::Answer,
    call::Call,
    refusal::Refusal,
    world::{Status, World},
};
use faults::{Group, WaitingFault};
use rows::{ConnectionRow, TokenRow};

/// The most that is shown of anything.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    url: String,
    client_id: String,
    now: String,
    reach: &'static str,
    sessions: usize,
    codes: usize,
    done: Option<&'static str>,
    problem: Option<String>,
    connections: Vec<ConnectionRow>,
    connection_count: usize,
    tokens: Vec<TokenRow>,
    token_count: usize,
    faults: Vec<WaitingFault>,
    fault_count: usize,
    fault_paths: Vec<&'static str>,
    fault_groups: Vec<Group>,
    receiver: Option<Receiver>,
    suggestion: String,
    statuses: Vec<&'static str>,
    deliveries: Vec<WebhookDelivery>,
    calls: Vec<ReceivedCall>,
}

/// Who gets the webhooks.
struct Receiver {
    url: String,
    secrets: Vec<String>,
}

/// `GET /`
pub(crate) fn show(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let done = call.query("done");
    let done = done.and_then(|word| forms::DONE.iter().find(|(known, _)| *known == word));
    Ok(render(world, done.map(|(_, text)| *text), None))
}

/// The same, with what is wrong with a form.
fn refuse(world: &World, problem: String) -> Answer {
    render(world, None, Some(problem))
}

fn render(world: &World, done: Option<&'static str>, problem: Option<String>) -> Answer {
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let tokens = world.tokens();
    let connections = world.connections();
    let template = Dashboard {
        url: world.base_url.clone(),
        client_id: world.config.client_id.clone(),
        now: world.clock.timestamp(),
        reach: match world.config.disconnect_scope {
            DisconnectScope::Pair => "A disconnect ends all tokens of a provider and company",
            DisconnectScope::Connection => "A disconnect ends the tokens of one connection",
        },
        sessions: world.sessions_waiting(),
        codes: world.codes_waiting(),
        done,
        problem,
        connection_count: connections.len(),
        connections: rows::connections(&connections, &tokens),
        token_count: tokens.len(),
        tokens: tokens.iter().rev().take(SHOWN).map(TokenRow::of).collect(),
        faults: faults::waiting(world),
        fault_count: world.faults.waiting().count(),
        fault_paths: crate::routes::finchs_paths(),
        fault_groups: faults::groups(),
        receiver: world.outbox.target().map(|target| Receiver {
            url: target.url().to_string(),
            secrets: target.secrets().iter().map(|secret| masked(secret.written())).collect(),
        }),
        suggestion: world.suggested_secret(),
        statuses: statuses(),
        deliveries: world.webhook_deliveries().into_iter().rev().take(SHOWN).collect(),
        calls: world.recent_calls().into_iter().rev().collect(),
    };
    page(status, &template, &Rules::default())
}

/// What a webhook can say of a connection.
fn statuses() -> Vec<&'static str> {
    let settable = Status::SETTABLE.into_iter().chain([Status::Disconnected]);
    settable.map(Status::as_str).collect()
}
