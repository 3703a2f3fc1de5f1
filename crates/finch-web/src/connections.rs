//! The connections page.

mod card;
mod notice;
mod order;

use askama::Template;
use axum::{
    extract::Request,
    http::{StatusCode, header::SET_COOKIE},
    response::Response,
};
use finch_app::{ConnectionState, ConnectionView, CustomerScope, StoreError};

use crate::{
    ConnectFlow, Customer,
    app::{Answered, App},
    guard::Guard,
    page::{self, Shell},
};
use card::Card;
use notice::Notice;

/// How many of those that have ended are shown: the last to end.
const ENDED: usize = 50;
const AT_ONCE: usize = 100;

#[derive(Template)]
#[template(path = "connections.html")]
struct Connections<'a> {
    shell: Shell<'a>,
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
        let number = self.current.iter().filter(|card| card.standing.waits).count();
        (number > 1).then_some(number)
    }
}

/// `GET /`
pub(crate) async fn show(app: &App, request: Request) -> Answered {
    let (parts, _) = request.into_parts();
    let customer = app.customer(&parts).await?;
    let scope = customer.scope();
    let mut views = all(app, &scope).await?;
    order::sort(&mut views);
    let lost = !app.finch().possible_orphans(&scope, None, 1).await?.is_empty();
    let (mut ended, current): (Vec<_>, Vec<_>) =
        views.into_iter().partition(|view| view.state == ConnectionState::Disconnected);
    let more = ended.len() > ENDED;
    ended.truncate(ENDED);
    let (current, ended) =
        (cards(app, &customer, &current).await, cards(app, &customer, &ended).await);
    let place = &app.options().place;
    let guard = Guard::of_or_fresh(&parts.headers, place)?;
    let page = Connections {
        shell: app.shell(),
        customer: customer.shown(),
        csrf_token: &guard.csrf_token(&customer.id),
        notice: Notice::of(parts.uri.query(), &current, &ended),
        lost,
        own_page: match &app.options().flow {
            ConnectFlow::Embedded { page } => Some(page),
            ConnectFlow::Redirect => None,
        },
        current,
        ended,
        more,
    };
    let mut response = page::show(StatusCode::OK, &page);
    set_cookie(app, &guard, &mut response);
    Ok(response)
}

/// What is shown of connections. The host is asked about these, and about no others.
async fn cards(app: &App, customer: &Customer, views: &[ConnectionView]) -> Vec<Card> {
    let mut cards = Vec::new();
    for view in views {
        let company = app.company(customer, view).await;
        cards.extend(Card::of(app, view, company));
    }
    cards
}

/// Gives the browser what its forms are checked with.
pub(crate) fn set_cookie(app: &App, guard: &Guard, response: &mut Response) {
    if let Some(cookie) = guard.cookie(&app.options().place) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The customer's connections.
async fn all(app: &App, scope: &CustomerScope) -> Result<Vec<ConnectionView>, StoreError> {
    let (mut views, mut from) = (Vec::new(), None);
    loop {
        let page = app.finch().connections(scope, from, AT_ONCE).await?;
        views.extend(page.items);
        from = page.next;
        if from.is_none() {
            return Ok(views);
        }
    }
}
