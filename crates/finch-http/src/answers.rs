//! What the success of each call says.

use finch_core::{
    AccessToken, ConnectSession, ConnectUrl, ConnectionId, FinchApiError, Grant, Introspection,
    Origin, PartialFacts, Product, RequestId,
};

use crate::{
    reply::{NotSuccess, Reply},
    wire::Object,
};

/// A token, whatever else is wrong with the answer.
pub(crate) enum Issued {
    Placed(Grant),
    /// The answer does not say which connection it belongs to.
    Unplaced {
        secret: AccessToken,
        facts: PartialFacts,
        error: FinchApiError,
    },
}

/// `POST /auth/token`
pub(crate) fn issued(reply: &Reply) -> Result<Issued, NotSuccess> {
    let answer = reply.leading_object()?;
    let Some(secret) = answer.find("access_token", |text| is_token(text)) else {
        answer.required("access_token")?;
        let problem = "access_token holds a character that no token has";
        return Err(NotSuccess::Unreadable(problem.to_owned()));
    };
    let (secret, facts) = (AccessToken::new(secret), facts(&answer));
    Ok(match facts.clone().complete() {
        Some(facts) => Issued::Placed(Grant { secret, facts }),
        None => Issued::Unplaced { secret, facts, error: reply.problem(unplaced(&answer)) },
    })
}

fn is_token(text: &str) -> bool {
    let is_foreign = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    !text.is_empty() && !text.contains(is_foreign)
}

/// `GET /introspect`
pub(crate) fn introspection(reply: &Reply) -> Result<Introspection, NotSuccess> {
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
        request_id: reply.answer.request_id.clone(),
    })
}

/// `POST /disconnect`
pub(crate) fn acknowledgement(reply: &Reply) -> Result<Option<RequestId>, NotSuccess> {
    match reply.object()?.required("status")?.as_str() {
        "success" => Ok(reply.answer.request_id.clone()),
        _ => Err(NotSuccess::Declined),
    }
}

/// `POST /connect/sessions` and `POST /connect/sessions/reauthenticate`
pub(crate) fn connect_session(reply: &Reply) -> Result<ConnectSession, NotSuccess> {
    let answer = reply.object()?;
    let session_id = answer.required_id("session_id")?;
    let connect_url = answer.required("connect_url")?;
    match Origin::new(&connect_url) {
        Ok(_) => Ok(ConnectSession { session_id, connect_url: ConnectUrl::new(connect_url) }),
        Err(problem) => Err(NotSuccess::Unreadable(format!("connect_url {problem}"))),
    }
}

/// What an answer says about a token. A field that is missing, null or of a wrong type is left out.
fn facts(answer: &Object<'_>) -> PartialFacts {
    let products = answer.texts("products");
    PartialFacts {
        connection_id: answer.id("connection_id"),
        // The second is the deprecated name of the first.
        provider_id: answer.id("provider_id").or_else(|| answer.id("payroll_provider_id")),
        company_id: answer.id("company_id"),
        finch_customer_id: answer.id("customer_id"),
        products: products.map(|products| products.into_iter().map(Product::from).collect()),
    }
}

/// Why an answer does not say which connection a token belongs to.
fn unplaced(answer: &Object<'_>) -> NotSuccess {
    match answer.required_id::<ConnectionId>("connection_id") {
        Err(problem) => problem,
        Ok(_) => answer.no_text("provider_id"),
    }
}
