//! What goes out, to the byte: each secret where Finch wants it and nowhere else.

use std::time::Duration;

use finch_core::{
    AccessToken, AuthorizationCode, ConnectRequest, FinchApi, Flow, Product, ProviderId,
    RedirectUri,
};

use serde_json::Value;

use crate::{
    finch::{
        CODE, INTROSPECTION, SECRET, SESSION, SUCCESS, TOKEN, a_request, acme, back_in_the_pool,
        basic, client, disconnect, exchange, grant, introspect, new_session, playing,
        reauthenticate, shown,
    },
    server::{Request, Server, json},
};

/// What every request has; and that nothing else is sent than what is named.
fn check(request: &Request, line: &str, own: &[(&str, &str)]) {
    assert_eq!(format!("{} {}", request.method, request.path), line);
    let agent = concat!("finch-http/", env!("CARGO_PKG_VERSION"));
    let always = [
        ("finch-api-version", "2020-09-17"),
        ("accept", "application/json"),
        ("accept-encoding", "identity"),
        ("user-agent", agent),
    ];
    for (name, value) in always.iter().chain(own) {
        assert_eq!(request.header(name), Some(*value), "{name} of {line}");
    }
    let mut names: Vec<_> = request.headers.keys().map(String::as_str).collect();
    names.retain(|n| *n != "host" && !always.iter().chain(own).any(|(name, _)| name == n));
    assert!(names.is_empty(), "{line} also has {names:?}");
}

#[tokio::test]
async fn an_exchange_has_its_credentials_in_the_body_and_no_authorization() {
    let (server, finch) = playing([json(200, &grant())]).await;
    exchange(&finch).await.expect("a grant");
    let request = server.only();
    let body = r#"{"client_id":"4ab15e51-11ad-49f4-acae-f343b7794375","client_secret":"canary-client-secret","code":"canary-code"}"#;
    let length = body.len().to_string();
    check(
        &request,
        "POST /auth/token",
        &[("content-type", "application/json"), ("content-length", &length)],
    );
    assert_eq!(request.body, body);
    // The redirect URI goes with the code exactly as given.
    let uri = RedirectUri::new("https://host.example/cb?a=%2F").expect("a URI");
    finch.exchange(&AuthorizationCode::new(CODE), Some(&uri)).await.expect("a grant");
    let second = &server.seen()[1].body;
    assert!(second.ends_with(r#""redirect_uri":"https://host.example/cb?a=%2F"}"#), "{second}");
}

#[tokio::test]
async fn a_tokens_calls_carry_the_token_and_no_other_secret() {
    let (server, finch) = playing([json(200, INTROSPECTION), json(200, SUCCESS)]).await;
    introspect(&finch).await.expect("an introspection");
    back_in_the_pool().await;
    disconnect(&finch).await.expect("success");
    let seen = server.seen();
    let bearer = format!("Bearer {TOKEN}");
    check(&seen[0], "GET /introspect", &[("authorization", &bearer)]);
    check(&seen[1], "POST /disconnect", &[("authorization", &bearer), ("content-length", "0")]);
    for request in seen {
        assert_eq!(request.body, "");
        assert!(!format!("{request:?}").contains(SECRET));
    }
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn sessions_are_made_with_basic_authentication() {
    let (server, finch) = playing([json(201, SESSION)]).await;
    new_session(&finch).await.expect("a session");
    reauthenticate(&finch).await.expect("a session");
    let request = ConnectRequest {
        customer_email: Some("a@b.example".to_owned()),
        provider: Some(ProviderId::new("gusto").expect("an id")),
        flow: Flow::Redirect(RedirectUri::new("https://host.example/cb").expect("a URI")),
        sandbox: Some("finch".to_owned()),
        lifetime: Duration::from_secs(u64::MAX),
        ..a_request(vec![Product::Company, Product::from("brand_new")])
    };
    finch.new_session(&acme(), &request).await.expect("a session");
    let authorization = format!("Basic {}", basic());
    let bodies = [
        (
            "POST /connect/sessions",
            r#"{"customer_id":"acme-1","customer_name":"Acme","products":["company"],"minutes_to_expire":60}"#,
        ),
        (
            "POST /connect/sessions/reauthenticate",
            r#"{"connection_id":"bc3a2af9","minutes_to_expire":60}"#,
        ),
        (
            "POST /connect/sessions",
            r#"{"customer_id":"acme-1","customer_name":"Acme","customer_email":"a@b.example","products":["company","brand_new"],"integration":{"provider":"gusto"},"redirect_uri":"https://host.example/cb","sandbox":"finch","minutes_to_expire":129600}"#,
        ),
    ];
    for (request, (line, body)) in server.seen().iter().zip(bodies) {
        let length = request.body.len().to_string();
        let own = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("content-length", &length),
        ];
        check(request, line, &own);
        let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(json(&request.body), json(body));
    }
}

#[tokio::test]
async fn a_path_in_the_base_url_is_a_prefix() {
    for base in ["/prefix", "/prefix/", "/a/b/../../prefix"] {
        let server = Server::start([json(200, INTROSPECTION)]).await;
        introspect(&client(&format!("{}{base}", server.url))).await.expect("an introspection");
        assert_eq!(server.only().path, "/prefix/introspect");
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_not_sent() {
    let (server, finch) = playing([json(200, INTROSPECTION)]).await;
    let token = AccessToken::new("canary\r\nX-Evil: 1");
    let error = finch.introspect(&token).await.expect_err("cannot be sent");
    assert!(shown(&error).contains("no HTTP header can carry"));
    let error = finch.disconnect(&token).await.expect_err("cannot be sent");
    shown(&error);
    assert_eq!(server.connections(), 0);
}
