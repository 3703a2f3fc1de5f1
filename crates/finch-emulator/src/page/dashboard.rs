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
use faults::{Group, WaitingFault, Written};
use rows::{ConnectionRow, TokenRow};

/// The most that is shown of anything.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    url: String,
    client_id: String,
    application: String,
    now: String,
    reach: &'static str,
    sessions: usize,
    codes: usize,
    /// The section in which something was done, and what.
    done: Option<(&'static str, &'static str)>,
    problem: Option<String>,
    written: Option<Written>,
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

impl Dashboard {
    /// What was done in a section.
    fn done_in(&self, section: &str) -> Option<&'static str> {
        self.done.filter(|(at, _)| *at == section).map(|(_, text)| text)
    }
}

/// Who gets the webhooks.
struct Receiver {
    url: String,
    secrets: Vec<String>,
}

/// `GET /`
pub(crate) fn show(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let done = call.query("done");
    let done = done.and_then(|word| forms::DONE.iter().find(|(known, ..)| *known == word));
    let done = done.map(|(_, section, text)| (*section, *text));
    Ok(render(world, Said { done, ..Said::default() }))
}

/// The same, with what is wrong with a form.
fn refuse(world: &World, problem: String) -> Answer {
    render(world, Said { problem: Some(problem), ..Said::default() })
}

/// The same for a fault that was written as JSON: it stands there still.
fn refuse_written(world: &World, written: Written) -> Answer {
    render(world, Said { written: Some(written), ..Said::default() })
}

/// What the page says of the form that led to it.
#[derive(Default)]
struct Said {
    done: Option<(&'static str, &'static str)>,
    problem: Option<String>,
    written: Option<Written>,
}

fn render(world: &World, said: Said) -> Answer {
    let Said { done, problem, written } = said;
    let refused = problem.is_some() || written.is_some();
    let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let tokens = world.tokens();
    let connections = world.connections();
    let template = Dashboard {
        url: world.base_url.clone(),
        client_id: world.config.client_id.clone(),
        application: world.config.application.clone(),
        now: world.clock.timestamp(),
        reach: match world.config.disconnect_scope {
            DisconnectScope::Pair => "A disconnect ends all tokens of a provider and company",
            DisconnectScope::Connection => "A disconnect ends the tokens of one connection",
        },
        sessions: world.sessions_waiting(),
        codes: world.codes_waiting(),
        done,
        problem,
        written,
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
