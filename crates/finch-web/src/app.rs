//! What every page needs.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderValue, StatusCode, header::LOCATION, request::Parts},
    response::{IntoResponse, Response},
};
use finch_app::{ConnectionId, Finch, ProviderId};

use crate::{Options, problem::Problem, words};

/// The application's connections, and the host's options. Cheap to clone. The layer around all pages puts it
/// into each request.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) finch: Finch,
    pub(crate) options: Arc<Options>,
}

impl App {
    /// Redirects the browser to an address of ours.
    pub(crate) fn redirect(&self, address: &str) -> Result<Response, Problem> {
        let to = HeaderValue::from_str(address).map_err(|_| Problem::cut_off())?;
        Ok((StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response())
    }

    /// Where Finch Connect may be: at Finch; and where a stand-in or a gateway answers for Finch's API, there.
    pub(crate) fn connect_origins(&self) -> impl Iterator<Item = &str> {
        let api = self.finch.application().origin.as_str();
        let other = Some(api).filter(|api| *api != "https://api.tryfinch.com");
        ["https://connect.tryfinch.com"].into_iter().chain(other)
    }

    pub(crate) fn disconnect_page(&self, id: &ConnectionId) -> String {
        format!("{}/connections/{}/disconnect", self.options.address.base, words::segment(id))
    }

    /// What people call a provider.
    pub(crate) fn provider<'a>(&'a self, id: &'a ProviderId) -> Cow<'a, str> {
        let named = self.options.provider_names.get(id);
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
