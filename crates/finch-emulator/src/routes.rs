//! Which path and method lead where.

use std::collections::BTreeMap;

use hyper::Method;

use crate::{answer::Answer, call::Call, control, finch, page, refusal::Refusal, world::World};

pub(crate) type Handler = fn(&mut World, &Call) -> Result<Answer, Refusal>;

type Route = (Method, &'static str, Handler);

/// What Finch has.
static FINCH: [Route; 12] = [
    (Method::POST, "/auth/token", finch::auth_token::exchange),
    (Method::GET, "/introspect", finch::introspect::introspect),
    (Method::POST, "/disconnect", finch::disconnect::disconnect),
    (Method::POST, "/disconnect-entity", finch::disconnect_entity::disconnect_entity),
    (Method::POST, "/connect/sessions", finch::sessions::new),
    (Method::POST, "/connect/sessions/reauthenticate", finch::sessions::reauthenticate),
    (Method::GET, "/providers", finch::providers::list),
    (Method::POST, "/sandbox/connections", finch::sandbox::new_connection),
    (Method::POST, "/sandbox/connections/accounts", finch::sandbox::new_account),
    (Method::PUT, "/sandbox/connections/accounts", finch::sandbox::update_account),
    (Method::GET, "/authorize", finch::authorize::form),
    (Method::POST, "/authorize", finch::authorize::submit),
];

/// What only the emulator has: calls that are neither counted nor hit by faults.
static CONTROL: [Route; 27] = [
    (Method::POST, "/__emulator/codes", control::issue_code),
    (Method::GET, "/__emulator/state", control::state),
    (Method::POST, "/__emulator/faults", control::queue_faults),
    (Method::GET, "/__emulator/faults", control::list_faults),
    (Method::DELETE, "/__emulator/faults", control::clear_faults),
    (Method::POST, "/__emulator/disconnect", control::end_connection),
    (Method::POST, "/__emulator/status", control::set_status),
    (Method::GET, "/__emulator/calls", control::recent_calls),
    (Method::GET, "/__emulator/webhooks", control::webhooks::show),
    (Method::POST, "/__emulator/webhooks", control::webhooks::register),
    (Method::DELETE, "/__emulator/webhooks", control::webhooks::unregister),
    (Method::POST, "/__emulator/webhooks/send", control::webhooks::send),
    (Method::POST, "/__emulator/webhooks/resend", control::webhooks::resend),
    (Method::POST, "/__emulator/clock", control::advance_clock),
    (Method::POST, "/__emulator/reset", control::reset),
    (Method::GET, "/", page::dashboard::show),
    (Method::GET, page::STYLE, page::assets::style),
    (Method::GET, page::SCRIPT, page::assets::script),
    (Method::GET, page::ICON, page::assets::icon),
    (Method::POST, "/__emulator/dashboard/status", page::dashboard::forms::set_status),
    (Method::POST, "/__emulator/dashboard/disconnect", page::dashboard::forms::disconnect),
    (Method::POST, "/__emulator/dashboard/fault", page::dashboard::forms::queue_fault),
    (Method::POST, "/__emulator/dashboard/fault-off", page::dashboard::forms::drop_fault),
    (Method::POST, "/__emulator/dashboard/webhook", page::dashboard::forms::register),
    (Method::POST, "/__emulator/dashboard/send", page::dashboard::forms::send),
    (Method::POST, "/__emulator/dashboard/resend", page::dashboard::forms::resend),
    (Method::POST, "/__emulator/dashboard/clock", page::dashboard::forms::advance_clock),
];

pub(crate) fn is_control(path: &str) -> bool {
    path == "/" || path == "/__emulator" || path.starts_with("/__emulator/")
}

/// The paths that Finch has, each once.
pub(crate) fn finchs_paths() -> Vec<&'static str> {
    let mut paths: Vec<_> = FINCH.iter().map(|(_, path, _)| *path).collect();
    paths.dedup();
    paths
}

/// Answers a call, in full or not at all.
pub(crate) fn answer(world: &mut World, call: &Call) -> Answer {
    let control = is_control(call.path());
    let routes: &[Route] = if control { &CONTROL } else { &FINCH };
    let answer = match find(routes, call) {
        Some((_, handler)) => handler(world, call),
        None if control => Err(unrouted(routes, call)),
        // Which paths and methods there are, Finch shows only to a caller that it knows.
        None => Err(authenticated(world, call).err().unwrap_or_else(|| unrouted(routes, call))),
    };
    answer.unwrap_or_else(Refusal::into_answer)
}

fn find(routes: &[Route], call: &Call) -> Option<(usize, Handler)> {
    // HEAD is GET without a body, which the server leaves out by itself.
    let method = if call.method == Method::HEAD { &Method::GET } else { &call.method };
    let at = routes.iter().position(|route| route.1 == call.path() && route.0 == *method)?;
    Some((at, routes[at].2))
}

/// Accepts a live access token, and the application's client id and secret.
fn authenticated(world: &World, call: &Call) -> Result<(), Refusal> {
    if call.has_basic() {
        return call.require_client(&world.config.client_id, &world.config.client_secret);
    }
    world.live(call.bearer()?).map(drop).ok_or_else(Refusal::invalid_token)
}

/// There is no such path, or it does not have this method.
fn unrouted(routes: &[Route], call: &Call) -> Refusal {
    let here = routes.iter().filter(|route| route.1 == call.path());
    let allowed: Vec<_> = here.map(|route| route.0.clone()).collect();
    if allowed.is_empty() {
        Refusal::not_found(call.path())
    } else {
        Refusal::method_not_allowed(&call.method, call.path(), &allowed)
    }
}

/// How often each of Finch's endpoints was called, however that went.
#[derive(Clone, Default)]
pub(crate) struct Calls {
    counts: [u64; FINCH.len()],
    other: u64,
}

impl Calls {
    pub(crate) fn count(&mut self, call: &Call) {
        match find(&FINCH, call) {
            Some((at, _)) => self.counts[at] += 1,
            None => self.other += 1,
        }
    }

    pub(crate) fn by_endpoint(&self) -> BTreeMap<String, u64> {
        let known = FINCH.iter().zip(self.counts);
        known
            .map(|((method, path, _), count)| (format!("{method} {path}"), count))
            .chain([("other".to_owned(), self.other)])
            .collect()
    }
}
