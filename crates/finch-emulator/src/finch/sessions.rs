//! `POST /connect/sessions` and `POST /connect/sessions/reauthenticate`

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::require_client;
use crate::{
    http::{self, AbsoluteUrl, ApiError, Invalid, Names, Request, Response, Text, checked},
    world::{Authentication, Customer, PRODUCTS, ProviderName, Session, World},
};

/// The longest lifetime of a session, and that of a new one unless it names another: 90 days.
const MAX_MINUTES: f64 = 129_600.0;
/// The lifetime of a session to reauthenticate unless it names another: 30 days.
const REAUTHENTICATION_MINUTES: f64 = 43_200.0;

/// `CreateConnectSessionRequest`
#[derive(Deserialize)]
struct NewSession {
    customer_id: Text,
    customer_name: Text,
    customer_email: Option<Email>,
    products: Products,
    redirect_uri: Option<AbsoluteUrl>,
    minutes_to_expire: Option<Minutes>,
    #[serde(rename = "sandbox")]
    _sandbox: Option<Sandbox>,
    manual: Option<bool>,
    integration: Option<Integration>,
    recordkeeping: Option<Recordkeeping>,
}

#[derive(Deserialize)]
struct Integration {
    provider: Text,
    auth_method: Option<Authentication>,
}

#[derive(Deserialize)]
struct Recordkeeping {
    #[serde(rename = "plan_id")]
    _plan_id: Option<Text>,
    #[serde(rename = "recordkeeper")]
    _recordkeeper: Recordkeeper,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Recordkeeper {
    Voya,
    Empower,
    Fidelity,
    Transamerica,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sandbox {
    Finch,
    Provider,
}

/// `ReauthenticateRequest`
#[derive(Deserialize)]
struct Reauthentication {
    connection_id: String,
    products: Option<Products>,
    redirect_uri: Option<AbsoluteUrl>,
    minutes_to_expire: Option<Minutes>,
}

checked!(
    Email(String),
    |email| email
        .split_once('@')
        .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty()),
    "must be an email address"
);

checked!(
    #[derive(Clone, Copy)]
    Minutes(f64),
    |minutes| (1.0..=MAX_MINUTES).contains(minutes),
    format!("must be from 1 to {MAX_MINUTES}")
);

checked!(
    /// Products that exist, each once.
    Products(Names),
    |names| names.0.iter().all(|name| PRODUCTS.iter().any(|(id, _)| id == name)),
    format!("may only contain: {}", PRODUCTS.map(|(id, _)| id).join(", "))
);

impl From<Minutes> for Duration {
    fn from(Minutes(minutes): Minutes) -> Self {
        Self::from_secs_f64(minutes * 60.0)
    }
}

/// `POST /connect/sessions`: Basic authentication, 201.
pub(super) fn create(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    require_client(world, request)?;
    let new: NewSession = request.json().map_err(|error| ApiError::invalid_session(&error))?;
    if new.recordkeeping.is_some() && !new.products.0.0.iter().any(|it| it == "recordkeeping") {
        let rule = "needs the product recordkeeping";
        return Err(ApiError::invalid_session(&Invalid::new("recordkeeping", rule)));
    }
    let (provider, auth_method) = match new.integration {
        Some(it) => (Some(ProviderName::named(&it.provider.0)), it.auth_method),
        None => (None, None),
    };
    let customer = Customer {
        id: new.customer_id.0,
        name: Some(new.customer_name.0),
        email: new.customer_email.map(|email| email.0),
    };
    let held = world.connection_of_customer(&customer.id);
    let customer_id = customer.id.clone();
    let session = Session {
        customer: Some(customer),
        products: new.products.0.0,
        redirect_uri: new.redirect_uri.map(|uri| uri.0),
        provider,
        manual: new.manual.unwrap_or(false),
        auth_method,
        reauthenticates: None,
        used: false,
    };
    check_method(&session)?;
    if let Some(connection) = held {
        return Err(ApiError::connection_already_exists(&customer_id, connection));
    }
    Ok(open(world, session, new.minutes_to_expire.unwrap_or(Minutes(MAX_MINUTES))))
}

/// `manual` asks for the assisted method, and the provider must offer the method.
fn check_method(session: &Session) -> Result<(), ApiError> {
    let Some(method) = session.method() else { return Ok(()) };
    if session.manual && method != Authentication::Assisted {
        return Err(ApiError::invalid_session_pairing("manual", "true", method.as_str()));
    }
    match &session.provider {
        Some(provider) if !provider.offers(method) => {
            Err(ApiError::invalid_session_pairing("provider", &provider.id, method.as_str()))
        }
        _ => Ok(()),
    }
}

/// `POST /connect/sessions/reauthenticate`: Basic authentication, 201.
pub(super) fn reauthenticate(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    require_client(world, request)?;
    let body: Reauthentication =
        request.json().map_err(|error| ApiError::invalid_session(&error))?;
    if body.minutes_to_expire.is_some_and(|Minutes(minutes)| minutes.fract() != 0.0) {
        let invalid = Invalid::new("minutes_to_expire", "must be a whole number");
        return Err(ApiError::invalid_session(&invalid));
    }
    let id = Uuid::try_parse(&body.connection_id).ok();
    let connection = id.and_then(|id| world.live_connection(id));
    let connection = connection.ok_or_else(ApiError::connection_not_found)?;
    let last = world.newest_token(connection).ok_or_else(ApiError::connection_not_found)?;
    let products = body.products.map(|products| products.0.0);
    let session = Session {
        customer: world.customer_of(connection),
        products: products.unwrap_or_else(|| last.grant.products.clone()),
        redirect_uri: body.redirect_uri.map(|uri| uri.0),
        provider: Some(connection.provider.clone()),
        manual: false,
        auth_method: Some(last.grant.authentication),
        reauthenticates: Some(connection.id),
        used: false,
    };
    Ok(open(world, session, body.minutes_to_expire.unwrap_or(Minutes(REAUTHENTICATION_MINUTES))))
}

fn open(world: &mut World, session: Session, lifetime: Minutes) -> Response {
    let id = world.open_session(session, lifetime.into());
    let connect_url = format!("{}/authorize?session={id}", world.base_url);
    let body = json!({ "session_id": id, "connect_url": connect_url });
    http::json(StatusCode::CREATED, &body)
}
