//! What the application around these pages says, and is told.

use std::error::Error;

use async_trait::async_trait;
use axum::{http::request::Parts, response::Response};
use finch_app::{AccessToken, AttemptId, ConnectionId, ConnectionView, CustomerId, CustomerScope};

use crate::News;

/// Why the host could not say: it is logged, and the person is asked to try again.
pub type HostError = Box<dyn Error + Send + Sync>;

/// The application that mounts these pages.
///
/// # Contract
///
/// - [`customer`](Self::customer) goes by the host's own sign-in: its session, never a parameter of the
///   request. Whatever it answers sees that customer's connections, and may end them.
/// - The session must come along when Finch Connect sends the browser back: a cookie that is
///   `SameSite=Strict` does not.
/// - [`told`](Self::told) may hear the same news more than once, in another order than it happened, and not at
///   all where the process dies in between: [`finch_app::Finch::connections`] says what is so. It must not
///   fail, and should be quick, since a person may wait for it.
/// - When [`rescue`](Self::rescue) returns `Ok`, the token is kept where an operator finds it.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// The customer whose person makes this request. None: nobody has signed in.
    ///
    /// # Errors
    /// [`HostError`]: nobody can say now.
    async fn customer(&self, request: &Parts) -> Result<Option<Customer>, HostError>;

    /// The answer to a request of nobody's, such as a redirect to the sign-in page. It goes out as it is; but
    /// in answer to a form a page takes the place of a redirect, since browsers follow a form to no other
    /// site than these pages' own and Finch's: it says that nothing was changed, keeps the redirect's
    /// cookies, and has a link to the connections page, which asks here again.
    /// Where the request is Finch Connect's callback its address holds a code: it must not be logged, and
    /// the person may come back with it after signing in.
    async fn anonymous(&self, request: &Parts) -> Response;

    /// The name of the employer behind a connection, where the host knows it; it is shown to `customer`.
    /// It is asked for each connection on a page, one after the other: have it at hand. By default none is
    /// known.
    async fn company(&self, customer: &Customer, connection: &ConnectionView) -> Option<String> {
        let _ = (customer, connection);
        None
    }

    /// Something has happened to a customer's connection.
    async fn told(&self, news: News);

    /// A token that Finch has issued could not be stored. It is live and billed, and this is the only
    /// copy: keep it safe until the store works again.
    ///
    /// # Errors
    /// [`HostError`]: it could not be kept, and is lost with the return.
    async fn rescue(&self, rescued: Rescued) -> Result<(), HostError>;
}

/// A customer of the host's who has signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Customer {
    /// The host's own name for it.
    pub id: CustomerId,
    /// What it is called, for people: 1 to 255 characters. Finch Connect shows it too.
    pub name: String,
    /// The address of the person, if Finch is to know it.
    pub email: Option<String>,
}

impl Customer {
    /// A customer, of whose person nothing is said to Finch.
    pub fn new(id: CustomerId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), email: None }
    }

    /// The scope of what this customer may see and end.
    pub(crate) fn scope(&self) -> CustomerScope {
        CustomerScope::new(self.id.clone())
    }

    /// What it is called, or its id where it is called nothing.
    pub(crate) fn shown(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }
}

/// A token that could not be stored. Once the store works, [import](finch_app::Finch::import) it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rescued {
    /// Whose it is.
    pub customer: CustomerId,
    /// Under which name Finch issued it; none where Finch did not say it.
    pub connection_id: Option<ConnectionId>,
    /// The token.
    pub token: AccessToken,
    /// Its exchange, which is listed as a possible orphan until somebody
    /// [says](finch_app::Finch::dismiss_orphan) that the token is not lost.
    pub exchange: AttemptId,
}
