//! The outcome of a disconnect, in words. It is read from the connection: an address that says that the person has
//! just disconnected proves nothing.

use finch_app::{ConnectionId, ConnectionView, Plan, PlanVerdict, TokenState};
use finch_core::Evidence;

use crate::{
    Options,
    page::{CONNECTIONS, DONE, Message, QUIET},
    words,
};

const AGAIN: &str = "To share data again, connect again.";

/// What a disconnect has come to. None: there is something to plan. `name`: what people call the connection; `done`:
/// the person has just disconnected.
pub(super) fn message<'a>(
    options: &'a Options,
    name: &str,
    plan: &Plan,
    view: &ConnectionView,
    id: &ConnectionId,
    done: bool,
) -> Option<Message<'a>> {
    // The newest of this name: earlier ones have ended before.
    let newest = view.tokens.iter().rev().find(|t| t.connection_id == *id).map(|t| &t.state);
    let application = &options.application;
    let (tone, title, what, todo) = match (plan.verdict, newest) {
        (PlanVerdict::AlreadyDisconnected, Some(TokenState::Retired)) if done => (
            DONE,
            "Your access has ended",
            vec![
                format!("{application} does not read {name} for you any more."),
                "Others who use the same connection keep their access.".to_owned(),
            ],
            Some(AGAIN),
        ),
        (
            PlanVerdict::AlreadyDisconnected,
            Some(TokenState::Revoked { evidence: Evidence::Refused { .. }, .. }),
        ) if done => {
            let what = format!(
                "{name} is disconnected. {application} has no access any more, and Finch has confirmed it."
            );
            (DONE, "Disconnected", vec![what], Some(AGAIN))
        }
        (PlanVerdict::AlreadyDisconnected, _) => {
            let what = format!("{name} is already disconnected. There is nothing to do.");
            (DONE, "Already disconnected", vec![what], None)
        }
        (PlanVerdict::Joins, _) if done => {
            let mut what = vec![
                format!(
                    "{application} does not use {name} any more: that took effect at once, and for good."
                ),
                "Finch has not confirmed the end yet. We keep checking automatically.".to_owned(),
            ];
            what.extend(words::attention(view).map(str::to_owned));
            let todo = "You don’t need to do anything. Reload this page to check.";
            (QUIET, "Access is switched off", what, Some(todo))
        }
        _ => return None,
    };
    Some(Message { options, tone, title, what, todo, again: false, onward: CONNECTIONS })
}
