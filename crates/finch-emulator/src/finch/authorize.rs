//! `GET /authorize` and `POST /authorize`: Finch Connect, in three steps or one, without scripts.

mod ending;
mod entry;
mod steps;

use hyper::StatusCode;

use crate::{answer::Answer, call::Call, refusal::Refusal, world::World};
use ending::leads_nowhere;
use entry::Entry;

/// `GET /authorize?session=…&state=…`: the next step, as far as the address says.
pub(crate) fn form(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let entry = Entry::from_query(call);
    Ok(match world.session(&entry.session) {
        Err(gone) => leads_nowhere(&entry.session, gone),
        Ok(session) if session.reauthenticates.is_some() => entry.renew(world, session, None),
        Ok(session) if session.provider.is_some() || !entry.provider.is_empty() => {
            entry.sign_in(world, session, None)
        }
        Ok(session) => entry.choose_provider(world, session, None),
    })
}

/// `POST /authorize`: what the person entered becomes a code, or the next step.
pub(crate) fn submit(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let entry = Entry::from_form(call);
    let session = match world.session(&entry.session) {
        Ok(session) => session.clone(),
        Err(gone) => return Ok(leads_nowhere(&entry.session, gone)),
    };
    let action = call.form("action");
    match action.as_deref() {
        Some("cancel") => return Ok(entry.cancelled(&session)),
        Some("fail") => return Ok(entry.failed(&session)),
        Some("back") => return Ok(entry.sign_in(world, &session, None)),
        _ => {}
    }
    let grant = match entry.grant(world, &session) {
        Ok(grant) => grant,
        Err(problem) => return Ok(entry.asked_again(world, &session, problem)),
    };
    if action.as_deref() == Some("continue") {
        return Ok(entry.consent(world, &session, StatusCode::OK, None));
    }
    world.close_session(&entry.session);
    let code = world.issue_code(grant);
    Ok(entry.connected(&session, &code))
}
