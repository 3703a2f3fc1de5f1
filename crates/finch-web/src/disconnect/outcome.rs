//! The outcome of a disconnect, in words. It is read from the connection: an address that says that the person has
//! just disconnected proves nothing.

use axum::{http::StatusCode, response::Response};
use finch_app::{ConnectionId, ConnectionView, Plan, PlanVerdict, TokenState};
use finch_core::Evidence;

use crate::{
    app::App,
    page::{self, CONNECTIONS, Message, Tone},
    words,
};

/// How far a disconnect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The person has just disconnected, and Finch has confirmed it.
    Now,
    /// It had ended before.
    Before,
    /// This customer's access has just ended; others keep theirs.
    Retired,
    /// The person has just disconnected, and Finch has not confirmed it.
    Pending { attention: Option<&'static str> },
}

impl Outcome {
    /// None: there is something to plan. `done`: the person has just disconnected.
    pub(super) fn of(
        plan: &Plan,
        view: &ConnectionView,
        id: &ConnectionId,
        done: bool,
    ) -> Option<Self> {
        // The newest of this name: earlier ones have ended before.
        let newest = view.tokens.iter().rev().find(|t| t.connection_id == *id).map(|t| &t.state);
        match plan.verdict {
            PlanVerdict::AlreadyDisconnected => Some(match newest {
                Some(TokenState::Retired) if done => Self::Retired,
                Some(TokenState::Revoked { evidence: Evidence::Refused { .. }, .. }) if done => {
                    Self::Now
                }
                _ => Self::Before,
            }),
            PlanVerdict::Joins if done => Some(Self::Pending { attention: words::attention(view) }),
            _ => None,
        }
    }

    /// `name`: what people call the connection.
    pub(super) fn show(self, app: &App, name: &str) -> Response {
        let application = &app.options().application;
        let (tone, title, what, todo) = match self {
            Self::Now => (
                Tone::Done,
                "Disconnected",
                vec![format!(
                    "{name} is disconnected. {application} has no access any more, and Finch has \
                     confirmed it."
                )],
                Some("To share data again, connect again."),
            ),
            Self::Before => (
                Tone::Done,
                "Already disconnected",
                vec![format!("{name} is already disconnected. There is nothing to do.")],
                None,
            ),
            Self::Retired => (
                Tone::Done,
                "Your access has ended",
                vec![
                    format!("{application} does not read {name} for you any more."),
                    "Others who use the same connection keep their access.".to_owned(),
                ],
                Some("To share data again, connect again."),
            ),
            Self::Pending { attention } => {
                let mut what = vec![
                    format!(
                        "{application} does not use {name} any more: that took effect at once, and for \
                         good."
                    ),
                    "Finch has not confirmed the end yet. We keep checking automatically."
                        .to_owned(),
                ];
                what.extend(attention.map(str::to_owned));
                let todo = "You don’t need to do anything. Reload this page to check.";
                (Tone::Quiet, "Access is switched off", what, Some(todo))
            }
        };
        let (shell, todo) = (app.shell(), todo.map(str::to_owned));
        let (again, onward) = (false, CONNECTIONS);
        page::show(StatusCode::OK, &Message { shell, tone, title, what, todo, again, onward })
    }
}
