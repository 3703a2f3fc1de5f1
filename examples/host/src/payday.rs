//! What Payday says to the pages, and what it does about news.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use finch_app::ConnectionView;
use finch_emulator::Emulator;
use finch_web::{Customer, Host, HostError, News, Rescued};

use crate::sign_in::Sessions;

/// Payday, as the pages see it.
pub(crate) struct Payday {
    sessions: Sessions,
    finch: Arc<Emulator>,
}

impl Payday {
    pub(crate) fn new(sessions: Sessions, finch: Arc<Emulator>) -> Self {
        Self { sessions, finch }
    }
}

#[async_trait]
impl Host for Payday {
    async fn customer(&self, request: &Parts) -> Result<Option<Customer>, HostError> {
        let Some(company) = self.sessions.of(&request.headers) else { return Ok(None) };
        Ok(Some(Customer::new(company.id.parse()?, company.name)))
    }

    async fn anonymous(&self, _: &Parts) -> Response {
        Redirect::to("/").into_response()
    }

    /// A host would have read it with `GET /employer/company`, and kept it.
    async fn company(&self, _: &Customer, connection: &ConnectionView) -> Option<String> {
        let id = connection.company_id.as_ref()?;
        let known = self.finch.state().connections;
        known.into_iter().find(|c| c.company_id == id.as_str()).map(|c| c.company)
    }

    #[expect(clippy::print_stdout, reason = "what a host would mail, or write down")]
    async fn told(&self, news: News) {
        match news {
            News::Connected(connected) => {
                println!("{} has connected {}", connected.customer, connected.provider_id);
            }
            News::NeedsReauth { customer, .. } => println!("{customer} must sign in again"),
            News::EndedAtFinch { customer, .. } => println!("{customer} must connect again"),
            News::Disconnected { customer, outcome, .. } => println!("{customer}: {outcome:?}"),
            _ => {}
        }
    }

    /// Payday has no second place that is safe: the page then sends the person to support.
    async fn rescue(&self, rescued: Rescued) -> Result<(), HostError> {
        Err(format!("a token of {} is lost: Payday keeps nothing elsewhere", rescued.customer)
            .into())
    }
}
