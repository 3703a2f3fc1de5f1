//! `GET /`: the state, and forms that change it.

pub(crate) mod assets;
mod faults;
pub(crate) mod forms;

use std::collections::{HashMap, VecDeque};

use askama::Template;
use hyper::StatusCode;
use uuid::Uuid;

use crate::{
    DisconnectScope, Fault, ReceivedCall, WebhookDelivery,
    http::{ApiError, PagePolicy, Request, Response, page},
    service::Service,
    world::{Connection, Status, Token, World},
};
use faults::Written;

/// The maximum length of each list.
const SHOWN: usize = 100;

/// The page. Lists have the newest first, except for faults.
#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard<'a> {
    world: &'a World,
    notice: Notice,
    connections: Vec<&'a Connection>,
    /// The customer of each connection's newest token that has one.
    customers: HashMap<Uuid, &'a str>,
    tokens: Vec<(&'a str, &'a Token)>,
    faults: &'a VecDeque<Fault>,
    deliveries: Vec<WebhookDelivery>,
    calls: Vec<ReceivedCall>,
}

impl Dashboard<'_> {
    fn reach(&self) -> &'static str {
        match self.world.config.disconnect_scope {
            DisconnectScope::Pair => "A disconnect ends all tokens of a provider and company",
            DisconnectScope::Connection => "A disconnect ends the tokens of one connection",
        }
    }
}

/// What the page says about the form that led to it.
#[derive(Default)]
struct Notice {
    done: Option<&'static forms::Done>,
    problem: Option<String>,
    /// A fault that was written as JSON and refused, to be corrected.
    written: Option<Written>,
}

impl Notice {
    /// The text about a form of this section.
    fn done_in(&self, section: &str) -> Option<&'static str> {
        self.done.filter(|done| done.section == section).map(|done| done.text)
    }
}

/// `GET /`
pub(crate) fn show(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let word = request.query("done");
    let done = word.and_then(|word| forms::DONE.iter().find(|done| done.word == word));
    Ok(render(service, Notice { done, ..Notice::default() }))
}

fn render(service: &Service, notice: Notice) -> Response {
    let failed = notice.problem.is_some() || notice.written.is_some();
    let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let world = &service.world;
    let tokens = world.tokens();
    let mut customers = HashMap::new();
    for (_, token) in &tokens {
        if let Some(customer) = &token.grant.customer {
            customers.insert(token.connection, customer.id.as_str());
        }
    }
    let dashboard = Dashboard {
        world,
        notice,
        connections: world.connections().into_iter().rev().collect(),
        customers,
        tokens: tokens.into_iter().rev().collect(),
        faults: service.faults.waiting(),
        deliveries: world.webhook_deliveries().into_iter().rev().take(SHOWN).collect(),
        calls: service.recent_calls().into_iter().rev().collect(),
    };
    page(status, &dashboard, &PagePolicy::default())
}

/// The first four characters of a secret, unless it is short, and its length.
fn masked(secret: &str) -> String {
    const SHOWN: usize = 4;
    let length = secret.chars().count();
    let shown = if length < 4 * SHOWN { 0 } else { SHOWN };
    let start: String = secret.chars().take(shown).collect();
    format!("{start}… ({length} characters)")
}
