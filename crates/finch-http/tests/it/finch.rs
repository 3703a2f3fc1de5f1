//! The client under test, what it is called with, and what must never show.

use std::time::Duration;

use finch_core::{
    AccessToken, AuthorizationCode, Backoff, ClientId, ClientSecret, ConnectRequest,
    ConnectSession, ConnectionId, FinchApi, FinchApiError, FinchCustomerId, Flow, Grant,
    Introspection, Product,
};
use finch_http::{HttpFinch, HttpFinchConfig};

use crate::{
    log,
    server::{Play, Server},
};

pub(crate) const CLIENT_ID: &str = "4ab15e51-11ad-49f4-acae-f343b7794375";
pub(crate) const SECRET: &str = "canary-client-secret";
pub(crate) const TOKEN: &str = "canary-access-token";
pub(crate) const CODE: &str = "canary-code";

/// The answer to an exchange, field by field.
pub(crate) const GRANT: [(&str, &str); 12] = [
    ("access_token", r#""canary-access-token""#),
    ("token_type", r#""bearer""#),
    ("connection_id", r#""bc3a2af9-ce03-46c4-9142-81abe789c64d""#),
    ("customer_id", r#""1234567890""#),
    ("customer_name", r#""Acme Inc""#),
    ("account_id", r#""ac3a2af9-ce03-46c4-9142-81abe789c64d""#),
    ("client_type", r#""production""#),
    ("company_id", r#""4ab15e51-11ad-49f4-acae-f343b7794375""#),
    ("connection_type", r#""provider""#),
    ("products", r#"["directory","employment","new_product"]"#),
    ("provider_id", r#""gusto""#),
    ("entity_ids", r#"["550e8400-e29b-41d4-a716-446655440000"]"#),
];

pub(crate) const INTROSPECTION: &str = r#"{"id":"t-1","client_id":"c","client_type":"production",
    "connection_id":"bc3a2af9","connection_status":{"status":"connected"},
    "connection_type":"provider","products":["company"],"provider_id":"gusto","manual":"false",
    "company_id":"4ab15e51","customer_id":null}"#;

pub(crate) const SESSION: &str = r#"{"session_id":"s-1","connect_url":"https://connect.tryfinch.com/authorize?session=canary-session"}"#;

pub(crate) const SUCCESS: &str = r#"{"status":"success"}"#;

pub(crate) fn object(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
    format!("{{{}}}", fields.join(","))
}

pub(crate) fn grant() -> String {
    object(&GRANT)
}

/// Waits next to nothing between repetitions. Whatever is logged is watched from here on.
pub(crate) fn config(url: &str) -> HttpFinchConfig {
    log::watch();
    HttpFinchConfig {
        base_url: url.to_owned(),
        backoff: Backoff { first: Duration::from_millis(1), longest: Duration::from_secs(8) },
        max_body: 16 * 1024,
        ..HttpFinchConfig::new(ClientId::new(CLIENT_ID).expect("an id"), ClientSecret::new(SECRET))
    }
}

pub(crate) fn client(url: &str) -> HttpFinch {
    HttpFinch::new(config(url)).expect("a client")
}

/// A server with this script, and a client for it.
pub(crate) async fn playing(script: impl Into<Vec<Play>>) -> (Server, HttpFinch) {
    let server = Server::start(script).await;
    let finch = client(&server.url);
    (server, finch)
}

pub(crate) async fn exchange(finch: &HttpFinch) -> Result<Grant, FinchApiError> {
    finch.exchange(&AuthorizationCode::new(CODE), None).await
}

pub(crate) async fn introspect(finch: &HttpFinch) -> Result<Introspection, FinchApiError> {
    finch.introspect(&AccessToken::new(TOKEN)).await
}

pub(crate) async fn disconnect(finch: &HttpFinch) -> Result<(), FinchApiError> {
    finch.disconnect(&AccessToken::new(TOKEN)).await.map(drop)
}

pub(crate) async fn new_session(finch: &HttpFinch) -> Result<ConnectSession, FinchApiError> {
    finch.new_session(&acme(), &a_request(vec![Product::Company])).await
}

/// What comes of an exchange, an introspection, a disconnect and a new session.
pub(crate) async fn each_call(finch: &HttpFinch) -> [Result<(), FinchApiError>; 4] {
    [
        exchange(finch).await.map(drop),
        introspect(finch).await.map(drop),
        disconnect(finch).await,
        new_session(finch).await.map(drop),
    ]
}

pub(crate) async fn reauthenticate(finch: &HttpFinch) -> Result<ConnectSession, FinchApiError> {
    let connection = ConnectionId::new("bc3a2af9").expect("an id");
    finch.reauthenticate_session(&connection, &a_request(vec![])).await
}

pub(crate) fn acme() -> FinchCustomerId {
    FinchCustomerId::new("acme-1").expect("an id")
}

pub(crate) fn a_request(products: Vec<Product>) -> ConnectRequest {
    let lifetime = Duration::from_secs(3600);
    ConnectRequest { lifetime, ..ConnectRequest::new("Acme", products, Flow::Embedded) }
}

/// Everything that an error shows, with all its sources, in every way. Fails on a canary.
pub(crate) fn shown(error: &FinchApiError) -> String {
    let text = format!("{error:?} {:#?} {}", error.failure(), finch_testkit::chain(error));
    assert!(!text.contains("canary"), "{text}");
    assert!(!text.contains(&basic()), "{text}");
    assert!(!text.contains("127.0.0.1:"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    text
}

/// The credentials of `Authorization: Basic`.
pub(crate) fn basic() -> String {
    // Of 4ab15e51-11ad-49f4-acae-f343b7794375:canary-client-secret
    "NGFiMTVlNTEtMTFhZC00OWY0LWFjYWUtZjM0M2I3Nzk0Mzc1OmNhbmFyeS1jbGllbnQtc2VjcmV0".to_owned()
}

/// Lets the client's own tasks put the connection of the last answer back into the pool.
pub(crate) async fn back_in_the_pool() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
