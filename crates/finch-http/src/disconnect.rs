//! Ending a connection at Finch.

use finch_core::{AccessToken, FinchApiError, RequestId};
use reqwest::Method;

use crate::{
    HttpFinch,
    call::{Call, Repeat, bearer},
    reply::{Problem, Reply},
};

/// `POST /disconnect`, with an empty body
#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: compared with what comes back, so that no error repeats it"
)]
pub(crate) async fn disconnect(
    finch: &HttpFinch,
    token: &AccessToken,
) -> Result<Option<RequestId>, FinchApiError> {
    let call = Call {
        operation: "disconnect",
        method: Method::POST,
        url: &finch.urls.disconnect,
        authorization: Some(bearer(token)?),
        body: None,
        secrets: [token.expose(), ""],
        // A success must not hide an earlier try that was lost.
        repeat: Repeat::Unseen,
    };
    finch.send(call, acknowledgement).await
}

fn acknowledgement(reply: &Reply) -> Result<Option<RequestId>, Problem> {
    match reply.object()?.required("status")?.as_str() {
        "success" => Ok(reply.request_id.clone()),
        _ => Err(Problem::Declined),
    }
}
