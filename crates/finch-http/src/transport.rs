//! The carrier of a call: the network, or a stand-in for tests.

use finch_core::FinchApiError;
use reqwest::{Client, Request, Response};

use crate::lost;

pub(crate) enum Carrier {
    Network(Client),
    #[cfg(feature = "transport")]
    Given(std::sync::Arc<dyn Transport>),
}

impl Carrier {
    pub(crate) async fn send(&self, request: Request) -> Result<Response, FinchApiError> {
        match self {
            Self::Network(client) => client.execute(request).await.map_err(lost::before_answer),
            #[cfg(feature = "transport")]
            Self::Given(transport) => given::send(&**transport, request).await,
        }
    }
}

#[cfg(feature = "transport")]
pub use given::Transport;

#[cfg(feature = "transport")]
mod given {
    use std::sync::Arc;

    use async_trait::async_trait;
    use bytes::Bytes;
    use finch_core::FinchApiError;

    use super::Carrier;
    use crate::{ConfigError, HttpFinch, HttpFinchConfig};

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

    impl HttpFinch {
        /// A client whose requests `transport` carries. Everything else is as on the network: the request, its
        /// repetitions, the deadline, and the reading of the answer.
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

    pub(super) async fn send(
        transport: &dyn Transport,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, FinchApiError> {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let mut carried = http::Request::new(Bytes::copy_from_slice(body));
        *carried.method_mut() = request.method().clone();
        *carried.headers_mut() = request.headers().clone();
        let uri = request.url().as_str().parse();
        *carried.uri_mut() = uri.map_err(|error| FinchApiError::Backend(Box::new(error)))?;
        Ok(transport.send(carried).await?.into())
    }
}
