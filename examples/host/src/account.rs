//! The customer of a request, as the pages extract it.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use finch_web::Customer;

use crate::payday::Payday;

/// The company that has signed in.
pub(crate) struct Account(Customer);

impl From<Account> for Customer {
    fn from(Account(customer): Account) -> Self {
        customer
    }
}

impl FromRequestParts<Payday> for Account {
    type Rejection = Response;

    async fn from_request_parts(request: &mut Parts, payday: &Payday) -> Result<Self, Response> {
        let Some(company) = payday.sessions.of(&request.headers) else {
            return Err(Redirect::to("/").into_response());
        };
        let id = company.id.parse();
        let id = id.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())?;
        let mut customer = Customer::new(id, company.name);
        // A host would have read them with `GET /employer/company`, and kept them.
        let known = payday.emulator.state().connections;
        let names = known.into_iter().filter_map(|c| Some((c.company_id.parse().ok()?, c.company)));
        customer.company_names = names.collect();
        Ok(Self(customer))
    }
}
