//! A change that a person asks for with a form: it must come from a page that this customer was shown here.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::HeaderMap,
    response::Response,
};

use crate::{
    Customer,
    app::App,
    csrf::{self, Csrf},
    customer::SignedIn,
    form::Fields,
    problem::Problem,
};

/// A form of ours, sent by the customer to whom it was shown.
pub(crate) struct Change<C> {
    pub(crate) customer: Customer,
    pub(crate) headers: HeaderMap,
    pub(crate) fields: Fields,
    extractor: PhantomData<fn() -> C>,
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
        let address = &app.options().address;
        // First: a forged request comes without the session's cookie, and would look signed out.
        if !csrf::is_same_origin(&parts.headers, address) {
            return Err(Problem::forged().into());
        }
        let SignedIn(customer, ..) = SignedIn::<C>::from_request_parts(&mut parts, state).await?;
        let fields = Fields::of_body(body).await.map_err(Problem::from)?;
        let token = fields.one("csrf_token")?.unwrap_or_default();
        let csrf = Csrf::of(&parts.headers, address);
        if !csrf.is_some_and(|csrf| csrf.accepts(&customer.id, token)) {
            return Err(Problem::forged().into());
        }
        Ok(Self { customer, headers: parts.headers, fields, extractor: PhantomData })
    }
}
