//! The carrier of a call: the network, or a stand-in.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use finch_core::FinchApiError;
use reqwest::{Body, Client, Request, Response};

use crate::{ConfigError, HttpFinch, HttpFinchConfig, lost};

/// Carries requests in place of the network.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request, once, and returns the answer whole. The headers that are the same on every
    /// request are not in it.
    ///
    /// # Errors
    /// [`FinchApiError::NoAnswer`].
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, FinchApiError>;
}

pub(crate) enum Carrier {
    Network(Client),
    Given(Arc<dyn Transport>),
}

impl HttpFinch {
    /// A client whose requests `transport` carries, for tests. Everything else is as on the network: the request,
    /// its repetitions, the deadline, and the reading of the answer.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change.
    pub fn with_transport(
        config: HttpFinchConfig,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConfigError> {
        Self::carried(config, |_, _| Ok(Carrier::Given(transport)))
    }
}

impl Carrier {
    pub(crate) async fn send(&self, request: Request) -> Result<Response, FinchApiError> {
        match self {
            Self::Network(client) => client.execute(request).await.map_err(lost::before_answer),
            Self::Given(transport) => {
                let request =
                    http::Request::<Body>::try_from(request).map_err(lost::before_answer)?;
                let body = |body: Body| Bytes::copy_from_slice(body.as_bytes().unwrap_or_default());
                Ok(transport.send(request.map(body)).await?.into())
            }
        }
    }
}
