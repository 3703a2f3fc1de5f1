//! What every page has at hand.

use std::{borrow::Cow, future::Future, sync::Arc};

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{LOCATION, SET_COOKIE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use finch_app::{ConnectionId, Finch, ProviderId};
#[cfg(feature = "webhooks")]
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Customer, Host, Options,
    form::Fields,
    guard::{self, Guard},
    headers::{self, HostsOwn},
    page::Shell,
    problem::Problem,
    stop::Stop,
    style, words,
};

/// The application's connections, its host, and what the host has decided. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    finch: Finch,
    host: Arc<dyn Host>,
    options: Options,
    style: String,
    policy: HeaderValue,
    #[cfg(feature = "webhooks")]
    looking: Arc<Semaphore>,
}

/// A page, or why there is none.
pub(crate) type Answered = Result<Response, Stop>;

/// A change that a person has asked for, on a page that they were shown here.
pub(crate) struct Change {
    pub(crate) customer: Customer,
    pub(crate) headers: HeaderMap,
    pub(crate) fields: Fields,
}

impl App {
    pub(crate) fn new(finch: Finch, host: Arc<dyn Host>, options: Options) -> Self {
        let style = format!("{}{}", options.place.base, style::path());
        let policy = headers::policy(&connect_origin(&finch, &options));
        Self(Arc::new(Inner {
            finch,
            host,
            options,
            style,
            policy,
            #[cfg(feature = "webhooks")]
            looking: Arc::new(Semaphore::new(2)),
        }))
    }

    pub(crate) fn finch(&self) -> &Finch {
        &self.0.finch
    }

    pub(crate) fn host(&self) -> &dyn Host {
        &*self.0.host
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    /// Whether to look at what webhooks speak of: one does, and another waits, who will see whatever is kept
    /// until then.
    #[cfg(feature = "webhooks")]
    pub(crate) fn may_look(&self) -> Option<OwnedSemaphorePermit> {
        self.0.looking.clone().try_acquire_owned().ok()
    }

    pub(crate) fn policy(&self) -> HeaderValue {
        self.0.policy.clone()
    }

    /// What is the same on all pages.
    pub(crate) fn shell(&self) -> Shell<'_> {
        Shell::new(self.options(), &self.0.style)
    }

    /// The page, or a page that says why there is none.
    pub(crate) fn answer(&self, answered: Answered) -> Response {
        match answered {
            Ok(response) => response,
            Err(Stop::Problem(problem)) => problem.show(self.shell()),
            Err(Stop::Anonymous(response)) => *response,
        }
    }

    /// Sends the browser on, to an address of ours.
    pub(crate) fn lead_to(&self, address: &str) -> Answered {
        let to = HeaderValue::from_str(address).map_err(|_| Problem::cut_off())?;
        Ok((StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response())
    }

    /// Where the disconnect of a connection is looked at.
    pub(crate) fn disconnect_page(&self, id: &ConnectionId) -> String {
        format!("{}/connections/{}/disconnect", self.options().place.base, words::segment(id))
    }

    /// Who asks.
    pub(crate) async fn customer(&self, request: &Parts) -> Result<Customer, Stop> {
        match self.host().customer(request).await {
            Ok(Some(customer)) => Ok(customer),
            Ok(None) => Err(self.nobody(request).await),
            Err(error) => Err(Problem::host_failed(&*error).into()),
        }
    }

    /// Nobody has signed in. A form cannot be answered with the host's redirect: the policy of the page that
    /// it was on holds for what follows, too, and browsers stop there without a word.
    async fn nobody(&self, request: &Parts) -> Stop {
        let mut answer = self.host().anonymous(request).await;
        if request.method.is_safe() || !answer.status().is_redirection() {
            answer.extensions_mut().insert(HostsOwn);
            return Stop::Anonymous(Box::new(answer));
        }
        let mut page = Problem::signed_out().show(self.shell());
        for cookie in answer.headers().get_all(SET_COOKIE) {
            page.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        Stop::Anonymous(Box::new(page))
    }

    /// Who asks for a change, and the form they have sent, if it is one of ours.
    pub(crate) async fn change(&self, request: Request) -> Result<Change, Stop> {
        let (parts, body) = request.into_parts();
        let place = &self.options().place;
        // Before anybody is asked who it is: without its cookie, a forged one looks like nobody's.
        if !guard::comes_from_here(&parts.headers, place) {
            return Err(Problem::not_from_here().into());
        }
        let customer = self.customer(&parts).await?;
        let fields = Fields::of_body(body).await?;
        let csrf_token = fields.one("csrf_token")?.unwrap_or_default();
        let guard = Guard::of(&parts.headers, place);
        if !guard.is_some_and(|guard| guard.admits(&customer.id, csrf_token)) {
            return Err(Problem::not_from_here().into());
        }
        Ok(Change { customer, headers: parts.headers, fields })
    }

    /// Does something to its end, even if the browser goes away meanwhile.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        self.finch().spawn(work).await.map_err(|_| Problem::cut_off())
    }

    /// What people call a provider.
    pub(crate) fn provider<'a>(&'a self, id: &'a ProviderId) -> Cow<'a, str> {
        let named = self.options().provider_names.get(id);
        named.map_or_else(|| words::provider(id), |name| name.as_str().into())
    }
}

/// Where forms lead in the end: Finch's page, or one that stands in for it.
fn connect_origin(finch: &Finch, options: &Options) -> String {
    let api = finch.application().origin.as_str();
    match &options.connect_origin {
        Some(origin) => origin.to_string(),
        None if api == "https://api.tryfinch.com" => "https://connect.tryfinch.com".to_owned(),
        None => api.to_owned(),
    }
}
