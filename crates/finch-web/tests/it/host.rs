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

/// How a request without a customer is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Anonymous {
    #[default]
    Redirect,
    Refusal,
}

#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) changes: Mutex<Vec<CustomerChange>>,
    /// Tokens.
    pub(crate) rescued: Mutex<Vec<String>>,
    pub(crate) rescue_fails: Mutex<bool>,
    pub(crate) company_names: Mutex<BTreeMap<CompanyId, String>>,
    pub(crate) anonymous: Mutex<Anonymous>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TestHost(pub(crate) Arc<Notes>);

/// The customer that the header names.
pub(crate) struct Account(Customer);

impl From<Account> for Customer {
    fn from(Account(customer): Account) -> Self {
        customer
    }
}

impl FromRequestParts<TestHost> for Account {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, host: &TestHost) -> Result<Self, Response> {
        if let Some(id) = parts.headers.get("x-customer") {
            let id = id.to_str().unwrap();
            let mut customer = Customer::new(id.parse().unwrap(), format!("{id} & <b>Sons</b>"));
            customer.company_names = host.0.company_names.lock().unwrap().clone();
            return Ok(Self(customer));
        }
        Err(match *host.0.anonymous.lock().unwrap() {
            Anonymous::Redirect => {
                let cookie = [(SET_COOKIE, "back-to=payroll; Path=/")];
                (cookie, Redirect::to("https://sso.example.com/")).into_response()
            }
            Anonymous::Refusal => (StatusCode::FORBIDDEN, "Staff only").into_response(),
        })
    }
}

#[async_trait]
impl EventSink for TestHost {
    fn on_change(&self, change: &CustomerChange) {
        self.0.changes.lock().unwrap().push(change.clone());
    }

    async fn rescue(&self, unstored: &UnstoredToken) -> Result<(), SinkError> {
        if *self.0.rescue_fails.lock().unwrap() {
            return Err("no safe place".into());
        }
        let token = unstored.token.expose().to_owned();
        assert!(!format!("{unstored:?}").contains(&token));
        self.0.rescued.lock().unwrap().push(token);
        Ok(())
    }
}
