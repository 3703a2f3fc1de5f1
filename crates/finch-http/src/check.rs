//! Whether Finch can be reached, and knows the application.

use std::time::Duration;

use finch_core::{ConnectionId, FinchApi as _, FinchApiError, ReauthenticateSession, RequestId};

use crate::HttpFinch;

/// No connection has this id: it is the nil UUID.
const NO_CONNECTION: &str = "00000000-0000-0000-0000-000000000000";

/// Finch has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// Finch's request id of the answer.
    pub request_id: Option<RequestId>,
}

impl HttpFinch {
    /// Asks Finch to renew a connection that does not exist: nothing changes there, and no token is needed.
    ///
    /// What it proves: something at the address answers as Finch does, and has not refused the client id and
    /// its secret, which it does with [`FinchApiError::InvalidClient`]. By Finch's API description a request
    /// with wrong ones is answered 401, and one for an unknown connection 400. It does not say in which
    /// order Finch looks; this has not been tried against Finch itself.
    ///
    /// # Errors
    /// [`FinchApiError`]: what stands in the way.
    pub async fn check(&self) -> Result<Reached, FinchApiError> {
        let connection_id = ConnectionId::new(NO_CONNECTION)
            .map_err(|error| FinchApiError::Backend(Box::new(error)))?;
        let session = ReauthenticateSession {
            connection_id,
            products: Vec::new(),
            redirect_uri: None,
            lifetime: Duration::from_secs(60),
        };
        match self.reauthenticate_session(&session).await {
            Ok(_) => Ok(Reached { request_id: None }),
            Err(FinchApiError::Rejected(answer))
                if answer.finch_shaped && matches!(answer.status, 400 | 404 | 422) =>
            {
                Ok(Reached { request_id: answer.request_id })
            }
            Err(error) => Err(error),
        }
    }
}
