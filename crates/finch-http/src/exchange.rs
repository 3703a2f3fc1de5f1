//! Exchanging a code for a token.

use finch_core::{
    AccessToken, AuthorizationCode, FinchApiError, Grant, Introspection, Product, RedirectUri,
    TokenFacts,
};
use reqwest::Method;
use serde::Serialize;

use crate::{
    HttpFinch,
    call::{Call, Repeat, json},
    introspect::introspect,
    reply::{Problem, Reply},
    wire::Object,
};

#[derive(Serialize)]
struct Request<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
}

/// `POST /auth/token`
#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: Finch wants code and client secret in the body"
)]
pub(crate) async fn exchange(
    finch: &HttpFinch,
    code: &AuthorizationCode,
    redirect_uri: Option<&RedirectUri>,
) -> Result<Grant, FinchApiError> {
    let request = Request {
        client_id: finch.config.client_id.as_str(),
        client_secret: finch.config.client_secret.expose(),
        code: code.expose(),
        redirect_uri: redirect_uri.map(RedirectUri::as_str),
    };
    let call = Call {
        operation: "exchange",
        method: Method::POST,
        url: &finch.urls.exchange,
        authorization: None,
        body: Some(json(&request)?),
        secrets: [request.client_secret, request.code],
        repeat: Repeat::Unseen,
    };
    match finch.send(call, issued).await? {
        Issued::Placed(grant) => Ok(grant),
        // The token is live and billed: Finch may say elsewhere where it belongs.
        Issued::Unplaced(secret, error) => match introspect(finch, &secret).await {
            Ok(said) => Ok(Grant { secret, facts: facts_from(said) }),
            Err(_) => Err(error),
        },
    }
}

/// A token, whatever else is wrong with the answer.
enum Issued {
    Placed(Grant),
    /// The answer does not say which connection it belongs to.
    Unplaced(AccessToken, FinchApiError),
}

fn issued(reply: &Reply) -> Result<Issued, Problem> {
    let answer = reply.object()?;
    let secret = answer.required("access_token")?;
    if secret.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Err(Problem::Unreadable("access_token holds a character that no token has".into()));
    }
    let secret = AccessToken::new(secret);
    Ok(match facts(&answer) {
        Ok(facts) => Issued::Placed(Grant { secret, facts }),
        Err(problem) => Issued::Unplaced(secret, reply.problem(problem)),
    })
}

/// Only what identity needs is required.
fn facts(answer: &Object<'_>) -> Result<TokenFacts, Problem> {
    Ok(TokenFacts {
        connection_id: answer.required_id("connection_id")?,
        provider_id: answer.required_id("provider_id")?,
        company_id: answer.id("company_id"),
        finch_customer_id: answer.id("customer_id"),
        customer_name: answer.text("customer_name"),
        products: answer.texts("products").map(Product::from).collect(),
        client_type: answer.text("client_type").map(Into::into),
        connection_type: answer.text("connection_type").map(Into::into),
        token_type: answer.text("token_type"),
        account_id: answer.id("account_id"),
        entity_ids: answer.texts("entity_ids").filter_map(|id| id.parse().ok()).collect(),
    })
}

fn facts_from(said: Introspection) -> TokenFacts {
    TokenFacts {
        connection_id: said.connection_id,
        provider_id: said.provider_id,
        company_id: said.company_id,
        finch_customer_id: said.finch_customer_id,
        customer_name: None,
        products: said.products,
        client_type: None,
        connection_type: None,
        token_type: None,
        account_id: None,
        entity_ids: Vec::new(),
    }
}
