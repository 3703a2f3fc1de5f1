//! A host that goes by a header, and an event sink that keeps what it gets.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header::SET_COOKIE, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use finch_app::{CompanyId, CustomerChange, EventSink, SinkError, UnstoredToken};
use finch_web::Customer;

#[derive(Debug, Default)]
pub(crate) struct TestHost {
    pub(crate) changes: Mutex<Vec<CustomerChange>>,
    /// Tokens.
    pub(crate) rescued: Mutex<Vec<String>>,
    pub(crate) rescue_fails: Mutex<bool>,
    pub(crate) company_names: Mutex<BTreeMap<CompanyId, String>>,
    /// A request without a customer is refused, and not redirected to the sign-in.
    pub(crate) refuses: Mutex<bool>,
}

/// The customer that the header names.
pub(crate) struct Account(Customer);

impl From<Account> for Customer {
    fn from(Account(customer): Account) -> Self {
        customer
    }
}

impl FromRequestParts<Arc<TestHost>> for Account {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<TestHost>) -> Result<Self, Response> {
        if let Some(id) = parts.headers.get("x-customer") {
            let id = id.to_str().unwrap();
            let mut customer = Customer::new(id.parse().unwrap(), format!("{id} & <b>Sons</b>"));
            customer.company_names = host.company_names.lock().unwrap().clone();
            return Ok(Self(customer));
        }
        if *host.refuses.lock().unwrap() {
            return Err((StatusCode::FORBIDDEN, "Staff only").into_response());
        }
        let cookie = [(SET_COOKIE, "back-to=payroll; Path=/")];
        Err((cookie, Redirect::to("https://sso.example.com/")).into_response())
    }
}

#[async_trait]
impl EventSink for TestHost {
    fn on_change(&self, change: &CustomerChange) {
        self.changes.lock().unwrap().push(change.clone());
    }

    async fn rescue(&self, unstored: &UnstoredToken) -> Result<(), SinkError> {
        if *self.rescue_fails.lock().unwrap() {
            return Err("no safe place".into());
        }
        let token = unstored.token.expose().to_owned();
        assert!(!format!("{unstored:?}").contains(&token));
        self.rescued.lock().unwrap().push(token);
        Ok(())
    }
}
