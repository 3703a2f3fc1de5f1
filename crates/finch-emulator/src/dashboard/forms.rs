//! The forms of the dashboard. Each leads back to it.

use std::time::Duration;

use super::{Notice, Written, faults, render};
use crate::{
    WebhookError, WebhookEvent, WebhookTarget,
    http::{ApiError, Request, Response, redirect},
    service::Service,
    webhook::Secret,
    world::Clock,
};

/// The result of a form: the word for it in the address, and the section that shows the text.
pub(super) struct Done {
    pub(super) word: &'static str,
    pub(super) section: &'static str,
    pub(super) text: &'static str,
}

#[rustfmt::skip]
pub(super) static DONE: [Done; 11] = [
    done("status", "connections", "The status is set."),
    done("disconnected", "connections", "The connection has ended, with all its tokens."),
    done("fault", "faults", "The fault waits for matching calls."),
    done("fault-off", "faults", "The fault is off."),
    done("faults-off", "faults", "All faults are off."),
    done("registered", "webhooks", "Webhooks go to this URL from now on."),
    done("rotating", "webhooks", "Webhooks are signed with the new secret too."),
    done("rotated", "webhooks", "Webhooks are signed with the newest secret only."),
    done("unregistered", "webhooks", "No more webhooks are sent."),
    done("sent", "webhooks", "The webhook is on its way."),
    done("clock", "clock", "The clock was advanced."),
];

const fn done(word: &'static str, section: &'static str, text: &'static str) -> Done {
    Done { word, section, text }
}

/// `POST /__emulator/dashboard/status`
pub(crate) fn set_status(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let (id, status) = (text(request, "connection_id"), text(request, "status"));
    let set = service.world.set_status_by_name(&id, &status);
    let problem = "That connection has ended, or there is no such status.";
    Ok(back(service, set.then_some("status").ok_or(problem)))
}

/// `POST /__emulator/dashboard/disconnect`
pub(crate) fn disconnect(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let ended = service.world.end_connection(&text(request, "connection_id"));
    let problem = "That connection has ended already.";
    Ok(back(service, ended.then_some("disconnected").ok_or(problem)))
}

/// `POST /__emulator/dashboard/fault`
pub(crate) fn queue_fault(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let queued = faults::read(request).and_then(|faults| service.faults.push_all(faults));
    let Err(invalid) = queued else {
        return Ok(back(service, Ok::<_, &str>("fault")));
    };
    let problem = format!("Not switched on. {}", invalid.sentence());
    Ok(match faults::written(request) {
        Some(json) => {
            let written = Some(Written { json, problem });
            render(service, Notice { written, ..Notice::default() })
        }
        None => back(service, Err(problem)),
    })
}

/// `POST /__emulator/dashboard/fault-off`: removes one fault, or without `at` all of them.
pub(crate) fn drop_fault(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let Some(at) = request.form("at") else {
        service.faults.clear();
        return Ok(back(service, Ok::<_, &str>("faults-off")));
    };
    // A call may have used up a fault before it meanwhile.
    let fault = text(request, "fault");
    let waiting = service.faults.waiting();
    let is_it = |at: &usize| waiting.get(*at).is_some_and(|known| faults::text(known) == fault);
    let found = at.parse().ok().filter(is_it);
    let removed = found.map(|at| service.faults.remove(at));
    let problem = "That fault has changed or is gone: look again.";
    Ok(back(service, removed.map(|()| "fault-off").ok_or(problem)))
}

/// `POST /__emulator/dashboard/webhook`
pub(crate) fn register(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let result = registered(service, request).map_err(|error| format!("{error}."));
    Ok(back(service, result))
}

fn registered(service: &mut Service, request: &Request) -> Result<&'static str, WebhookError> {
    let (url, secret) = (text(request, "url"), text(request, "secret"));
    let outbox = &mut service.world.outbox;
    match request.form("action").as_deref() {
        Some("remove") => {
            outbox.unregister();
            return Ok("unregistered");
        }
        Some("rotate") => {
            let secret = Secret::parse(&secret)?;
            outbox.target_mut()?.rotate(secret);
            return Ok("rotating");
        }
        Some("finish") => {
            outbox.target_mut()?.finish_rotation();
            return Ok("rotated");
        }
        // An empty secret leaves those that are registered.
        _ if secret.trim().is_empty() && outbox.target().is_some() => {
            outbox.target_mut()?.set_url(&url)?;
        }
        _ => outbox.register(&WebhookTarget { url, secrets: vec![secret] })?,
    }
    Ok("registered")
}

/// `POST /__emulator/dashboard/send`
pub(crate) fn send(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let event = match text(request, "event_type").as_str() {
        "test" => WebhookEvent::Test,
        _ => WebhookEvent::account_updated(text(request, "connection_id"), text(request, "status")),
    };
    let sent = service.world.send_webhook(&event).map(drop);
    Ok(back(service, was_sent(sent)))
}

/// `POST /__emulator/dashboard/resend`
pub(crate) fn resend(service: &mut Service, request: &Request) -> Result<Response, ApiError> {
    let sent = service.world.resend_webhook(&text(request, "event_id"));
    Ok(back(service, was_sent(sent)))
}

fn was_sent(sent: Result<(), WebhookError>) -> Result<&'static str, String> {
    sent.map(|()| "sent").map_err(|error| format!("Not sent: {error}."))
}

/// `POST /__emulator/dashboard/clock`
pub(crate) fn advance_clock(
    service: &mut Service,
    request: &Request,
) -> Result<Response, ApiError> {
    let seconds = text(request, "seconds").trim().parse().ok();
    let by = seconds.map(Duration::from_secs).filter(|by| *by <= Clock::LIMIT);
    let advanced = by.map(|by| service.advance(by));
    let problem = "The clock can be advanced by a whole number of seconds, at most 100 years.";
    Ok(back(service, advanced.map(|()| "clock").ok_or(problem)))
}

fn text(request: &Request, name: &str) -> String {
    request.form(name).unwrap_or_default()
}

/// Leads to the section of what was done, by its word, or shows the problem.
fn back(service: &Service, result: Result<&'static str, impl Into<String>>) -> Response {
    match result {
        Ok(word) => {
            let done = DONE.iter().find(|done| done.word == word);
            let section = done.map_or("", |done| done.section);
            redirect(&format!("/?done={word}#{section}"))
        }
        Err(problem) => {
            let problem = Some(problem.into());
            render(service, Notice { problem, ..Notice::default() })
        }
    }
}
