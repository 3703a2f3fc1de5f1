//! What the dashboard's forms do. Each leads back to the dashboard.

use std::time::Duration;

use hyper::{
    StatusCode,
    header::{HeaderValue, LOCATION},
};

use super::{faults, refuse, refuse_written};
use crate::{
    WebhookEvent, WebhookTarget,
    answer::{self, Answer, TEXT},
    call::Call,
    clock::Clock,
    refusal::Refusal,
    webhook::Secret,
    world::World,
};

/// What was done, by the word that stands for it in the address, and the section that says so.
pub(super) const DONE: [(&str, &str, &str); 11] = [
    ("status", "connections", "The status is set."),
    ("disconnected", "connections", "The connection has ended, with all its tokens."),
    ("fault", "faults", "The fault waits for its calls."),
    ("fault-off", "faults", "The fault is off."),
    ("faults-off", "faults", "All faults are off."),
    ("registered", "webhooks", "Webhooks go there from now on."),
    ("rotating", "webhooks", "Webhooks are signed with the new secret too."),
    ("rotated", "webhooks", "Webhooks are signed with the newest secret only."),
    ("unregistered", "webhooks", "No webhooks are sent any more."),
    ("sent", "webhooks", "The webhook is on its way."),
    ("clock", "clock", "The clock was moved on."),
];

/// The word for what was done, or what is wrong.
type Done = Result<&'static str, String>;

/// `POST /__emulator/dashboard/status`
pub(crate) fn set_status(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let (id, status) = (text(call, "connection_id"), text(call, "status"));
    let done = if world.set_status_by_name(&id, &status) {
        Ok("status")
    } else {
        Err("That connection has ended, or there is no such status.".to_owned())
    };
    Ok(back(world, done))
}

/// `POST /__emulator/dashboard/disconnect`
pub(crate) fn disconnect(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let done = if world.end_in_dashboard(&text(call, "connection_id")) {
        Ok("disconnected")
    } else {
        Err("That connection has ended already.".to_owned())
    };
    Ok(back(world, done))
}

/// `POST /__emulator/dashboard/fault`
pub(crate) fn queue_fault(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let done = match faults::read(call, world.faults.room()) {
        Ok(faults) => {
            faults.into_iter().for_each(|fault| world.faults.push(fault));
            Ok("fault")
        }
        Err(invalid) => {
            let problem = format!("Not switched on. {}", invalid.plainly());
            if let Some(written) = faults::written(call, &problem) {
                return Ok(refuse_written(world, written));
            }
            Err(problem)
        }
    };
    Ok(back(world, done))
}

/// `POST /__emulator/dashboard/fault-off`: one fault, or without `at` all of them.
pub(crate) fn drop_fault(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let Some(at) = call.form("at") else {
        world.faults.clear();
        return Ok(back(world, Ok("faults-off")));
    };
    // A call may have used up one before it meanwhile.
    let fault = text(call, "fault");
    let found = at.parse().ok().filter(|at| {
        world.faults.waiting().nth(*at).is_some_and(|known| faults::as_text(known) == fault)
    });
    let done = match found {
        Some(at) => {
            world.faults.remove(at);
            Ok("fault-off")
        }
        None => Err("That fault has changed or is gone: look again.".to_owned()),
    };
    Ok(back(world, done))
}

/// `POST /__emulator/dashboard/webhook`
pub(crate) fn register(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let done = registered(world, call);
    Ok(back(world, done.map_err(|error| format!("{error}."))))
}

fn registered(world: &mut World, call: &Call) -> Result<&'static str, crate::WebhookError> {
    let (url, secret) = (text(call, "url"), text(call, "secret"));
    match call.form("action").as_deref() {
        Some("remove") => {
            world.outbox.send_to(None);
            Ok("unregistered")
        }
        Some("rotate") => {
            let secret = Secret::parse(&secret)?;
            world.outbox.target_mut()?.rotate(secret);
            Ok("rotating")
        }
        Some("finish") => {
            world.outbox.target_mut()?.finish_rotation();
            Ok("rotated")
        }
        _ if secret.trim().is_empty() && world.outbox.target().is_some() => {
            world.outbox.target_mut()?.move_to(&url)?;
            Ok("registered")
        }
        _ => {
            world.webhooks_to(Some(&WebhookTarget { url, secrets: vec![secret] }))?;
            Ok("registered")
        }
    }
}

/// `POST /__emulator/dashboard/send`
pub(crate) fn send(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let event = match text(call, "event_type").as_str() {
        "test" => WebhookEvent::Test,
        _ => WebhookEvent::account_updated(text(call, "connection_id"), text(call, "status")),
    };
    let sent = world.send_webhook(&event).map(|_| "sent");
    Ok(back(world, sent.map_err(|error| format!("Not sent: {error}."))))
}

/// `POST /__emulator/dashboard/resend`
pub(crate) fn resend(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let sent = world.resend_webhook(&text(call, "event_id")).map(|()| "sent");
    Ok(back(world, sent.map_err(|error| format!("Not sent: {error}."))))
}

/// `POST /__emulator/dashboard/clock`
pub(crate) fn advance_clock(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let seconds = text(call, "seconds").trim().parse().ok();
    let by = seconds.map(Duration::from_secs).filter(|by| *by <= Clock::LIMIT);
    let done = match by {
        Some(by) => {
            world.advance(by);
            Ok("clock")
        }
        None => Err("The clock moves on by a whole number of seconds, at most 100 years.".into()),
    };
    Ok(back(world, done))
}

fn text(call: &Call, name: &str) -> String {
    call.form(name).unwrap_or_default()
}

/// Back to the section in which something was done, or to what is wrong.
fn back(world: &World, done: Done) -> Answer {
    let word = match done {
        Ok(word) => word,
        Err(problem) => return refuse(world, problem),
    };
    let known = DONE.iter().find(|(known, ..)| *known == word);
    let section = known.map_or("", |(_, section, _)| section);
    let mut answer = answer::with_type(StatusCode::SEE_OTHER, TEXT, "See Other".into());
    if let Ok(location) = HeaderValue::from_str(&format!("/?done={word}#{section}")) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}
