//! What came of a disconnect, in words.

use axum::{http::StatusCode, response::Response};
use finch_app::DisconnectOutcome;

use crate::{
    app::App,
    page::{self, Message, Tone},
};

/// `name`: what people call the connection.
pub(super) fn show(app: &App, name: &str, outcome: &DisconnectOutcome) -> Response {
    let application = &app.options().application;
    let (status, tone, title, what, todo) = match outcome {
        DisconnectOutcome::Disconnected { .. } => (
            StatusCode::OK,
            Tone::Good,
            "Disconnected",
            vec![format!(
                "{name} is disconnected. {application} has no access any more, and Finch has confirmed it."
            )],
            Some("To share data again, connect anew."),
        ),
        DisconnectOutcome::Pending { attention, .. } => {
            let mut what = vec![
                format!(
                    "{application} does not use {name} any more: that took effect at once, and for good."
                ),
                "Finch has not confirmed the end yet. We ask again by ourselves until it does."
                    .to_owned(),
            ];
            if *attention {
                what.push("Our operators have to look at it: it is on their list.".to_owned());
            }
            let todo = "You need do nothing. Your connections show when it is over.";
            (StatusCode::ACCEPTED, Tone::Quiet, "Access is switched off", what, Some(todo))
        }
        DisconnectOutcome::AlreadyDisconnected => (
            StatusCode::OK,
            Tone::Quiet,
            "Already disconnected",
            vec![format!("{name} had been disconnected before. There was nothing left to do.")],
            None,
        ),
        DisconnectOutcome::Retired { .. } => (
            StatusCode::OK,
            Tone::Good,
            "Your access has ended",
            vec![
                format!("{application} does not read {name} for you any more."),
                "Others who use the same connection keep their access.".to_owned(),
            ],
            Some("To share data again, connect anew."),
        ),
        _ => (
            StatusCode::CONFLICT,
            Tone::Bad,
            "Nothing was disconnected",
            vec![format!("{name} is used by others too, and is as it was.")],
            Some("Contact support."),
        ),
    };
    let shell = app.shell();
    let todo = todo.map(str::to_owned);
    page::show(status, &Message { shell, tone, title, what, todo, again: false })
}
