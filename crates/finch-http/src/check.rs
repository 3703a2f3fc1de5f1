//! A check that Finch can be reached and knows the application.

use std::time::Duration;

use finch_core::{ConnectionId, FinchApi as _, FinchApiError, ReauthenticateSession, RequestId};

use crate::HttpFinch;

/// No connection has this id: it is the nil UUID.
const NO_CONNECTION: &str = "00000000-0000-0000-0000-000000000000";

impl HttpFinch {
    /// Asks Finch to renew a connection that does not exist: nothing changes there, and no token is needed.
    /// Returns Finch's request id of the answer.
    ///
    /// Success proves that something at the address answers as Finch does, and has not refused the client id and
    /// its secret with [`FinchApiError::InvalidClient`]. By Finch's API description it answers wrong ones with
    /// 401, and an unknown connection with 400. The description does not say which check comes first; this has
    /// not been tried against Finch itself.
    ///
    /// # Errors
    /// [`FinchApiError`]: why there is no such answer.
    pub async fn check(&self) -> Result<Option<RequestId>, FinchApiError> {
        let connection_id = ConnectionId::new(NO_CONNECTION)
            .map_err(|error| FinchApiError::Backend(Box::new(error)))?;
        let session = ReauthenticateSession {
            connection_id,
            products: Vec::new(),
            redirect_uri: None,
            lifetime: Duration::from_secs(60),
        };
        match self.reauthenticate_session(&session).await {
            Ok(_) => Ok(None),
            Err(FinchApiError::Rejected(answer))
                if answer.finch_shaped && matches!(answer.status, 400 | 404 | 422) =>
            {
                Ok(answer.request_id)
            }
            Err(error) => Err(error),
        }
    }
}
