//! `POST /connect/sessions` and `POST /connect/sessions/reauthenticate`: invitations to log in.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::{
    answer::{self, Answer},
    call::Call,
    fields::{Fields, Invalid},
    refusal::Refusal,
    world::{Authentication, Customer, ProviderName, Session, World},
};

const PRODUCTS: [&str; 14] = [
    "benefits",
    "company",
    "deduction",
    "directory",
    "documents",
    "employment",
    "individual",
    "payment",
    "pay_statement",
    "plans",
    "plans_dependents",
    "plans_enrollments",
    "recordkeeping",
    "ssn",
];
const RECORDKEEPERS: [&str; 4] = ["voya", "empower", "fidelity", "transamerica"];

/// The longest life of a session, and that of a new one unless it says otherwise: 90 days.
const MOST_MINUTES: f64 = 129_600.0;
/// The life of a session to reauthenticate unless it says otherwise: 30 days.
const REAUTHENTICATION_MINUTES: f64 = 43_200.0;

/// `POST /connect/sessions`: Basic authentication, 201.
pub(crate) fn new(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    require_client(world, call)?;
    let (session, lifetime) = read_new(call).map_err(|error| Refusal::invalid_session(&error))?;
    check_method(&session)?;
    if let Some(customer) = &session.customer
        && let Some(connection) = world.connection_of_customer(&customer.id)
    {
        return Err(Refusal::connection_already_exists(&customer.id, &connection.to_string()));
    }
    Ok(opened(world, session, lifetime))
}

/// `POST /connect/sessions/reauthenticate`: Basic authentication, 201.
pub(crate) fn reauthenticate(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    require_client(world, call)?;
    let request = read_reauthentication(call).map_err(|error| Refusal::invalid_session(&error))?;
    let connection = Uuid::try_parse(&request.connection_id)
        .ok()
        .and_then(|id| world.live_connection(id))
        .ok_or_else(Refusal::connection_not_found)?;
    let last = world.newest_token(connection).ok_or_else(Refusal::connection_not_found)?;
    let session = Session {
        customer: world.customer_of(connection),
        products: request.products.unwrap_or_else(|| last.grant.products.clone()),
        redirect_uri: request.redirect_uri,
        provider: Some(connection.provider.clone()),
        manual: false,
        auth_method: Some(last.grant.authentication),
        reauthenticates: Some(connection.id),
        used: false,
    };
    Ok(opened(world, session, request.lifetime))
}

fn require_client(world: &World, call: &Call) -> Result<(), Refusal> {
    call.require_client(&world.config.client_id, &world.config.client_secret)
}

fn opened(world: &mut World, session: Session, lifetime: Duration) -> Answer {
    let id = world.open_session(session, lifetime);
    let connect_url = format!("{}/authorize?session={id}", world.base_url);
    let body = json!({ "session_id": id, "connect_url": connect_url });
    answer::json(StatusCode::CREATED, &body)
}

/// `CreateConnectSessionRequest`
fn read_new(call: &Call) -> Result<(Session, Duration), Invalid> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    let customer = Customer {
        id: fields.text("customer_id")?.to_owned(),
        name: Some(fields.text("customer_name")?.to_owned()),
        email: read_email(&fields)?,
    };
    let products =
        read_products(&fields)?.ok_or_else(|| fields.invalid("products", "is required"))?;
    let redirect_uri = fields.url("redirect_uri")?.map(str::to_owned);
    let lifetime = read_lifetime(&fields, MOST_MINUTES)?;
    fields.one_of("sandbox", &["finch", "provider"], |word| word)?;
    let manual = fields.boolean("manual")?.unwrap_or(false);
    let (provider, method) = match fields.object("integration", "integration.")? {
        Some(integration) => (
            Some(ProviderName::named(integration.text("provider")?)),
            integration.one_of("auth_method", &Authentication::ALL, Authentication::as_str)?,
        ),
        None => (None, None),
    };
    check_recordkeeping(&fields, &products)?;
    let session = Session {
        customer: Some(customer),
        products,
        redirect_uri,
        provider,
        manual,
        auth_method: method,
        reauthenticates: None,
        used: false,
    };
    Ok((session, lifetime))
}

/// `manual` asks for the assisted method, and the provider must offer the method.
fn check_method(session: &Session) -> Result<(), Refusal> {
    let Some(method) = session.method() else { return Ok(()) };
    if session.manual && method != Authentication::Assisted {
        return Err(Refusal::invalid_session_pairing("manual", "true", method));
    }
    match &session.provider {
        Some(provider) if !provider.offers(method) => {
            Err(Refusal::invalid_session_pairing("provider", &provider.id, method))
        }
        _ => Ok(()),
    }
}

/// `ReauthenticateRequest`
struct Reauthentication {
    connection_id: String,
    products: Option<Vec<String>>,
    redirect_uri: Option<String>,
    lifetime: Duration,
}

fn read_reauthentication(call: &Call) -> Result<Reauthentication, Invalid> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    if fields.number("minutes_to_expire")?.is_some_and(|minutes| minutes.fract() != 0.0) {
        return Err(fields.invalid("minutes_to_expire", "must be a whole number"));
    }
    Ok(Reauthentication {
        connection_id: fields.string("connection_id")?.to_owned(),
        products: read_products(&fields)?,
        redirect_uri: fields.url("redirect_uri")?.map(str::to_owned),
        lifetime: read_lifetime(&fields, REAUTHENTICATION_MINUTES)?,
    })
}

fn read_products(fields: &Fields<'_>) -> Result<Option<Vec<String>>, Invalid> {
    let products = fields.strings("products")?;
    let known = |product: &String| PRODUCTS.contains(&product.as_str());
    if products.as_ref().is_some_and(|products| !products.iter().all(known)) {
        let rule = format!("may only contain: {}", PRODUCTS.join(", "));
        return Err(fields.invalid("products", rule));
    }
    Ok(products)
}

fn read_lifetime(fields: &Fields<'_>, otherwise: f64) -> Result<Duration, Invalid> {
    let minutes = fields.number("minutes_to_expire")?.unwrap_or(otherwise);
    if !(1.0..=MOST_MINUTES).contains(&minutes) {
        let rule = format!("must be from 1 to {MOST_MINUTES}");
        return Err(fields.invalid("minutes_to_expire", rule));
    }
    Ok(Duration::from_secs_f64(minutes * 60.0))
}

fn read_email(fields: &Fields<'_>) -> Result<Option<String>, Invalid> {
    match fields.optional_string("customer_email")? {
        Some(email) if email.split_once('@').is_none_or(|(a, b)| a.is_empty() || b.is_empty()) => {
            Err(fields.invalid("customer_email", "must be an email address"))
        }
        email => Ok(email.map(str::to_owned)),
    }
}

fn check_recordkeeping(fields: &Fields<'_>, products: &[String]) -> Result<(), Invalid> {
    let Some(given) = fields.object("recordkeeping", "recordkeeping.")? else {
        return Ok(());
    };
    if !products.iter().any(|product| product == "recordkeeping") {
        return Err(fields.invalid("recordkeeping", "needs the product recordkeeping"));
    }
    given.optional_text("plan_id")?;
    match given.one_of("recordkeeper", &RECORDKEEPERS, |word| word)? {
        Some(_) => Ok(()),
        None => Err(given.invalid("recordkeeper", "is required")),
    }
}
