//! The connections page.

mod card;
mod notice;

use std::cmp::Reverse;

use askama::Template;
use axum::{
    http::{StatusCode, Uri},
    response::Response,
};
use finch_app::{ConnectionState, ConnectionView};

use crate::{
    ConnectFlow, Options, page,
    problem::Problem,
    visit::{SignedIn, Visit},
};
use card::Card;
use notice::Notice;

/// How many of those that have ended are shown: the last to end.
const ENDED: usize = 50;

#[derive(Template)]
#[template(path = "connections.html")]
struct Connections<'a> {
    options: &'a Options,
    customer: &'a str,
    csrf_token: &'a str,
    notice: Option<Notice>,
    /// An exchange was lost, and connecting again mends it.
    lost: bool,
    /// The host's page for the embedded flow.
    own_page: Option<&'a str>,
    current: Vec<Card>,
    ended: Vec<Card>,
    more: bool,
}

impl Connections<'_> {
    /// How many need a new sign-in, if that is more than one: they are the first of the list.
    fn waiting(&self) -> Option<usize> {
        let number = self.current.iter().filter(|card| card.waits()).count();
        (number > 1).then_some(number)
    }
}

/// `GET /`
pub(crate) async fn show<C>(
    SignedIn(visit, ..): SignedIn<C>,
    uri: Uri,
) -> Result<Response, Problem> {
    let Visit { app, customer, .. } = &visit;
    let scope = customer.scope();
    let mut views = app.finch.connections(&scope).all().await?;
    sort(&mut views);
    let lost = !app.finch.possible_orphans(&scope).all().await?.is_empty();
    let (mut ended, current): (Vec<_>, Vec<_>) =
        views.into_iter().partition(|view| view.state == ConnectionState::Disconnected);
    let more = ended.len() > ENDED;
    ended.truncate(ENDED);
    let cards = |views: Vec<ConnectionView>| -> Vec<_> {
        views.into_iter().filter_map(|view| Card::of(app, customer, view)).collect()
    };
    let (current, ended) = (cards(current), cards(ended));
    let page = Connections {
        options: &app.options,
        customer: customer.shown(),
        csrf_token: &visit.csrf_token(),
        notice: Notice::of(uri.query(), &current, &ended),
        lost,
        own_page: match &app.options.flow {
            ConnectFlow::Embedded { page } => Some(page),
            ConnectFlow::Redirect => None,
        },
        current,
        ended,
        more,
    };
    Ok(visit.keep_csrf(page::show(StatusCode::OK, &page)))
}

/// Puts connections that come oldest first into the order of the page: what needs an action comes first. Those that
/// are current are newest first within their kind; those that have ended, by their end.
fn sort(views: &mut [ConnectionView]) {
    views.reverse();
    let place = |state| match state {
        ConnectionState::NeedsReauth => 0,
        ConnectionState::Connected => 2,
        ConnectionState::Disconnected => 3,
        // It settles by itself, or the person should ask about it.
        _ => 1,
    };
    views.sort_by_key(|view| (place(view.state), Reverse(view.ended_at)));
}
