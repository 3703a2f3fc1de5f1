//! What Payday says to the pages, and what they tell it.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use axum::{
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use finch_app::ConnectionView;
use finch_emulator::Emulator;
use finch_web::{Customer, Host, HostError, News, Rescued};

use crate::{notices::Notices, rescue, sign_in::Sessions};

/// Payday, as the pages see it.
pub(crate) struct Payday {
    pub(crate) sessions: Sessions,
    pub(crate) notices: Notices,
    pub(crate) finch: Arc<Emulator>,
    /// Where a token goes that the store does not take.
    pub(crate) folder: PathBuf,
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

    async fn told(&self, news: News) {
        let known = self.finch.state().connections;
        self.notices.add(&news, |id| {
            let named = known.iter().find(|c| c.connection_id == id.as_str());
            named.map_or_else(|| id.to_string(), |c| format!("{} at {}", c.company, c.provider))
        });
    }

    /// An operator has to find it, and nobody else. A host of your own seals it, too.
    async fn rescue(&self, rescued: Rescued) -> Result<(), HostError> {
        let folder = self.folder.clone();
        let kept = tokio::task::spawn_blocking(move || rescue::keep(&rescued, &folder)).await??;
        let line = format!(
            "Finch issued a token that the store did not take: it is in {}\n",
            kept.display()
        );
        // Payday's log. The token is kept whether or not the line can be printed.
        let _ = io::stderr().write_all(line.as_bytes());
        Ok(())
    }
}
