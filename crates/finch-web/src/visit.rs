//! A request of a customer who has signed in: to look at a page, or to change something.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, Method, header::SET_COOKIE, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    Customer,
    app::App,
    csrf::{self, Csrf},
    form::Fields,
    headers::HostsOwn,
    problem::Problem,
};

/// A customer's request.
pub(crate) struct Visit {
    pub(crate) app: App,
    pub(crate) customer: Customer,
    pub(crate) headers: HeaderMap,
    csrf: Csrf,
}

/// A request whose customer the host's `C` extracts.
pub(crate) struct SignedIn<C>(pub(crate) Visit, pub(crate) PhantomData<fn() -> C>);

/// The same with a form of ours, from a page that this customer was shown here.
pub(crate) struct Change<C>(pub(crate) Visit, pub(crate) Fields, pub(crate) PhantomData<fn() -> C>);

impl Visit {
    /// What the forms of a page carry.
    pub(crate) fn csrf_token(&self) -> String {
        self.csrf.token(&self.customer.id)
    }

    /// Adds the cookie behind the CSRF token to an answer; again to every page, since Chromium then drops the pages
    /// that it has kept for its back button, which `no-store` alone does not do: a connection that has ended would
    /// look alive there.
    pub(crate) fn keep_csrf(&self, mut response: Response) -> Response {
        if let Some(cookie) = self.csrf.cookie(&self.app.options.address) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

impl<C, S> FromRequestParts<S> for SignedIn<C>
where
    C: FromRequestParts<S> + Into<Customer>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let app = App::from_request_parts(parts, state).await?;
        let customer = match C::from_request_parts(parts, state).await {
            Ok(customer) => customer.into(),
            Err(rejection) => return Err(signed_out(&parts.method, rejection.into_response())),
        };
        let headers = parts.headers.clone();
        let csrf = Csrf::of(&headers, &app.options.address);
        Ok(Self(Visit { app, customer, headers, csrf }, PhantomData))
    }
}

impl<C, S> FromRequest<S> for Change<C>
where
    C: FromRequestParts<S> + Into<Customer>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let app = App::from_request_parts(&mut parts, state).await?;
        // First: a forged request comes without the session's cookie, and would look signed out.
        if !csrf::is_same_origin(&parts.headers, &app.options.address) {
            return Err(Problem::forged().into());
        }
        let SignedIn(visit, ..) = SignedIn::<C>::from_request_parts(&mut parts, state).await?;
        let fields = Fields::of_body(body).await.map_err(Problem::unread)?;
        let token = fields.one("csrf_token")?.unwrap_or_default();
        if !visit.csrf.accepts(&visit.customer.id, token) {
            return Err(Problem::forged().into());
        }
        Ok(Self(visit, fields, PhantomData))
    }
}

/// The host's answer to a request without a customer. After a form a page takes the place of a redirect: the
/// policy of the page with the form holds for what follows too, and browsers stop there without a word.
fn signed_out(method: &Method, mut answer: Response) -> Response {
    if method.is_safe() || !answer.status().is_redirection() {
        answer.extensions_mut().insert(HostsOwn);
        return answer;
    }
    let mut page = Problem::signed_out().into_response();
    for cookie in answer.headers().get_all(SET_COOKIE) {
        page.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    page
}
