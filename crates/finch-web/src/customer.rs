//! The customer who makes a request, as the host's own extractor says.

use std::{collections::BTreeMap, marker::PhantomData};

use axum::{
    extract::FromRequestParts,
    http::{Method, header::SET_COOKIE, request::Parts},
    response::{IntoResponse, Response},
};
use finch_app::{CompanyId, CustomerId, CustomerScope};

use crate::{headers::HostsOwn, problem::Problem};

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
    /// What the employers behind its connections are called, as far as the host knows. Without a name the
    /// pages show Finch's id.
    pub company_names: BTreeMap<CompanyId, String>,
}

impl Customer {
    /// A customer whose person's address Finch does not get.
    pub fn new(id: CustomerId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), email: None, company_names: BTreeMap::new() }
    }

    /// The scope of what this customer may see and end.
    pub(crate) fn scope(&self) -> CustomerScope {
        CustomerScope::new(self.id.clone())
    }

    /// Its name, or its id where the name is empty.
    pub(crate) fn shown(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }
}

/// The customer of a request, extracted as the host's `C`.
pub(crate) struct SignedIn<C>(pub(crate) Customer, pub(crate) PhantomData<fn() -> C>);

impl<C, S> FromRequestParts<S> for SignedIn<C>
where
    C: FromRequestParts<S> + Into<Customer>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match C::from_request_parts(parts, state).await {
            Ok(customer) => Ok(Self(customer.into(), PhantomData)),
            Err(rejection) => Err(signed_out(&parts.method, rejection.into_response())),
        }
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
