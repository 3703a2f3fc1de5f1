//! Exchanging a code for a token.

use finch_core::{AccessToken, AuthorizationCode, FinchApiError, Grant, PartialFacts, RedirectUri};
use reqwest::Method;
use serde::Serialize;

use crate::{
    HttpFinch,
    call::{Call, Repeat, json},
    facts::{facts, unplaced},
    introspect::introspect,
    reply::{Problem, Reply},
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
        Issued::Unplaced { secret, facts, error } => {
            let more = introspect(finch, &secret).await.map(|said| said.facts).unwrap_or_default();
            match facts.or(more).complete() {
                Some(facts) => Ok(Grant { secret, facts }),
                None => Err(FinchApiError::Unplaced { secret, source: Box::new(error) }),
            }
        }
    }
}

/// A token, whatever else is wrong with the answer.
enum Issued {
    Placed(Grant),
    /// The answer does not say which connection it belongs to.
    Unplaced {
        secret: AccessToken,
        facts: PartialFacts,
        error: FinchApiError,
    },
}

fn issued(reply: &Reply) -> Result<Issued, Problem> {
    let answer = reply.leading_object()?;
    let secret = match answer.find("access_token", |text| is_token(text)) {
        Some(secret) => AccessToken::new(secret),
        None => {
            answer.required("access_token")?;
            let problem = "access_token holds a character that no token has";
            return Err(Problem::Unreadable(problem.to_owned()));
        }
    };
    let facts = facts(&answer);
    Ok(match facts.clone().complete() {
        Some(facts) => Issued::Placed(Grant { secret, facts }),
        None => Issued::Unplaced { secret, facts, error: reply.problem(unplaced(&answer)) },
    })
}

fn is_token(text: &str) -> bool {
    let is_foreign = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    !text.is_empty() && !text.contains(is_foreign)
}
