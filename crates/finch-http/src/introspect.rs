//! Asking what Finch knows of a token.

use finch_core::{AccessToken, FinchApiError, Introspection};
use reqwest::Method;

use crate::{
    HttpFinch,
    call::{Call, Repeat, bearer},
    facts::{facts, unplaced},
    reply::{Problem, Reply},
};

/// `GET /introspect`
#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: compared with what comes back, so that no error repeats it"
)]
pub(crate) async fn introspect(
    finch: &HttpFinch,
    token: &AccessToken,
) -> Result<Introspection, FinchApiError> {
    let call = Call {
        operation: "introspect",
        method: Method::GET,
        url: &finch.urls.introspect,
        authorization: Some(bearer(token)?),
        body: None,
        secrets: [token.expose(), ""],
        repeat: Repeat::Freely,
    };
    finch.send(call, introspection).await
}

fn introspection(reply: &Reply) -> Result<Introspection, Problem> {
    let answer = reply.leading_object()?;
    let (token_id, facts) = (answer.id("id"), facts(&answer));
    if token_id.is_none() && facts.connection_id.is_none() && facts.provider_id.is_none() {
        // It speaks of no token: something else has answered.
        return Err(unplaced(&answer));
    }
    let status = answer.object("connection_status").and_then(|status| status.text("status"));
    Ok(Introspection {
        token_id,
        facts,
        status: status.filter(|status| !status.is_empty()).map(Into::into),
        client_id: answer.id("client_id"),
        request_id: reply.request_id.clone(),
    })
}
