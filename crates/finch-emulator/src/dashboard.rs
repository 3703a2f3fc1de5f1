//! `GET /`: the state, and forms that change it.

pub(crate) mod assets;
mod faults;
pub(crate) mod forms;
mod rows;

use askama::Template;
use hyper::StatusCode;

use crate::{
    DisconnectScope, ReceivedCall, WebhookDelivery, finch,
    http::{ApiError, PagePolicy, Request, Response, page},
    service::Service,
    world::Status,
};
use faults::{Group, Written};
use rows::{ConnectionRow, TokenRow, masked};

/// The maximum length of each list.
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
    notice: Notice,
    connections: Vec<ConnectionRow>,
    connection_count: usize,
    tokens: Vec<TokenRow>,
    token_count: usize,
    faults: Vec<String>,
    fault_count: usize,
    fault_paths: Vec<&'static str>,
    fault_groups: Vec<Group>,
    receiver: Option<Receiver>,
    suggestion: String,
    statuses: [&'static str; Status::ALL.len()],
    deliveries: Vec<WebhookDelivery>,
    calls: Vec<ReceivedCall>,
}

/// What the page says about the form that led to it.
#[derive(Default)]
enum Notice {
    #[default]
    None,
    Done(&'static forms::Done),
    Problem(String),
    /// A fault that was written as JSON and refused, to be corrected.
    Written(Written),
}

impl Notice {
    /// The text about a form of this section.
    fn done_in(&self, section: &str) -> Option<&'static str> {
        match self {
            Self::Done(done) if done.section == section => Some(done.text),
            _ => None,
        }
    }

    fn problem(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    fn written(&self) -> Option<&Written> {
        match self {
            Self::Written(written) => Some(written),
            _ => None,
        }
    }
}

/// The receiver of webhooks, with its secrets masked.
struct Receiver {
    url: String,
    secrets: Vec<String>,
}

/// `GET /`
pub(crate) fn show(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let word = request.query("done");
    let done = word.and_then(|word| forms::DONE.iter().find(|done| done.word == word));
    Ok(render(service, done.map_or(Notice::None, Notice::Done)))
}

fn render(service: &Service, notice: Notice) -> Response {
    let status = match notice {
        Notice::None | Notice::Done(_) => StatusCode::OK,
        Notice::Problem(_) | Notice::Written(_) => StatusCode::BAD_REQUEST,
    };
    let world = &service.world;
    let tokens = world.tokens();
    let connections = world.connections();
    let mut fault_paths: Vec<_> = finch::ENDPOINTS.iter().map(|(_, path, _)| *path).collect();
    fault_paths.dedup();
    let dashboard = Dashboard {
        url: world.base_url.clone(),
        client_id: world.config.client_id.clone(),
        application: world.config.application.clone(),
        now: world.clock.date(world.clock.now()),
        reach: match world.config.disconnect_scope {
            DisconnectScope::Pair => "A disconnect ends all tokens of a provider and company",
            DisconnectScope::Connection => "A disconnect ends the tokens of one connection",
        },
        sessions: world.sessions_waiting(),
        codes: world.codes_waiting(),
        notice,
        connection_count: connections.len(),
        connections: rows::connections(&connections, &tokens),
        token_count: tokens.len(),
        tokens: tokens.iter().rev().take(SHOWN).map(TokenRow::from).collect(),
        faults: service.faults.waiting().iter().take(SHOWN).map(faults::text).collect(),
        fault_count: service.faults.waiting().len(),
        fault_paths,
        fault_groups: faults::groups(),
        receiver: world.outbox.target().map(|target| Receiver {
            url: target.url().to_string(),
            secrets: target.secrets().iter().map(|secret| masked(secret.base64())).collect(),
        }),
        suggestion: world.suggested_secret(),
        statuses: Status::ALL.map(Status::as_str),
        deliveries: world.webhook_deliveries().into_iter().rev().take(SHOWN).collect(),
        calls: service.recent_calls().into_iter().rev().collect(),
    };
    page(status, &dashboard, &PagePolicy::default())
}
