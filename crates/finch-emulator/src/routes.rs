//! Which path and method lead where.

use std::collections::BTreeMap;

use hyper::Method;

use crate::{answer::Answer, call::Call, control, finch, refusal::Refusal, world::World};

pub(crate) type Handler = fn(&mut World, &Call) -> Result<Answer, Refusal>;

type Route = (Method, &'static str, Handler);

/// What Finch has.
static FINCH: [Route; 11] = [
    (Method::POST, "/auth/token", finch::auth_token::exchange),
    (Method::GET, "/introspect", finch::introspect::introspect),
    (Method::POST, "/disconnect", finch::disconnect::disconnect),
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
static CONTROL: [Route; 8] = [
    (Method::POST, "/__emulator/codes", control::issue_code),
    (Method::GET, "/__emulator/state", control::state),
    (Method::POST, "/__emulator/faults", control::queue_faults),
    (Method::GET, "/__emulator/faults", control::list_faults),
    (Method::DELETE, "/__emulator/faults", control::clear_faults),
    (Method::POST, "/__emulator/disconnect", control::end_connection),
    (Method::POST, "/__emulator/clock", control::advance_clock),
    (Method::POST, "/__emulator/reset", control::reset),
];

pub(crate) fn is_control(path: &str) -> bool {
    path == "/__emulator" || path.starts_with("/__emulator/")
}

/// Answers a call, in full or not at all.
pub(crate) fn answer(world: &mut World, call: &Call) -> Answer {
    let routes: &[Route] = if is_control(call.path()) { &CONTROL } else { &FINCH };
    let answer = find(routes, call).and_then(|(_, handler)| handler(world, call));
    answer.unwrap_or_else(Refusal::into_answer)
}

fn find(routes: &[Route], call: &Call) -> Result<(usize, Handler), Refusal> {
    // HEAD is GET without a body, which the server leaves out by itself.
    let method = if call.method == Method::HEAD { &Method::GET } else { &call.method };
    let here = |route: &&Route| route.1 == call.path();
    if let Some(at) = routes.iter().position(|route| here(&route) && route.0 == *method) {
        return Ok((at, routes[at].2));
    }
    let allowed: Vec<_> = routes.iter().filter(here).map(|route| route.0.clone()).collect();
    Err(if allowed.is_empty() {
        Refusal::not_found(call.path())
    } else {
        Refusal::method_not_allowed(&call.method, call.path(), &allowed)
    })
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
            Ok((at, _)) => self.counts[at] += 1,
            Err(_) => self.other += 1,
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
