//! The connections page.

mod card;
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
    form::Fields,
    guard::Guard,
    page::{self, Shell},
    words,
};
use card::Card;

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
    /// How many wait for somebody to sign in. They are the first of the list.
    fn waiting(&self) -> Option<String> {
        let number = self.current.iter().filter(|card| card.standing.waits).count();
        let many = words::count(number, "connection needs", "connections need");
        (number > 0).then(|| format!("{many} you to sign in again"))
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
        notice: Notice::of(parts.uri.query(), !current.is_empty()),
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

/// What has just happened, by a word of ours in the address: nothing else of it is shown.
struct Notice {
    class: &'static str,
    /// The same for the page's title.
    short: &'static str,
    text: &'static str,
}

impl Notice {
    /// `any`: there is a connection that has not ended. Without one, nobody is told that there is.
    fn of(query: Option<&str>, any: bool) -> Option<Self> {
        let fields = Fields::of_query(query);
        let (class, short, text) = match fields.one("done").ok().flatten()? {
            "connected" if any => ("good", "Connected", "Connected. Your sign-in worked."),
            "checking" if any => {
                ("good", "Signed in", "Your sign-in worked. We are still checking the connection.")
            }
            "denied" => ("", "Not finished", "You left before finishing. Nothing was changed."),
            "ended" => (
                "act",
                "Ended",
                "The connection that this sign-in made has ended, or is being ended. To share data again, \
                 connect again.",
            ),
            _ => return None,
        };
        Some(Self { class, short, text })
    }
}
