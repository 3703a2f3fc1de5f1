//! Asking what Finch knows of a token.

use finch_core::{AccessToken, FinchApiError, Introspection, Product};
use reqwest::Method;

use crate::{
    HttpFinch,
    call::{Call, Repeat, bearer},
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
    let answer = reply.object()?;
    Ok(Introspection {
        token_id: answer.id("id"),
        connection_id: answer.required_id("connection_id")?,
        provider_id: answer.required_id("provider_id")?,
        company_id: answer.id("company_id"),
        finch_customer_id: answer.id("customer_id"),
        products: answer.texts("products").map(Product::from).collect(),
        status: answer.required_object("connection_status")?.required("status")?.into(),
        client_id: answer.id("client_id"),
        request_id: reply.request_id.clone(),
    })
}
