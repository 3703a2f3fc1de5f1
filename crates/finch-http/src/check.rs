//! A check that Finch can be reached and knows the application.

use finch_core::{
    ConnectRequest, ConnectionId, FailureKind, FinchApi as _, FinchApiError, Flow, RequestId,
};

use crate::HttpFinch;

/// No connection has this id: it is the nil UUID.
const NO_CONNECTION: &str = "00000000-0000-0000-0000-000000000000";

impl HttpFinch {
    /// Asks Finch to renew a connection that does not exist: nothing changes there, and no token is needed.
    /// Returns Finch's request id of the answer.
    ///
    /// Success proves that something at the address answers as Finch does, and has not refused the client id and
    /// its secret with [`InvalidClient`](FailureKind::InvalidClient). By Finch's API description it answers wrong ones with
    /// 401, and an unknown connection with 400. The description does not say which check comes first; this has
    /// not been tried against Finch itself.
    ///
    /// # Errors
    /// [`FinchApiError`]: why there is no such answer.
    pub async fn check(&self) -> Result<Option<RequestId>, FinchApiError> {
        let connection = ConnectionId::new(NO_CONNECTION)
            .map_err(|error| FinchApiError::Backend(Box::new(error)))?;
        let request = ConnectRequest::new("", Vec::new(), Flow::Embedded);
        match self.reauthenticate_session(&connection, &request).await {
            Ok(_) => Ok(None),
            Err(FinchApiError::Answered(answer))
                if answer.kind() == FailureKind::Rejected
                    && answer.finch_shaped
                    && matches!(answer.status, 400 | 404 | 422) =>
            {
                Ok(answer.request_id)
            }
            Err(error) => Err(error),
        }
    }
}
