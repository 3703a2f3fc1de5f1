//! What every page needs.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderValue, StatusCode, header::LOCATION, request::Parts},
    response::{IntoResponse, Response},
};
use finch_app::{ConnectionId, Finch, ProviderId};

use crate::{Options, headers, page::Shell, problem::Problem, style, words};

/// The application's connections, and the host's options. Cheap to clone. The layer around all pages puts it
/// into each request.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    finch: Finch,
    options: Options,
    style: String,
    policy: HeaderValue,
}

/// A page, or why there is none.
pub(crate) type Answer = Result<Response, Problem>;

impl App {
    pub(crate) fn new(finch: Finch, options: Options) -> Self {
        let style = format!("{}{}", options.address.base, style::path());
        let policy = headers::policy(&connect_origin(&finch, &options));
        Self(Arc::new(Inner { finch, options, style, policy }))
    }

    pub(crate) fn finch(&self) -> &Finch {
        &self.0.finch
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn policy(&self) -> HeaderValue {
        self.0.policy.clone()
    }

    pub(crate) fn shell(&self) -> Shell<'_> {
        Shell::new(self.options(), &self.0.style)
    }

    /// Redirects the browser to an address of ours.
    pub(crate) fn redirect(&self, address: &str) -> Answer {
        let to = HeaderValue::from_str(address).map_err(|_| Problem::cut_off())?;
        Ok((StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response())
    }

    pub(crate) fn disconnect_page(&self, id: &ConnectionId) -> String {
        format!("{}/connections/{}/disconnect", self.options().address.base, words::segment(id))
    }

    /// What people call a provider.
    pub(crate) fn provider<'a>(&'a self, id: &'a ProviderId) -> Cow<'a, str> {
        let named = self.options().provider_names.get(id);
        named.map_or_else(|| words::provider(id), |name| name.as_str().into())
    }
}

impl<S: Sync> FromRequestParts<S> for App {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(Problem::cut_off)
    }
}

/// The connection that a path names. By the parameter's name, since the host's own path may have others.
pub(crate) struct Named(pub(crate) ConnectionId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let parameters = parameters.map_err(|_| Problem::not_found())?;
        let named = parameters.iter().find(|(name, _)| *name == "finch_connection");
        named.and_then(|(_, id)| id.parse().ok()).map(Self).ok_or_else(Problem::not_found)
    }
}

/// Where forms lead in the end: Finch's page, or its stand-in.
fn connect_origin(finch: &Finch, options: &Options) -> String {
    let api = finch.application().origin.as_str();
    match &options.connect_origin {
        Some(origin) => origin.to_string(),
        None if api == "https://api.tryfinch.com" => "https://connect.tryfinch.com".to_owned(),
        None => api.to_owned(),
    }
}
