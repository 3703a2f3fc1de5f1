//! `GET` and `POST /authorize`: Finch Connect, in three steps or one, without scripts.

mod ending;
mod entry;
mod step;

use crate::{
    http::{ApiError, Request, Response},
    world::World,
};
use ending::{Ending, unusable};
use entry::Entry;
use step::Step;

/// `GET /authorize?session=…&state=…`: the first step that the address leaves open.
pub(crate) fn form(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    let entry = Entry::from_query(request);
    let session = match world.session(&entry.session) {
        Ok(session) => session,
        Err(error) => return Ok(unusable(&entry.session, error)),
    };
    let chosen = session.provider.is_some() || !entry.provider.is_empty();
    let step = Step { world, session, entry, problem: None };
    Ok(if chosen { step.sign_in() } else { step.choose_provider() })
}

/// `POST /authorize`: leads to the next step, or to an end.
pub(crate) fn submit(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    let entry = Entry::from_form(request);
    let session = match world.session(&entry.session) {
        Ok(session) => session.clone(),
        Err(error) => return Ok(unusable(&entry.session, error)),
    };
    let action = request.form("action").unwrap_or_default();
    match action.as_str() {
        "cancel" => return Ok(Ending::Cancelled.show(&entry, &session)),
        "fail" => return Ok(Ending::Failed.show(&entry, &session)),
        _ => {}
    }
    let grant = entry.grant(world, &session);
    let step = |entry, problem| Step { world, session: &session, entry, problem };
    match grant {
        _ if action == "back" => Ok(step(entry, None).sign_in()),
        Err(problem) => Ok(step(entry, Some(problem)).again()),
        Ok(_) if action == "continue" => Ok(step(entry, None).consent()),
        Ok(grant) => {
            world.close_session(&entry.session);
            let code = world.issue_code(grant);
            Ok(Ending::Connected { code: &code }.show(&entry, &session))
        }
    }
}
