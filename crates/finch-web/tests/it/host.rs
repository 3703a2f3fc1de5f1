//! A host that goes by a header, and writes down what it is told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::{
    http::{StatusCode, header::SET_COOKIE, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use finch_app::ConnectionView;
use finch_web::{Customer, Host, HostError, News, Rescued};

/// What a host remembers.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) told: Mutex<Vec<News>>,
    /// Tokens.
    pub(crate) rescued: Mutex<Vec<String>>,
    /// It cannot say who asks, nor keep anything.
    pub(crate) broken: Mutex<bool>,
    pub(crate) company: Mutex<Option<String>>,
    /// How often it was asked what a company is called.
    pub(crate) asked: Mutex<usize>,
    /// It has words for nobody, and no sign-in page.
    pub(crate) sends_nobody_away: Mutex<bool>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TestHost(pub(crate) Arc<Notes>);

#[async_trait]
impl Host for TestHost {
    async fn customer(&self, request: &Parts) -> Result<Option<Customer>, HostError> {
        if *self.0.broken.lock().unwrap() {
            return Err("no sessions today".into());
        }
        let Some(id) = request.headers.get("x-customer") else { return Ok(None) };
        let id = id.to_str()?;
        Ok(Some(Customer::new(id.parse()?, format!("{id} & <b>Sons</b>"))))
    }

    async fn anonymous(&self, _: &Parts) -> Response {
        if *self.0.sends_nobody_away.lock().unwrap() {
            return (StatusCode::FORBIDDEN, "Staff only").into_response();
        }
        ([(SET_COOKIE, "back-to=payroll; Path=/")], Redirect::to("https://sso.example.com/"))
            .into_response()
    }

    async fn company(&self, _: &Customer, _: &ConnectionView) -> Option<String> {
        *self.0.asked.lock().unwrap() += 1;
        self.0.company.lock().unwrap().clone()
    }

    async fn told(&self, news: News) {
        self.0.told.lock().unwrap().push(news);
    }

    async fn rescue(&self, rescued: Rescued) -> Result<(), HostError> {
        if *self.0.broken.lock().unwrap() {
            return Err("no safe place".into());
        }
        self.0.rescued.lock().unwrap().push(rescued.token.expose().to_owned());
        Ok(())
    }
}
