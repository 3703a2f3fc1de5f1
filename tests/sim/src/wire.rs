//! Finch's wire format, as finch-http writes and reads it, over calls in process.

use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use finch_core::{
    AccessToken, Answer, ConnectSession, ConnectUrl, FinchApiError, Grant, Introspection,
    NewSession, PartialFacts, Product, ReauthenticateSession, RequestId, TokenFacts,
};
use finch_emulator::{LocalAnswer, LocalEmulator};
use serde_json::{Value, json};

/// An answer of Finch's, read.
pub(crate) struct Reply {
    status: u16,
    request_id: Option<RequestId>,
    body: Value,
}

fn text<T: FromStr>(object: &Value, name: &str) -> Option<T> {
    object.get(name)?.as_str()?.parse().ok()
}

fn products(object: &Value) -> Vec<Product> {
    let listed = object.get("products").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).map(Product::from).collect()
}

impl Reply {
    fn of(answer: Option<LocalAnswer>) -> Result<Self, FinchApiError> {
        let lost = || FinchApiError::NoAnswer { problem: "cut off".into(), sent: true };
        let answer = answer.ok_or_else(lost)?;
        Ok(Self {
            status: answer.status,
            request_id: answer.header("finch-request-id").and_then(|id| id.parse().ok()),
            body: serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
        })
    }

    fn success(self) -> Result<Self, FinchApiError> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.answer().into_error()) }
    }

    fn answer(&self) -> Answer {
        let (name, finch_code) = (text(&self.body, "name"), text(&self.body, "finch_code"));
        let shaped = self.body.get("code").is_some() && self.body.get("message").is_some();
        let context = self.body.get("context").unwrap_or(&Value::Null);
        Answer {
            status: self.status,
            finch_shaped: name.is_some() || finch_code.is_some() || shaped,
            name,
            finch_code,
            connection_id: text(context, "connection_id"),
            customer_id: text(context, "customer_id"),
            request_id: self.request_id.clone(),
            retry_after: None,
        }
    }

    fn unreadable(&self) -> FinchApiError {
        let answer = Some(Box::new(Answer { finch_shaped: false, ..self.answer() }));
        FinchApiError::Unreadable { problem: "something is missing".into(), answer }
    }

    fn required<T: FromStr>(&self, name: &str) -> Result<T, FinchApiError> {
        text(&self.body, name).ok_or_else(|| self.unreadable())
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// `POST /auth/token`
pub(crate) fn exchange(
    finch: &mut LocalEmulator,
    code: &str,
    redirect_uri: Option<&str>,
) -> Result<Grant, FinchApiError> {
    let mut body = json!({
        "client_id": finch.client_id(), "client_secret": finch.client_secret(), "code": code,
    });
    if let Some(uri) = redirect_uri {
        body["redirect_uri"] = uri.into();
    }
    let sent = finch.call("POST", "/auth/token", &[], body.to_string().as_bytes());
    let reply = Reply::of(sent)?.success()?;
    let secret: String = reply.required("access_token")?;
    let body = &reply.body;
    let facts = TokenFacts {
        connection_id: reply.required("connection_id")?,
        provider_id: reply.required("provider_id")?,
        company_id: text(body, "company_id"),
        finch_customer_id: text(body, "customer_id"),
        customer_name: text(body, "customer_name"),
        products: products(body),
        client_type: text::<String>(body, "client_type").map(Into::into),
        connection_type: text::<String>(body, "connection_type").map(Into::into),
        token_type: text(body, "token_type"),
        account_id: text(body, "account_id"),
        entity_ids: Vec::new(),
    };
    Ok(Grant { secret: AccessToken::new(secret), facts })
}

/// `GET /introspect`
pub(crate) fn introspect(
    finch: &mut LocalEmulator,
    token: &str,
) -> Result<Introspection, FinchApiError> {
    let sent = finch.call("GET", "/introspect", &[("authorization", &bearer(token))], b"");
    let reply = Reply::of(sent)?.success()?;
    let body = &reply.body;
    let status = body.get("connection_status").and_then(|s| text::<String>(s, "status"));
    Ok(Introspection {
        token_id: text(body, "id"),
        facts: PartialFacts {
            connection_id: Some(reply.required("connection_id")?),
            provider_id: Some(reply.required("provider_id")?),
            company_id: text(body, "company_id"),
            finch_customer_id: text(body, "customer_id"),
            products: Some(products(body)),
            ..PartialFacts::default()
        },
        status: Some(status.ok_or_else(|| reply.unreadable())?.into()),
        client_id: text(body, "client_id"),
        request_id: reply.request_id.clone(),
    })
}

/// `POST /disconnect`
pub(crate) fn disconnect(
    finch: &mut LocalEmulator,
    token: &str,
) -> Result<Option<RequestId>, FinchApiError> {
    let sent = finch.call("POST", "/disconnect", &[("authorization", &bearer(token))], b"");
    let reply = Reply::of(sent)?.success()?;
    match reply.required::<String>("status")?.as_str() {
        "success" => Ok(reply.request_id),
        _ => Err(FinchApiError::Rejected(Box::new(reply.answer()))),
    }
}

/// `POST /connect/sessions`
pub(crate) fn new_session(
    finch: &mut LocalEmulator,
    session: &NewSession,
) -> Result<ConnectSession, FinchApiError> {
    let mut body = json!({
        "customer_id": session.customer_id.as_str(),
        "customer_name": session.customer_name,
        "products": session.products,
        "minutes_to_expire": session.lifetime.as_secs() / 60,
    });
    if let Some(uri) = &session.redirect_uri {
        body["redirect_uri"] = uri.as_str().into();
    }
    opened(finch, "/connect/sessions", &body)
}

/// `POST /connect/sessions/reauthenticate`
pub(crate) fn reauthenticate_session(
    finch: &mut LocalEmulator,
    session: &ReauthenticateSession,
) -> Result<ConnectSession, FinchApiError> {
    let mut body = json!({
        "connection_id": session.connection_id.as_str(),
        "minutes_to_expire": session.lifetime.as_secs() / 60,
    });
    if let Some(uri) = &session.redirect_uri {
        body["redirect_uri"] = uri.as_str().into();
    }
    opened(finch, "/connect/sessions/reauthenticate", &body)
}

fn opened(
    finch: &mut LocalEmulator,
    path: &str,
    body: &Value,
) -> Result<ConnectSession, FinchApiError> {
    let client = STANDARD.encode(format!("{}:{}", finch.client_id(), finch.client_secret()));
    let basic = format!("Basic {client}");
    let sent = finch.call("POST", path, &[("authorization", &basic)], body.to_string().as_bytes());
    let reply = Reply::of(sent)?.success()?;
    let connect_url: String = reply.required("connect_url")?;
    let connect_url = ConnectUrl::new(connect_url);
    Ok(ConnectSession { session_id: reply.required("session_id")?, connect_url })
}

/// A person logs in at the page of a session: the code that comes back.
pub(crate) fn log_in(
    finch: &mut LocalEmulator,
    session: &str,
    provider: &str,
    company: &str,
    credentials: &str,
) -> Option<String> {
    let form = format!(
        "session={session}&provider={provider}&company={company}&user=u&credentials={credentials}&action=connect"
    );
    let answer = finch.call("POST", "/authorize", &[], form.as_bytes())?;
    let page = String::from_utf8_lossy(&answer.body);
    let code = match answer.header("location") {
        Some(location) => location.split_once("code=")?.1.split('&').next(),
        None => page.split_once("<code>")?.1.split("</code>").next(),
    };
    code.map(str::to_owned)
}
