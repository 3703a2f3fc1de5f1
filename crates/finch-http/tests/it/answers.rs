//! What comes back in a success: what must be right, and what may be anything.

use finch_core::{ConnectionStatus, FailureKind, FinchApiError, Product};

use crate::{
    finch::{
        INTROSPECTION, SESSION, SUCCESS, TOKEN, disconnect, each_call, exchange, grant, introspect,
        new_session, playing, shown,
    },
    server::{Play, answer, json, reply},
};

fn problem(error: &FinchApiError) -> &str {
    shown(error);
    assert!(error.is_ambiguous(), "{error}");
    match error {
        FinchApiError::Unplaced { source, .. } => problem(source),
        FinchApiError::Unreadable { problem, answer } => {
            assert!(answer.as_ref().expect("an answer").status < 300);
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_grant_is_read_whole() {
    let (_server, finch) = playing([json(200, &grant())]).await;
    let grant = exchange(&finch).await.expect("a grant");
    assert_eq!(grant.secret.expose(), TOKEN);
    let facts = grant.facts;
    assert_eq!(facts.connection_id.as_str(), "bc3a2af9-ce03-46c4-9142-81abe789c64d");
    assert_eq!(facts.provider_id.as_str(), "gusto");
    assert_eq!(facts.company_id.expect("given").as_str(), "4ab15e51-11ad-49f4-acae-f343b7794375");
    assert_eq!(facts.finch_customer_id.expect("given").as_str(), "1234567890");
    assert_eq!(facts.products, ["directory", "employment", "new_product"].map(Product::from));
}

#[tokio::test]
async fn odd_json_is_still_json() {
    let odd = [
        grant().replace("connection_id", r"connection\u005fid"),
        format!("\u{feff} \n{}", grant()),
        grant().replace("{", r#"{"connection_id":"first","x":[{"y":1e9999}],"\ud800":{},"":1,"#),
    ];
    for body in odd {
        let (_server, finch) = playing([json(200, &body)]).await;
        let grant = exchange(&finch).await.unwrap_or_else(|error| panic!("{error} for {body}"));
        let id = grant.facts.connection_id;
        assert_eq!(id.as_str(), "bc3a2af9-ce03-46c4-9142-81abe789c64d", "the last counts");
    }
    let (_server, finch) = playing([json(200, &format!("{} canary", grant()))]).await;
    exchange(&finch).await.expect("what follows the object is not read");
    let (_server, finch) = playing([json(200, &format!("{SUCCESS} canary"))]).await;
    disconnect(&finch).await.expect_err("half an answer is no success");
    let deep =
        grant().replace("{", &format!(r#"{{"deep":{}1{},"#, "[".repeat(5000), "]".repeat(5000)));
    let (_server, finch) = playing([json(200, &deep)]).await;
    exchange(&finch).await.expect("a field that is not read may be deep");
}

#[tokio::test]
async fn bytes_that_are_no_text_spoil_their_field_only() {
    let body = |from: &str, to: &[u8]| {
        let text = grant();
        let (before, after) = text.split_once(from).expect("there");
        let body = [before.as_bytes(), to, after.as_bytes()].concat();
        [reply(200, "", &body)]
    };
    let (_server, finch) = playing(body("Acme Inc", b"Acme \xff\xfe")).await;
    assert_eq!(exchange(&finch).await.expect("a grant").secret.expose(), TOKEN);
    let (_server, finch) = playing(body(TOKEN, b"canary\xff")).await;
    let error = exchange(&finch).await.expect_err("half a token");
    assert!(problem(&error).starts_with("access_token"), "{error}");
}

#[tokio::test]
async fn what_is_no_json_object_is_named_by_its_length_only() {
    for (body, why) in [
        ("", "it is empty (0 bytes)"),
        (" \r\n", "it is empty (3 bytes)"),
        ("<html>canary</html>", "it is not a JSON object (19 bytes)"),
        ("[\"canary\"]", "it is not a JSON object (10 bytes)"),
        ("\"canary\"", "it is not a JSON object (8 bytes)"),
        ("{\"canary\":", "its JSON breaks off (10 bytes)"),
        ("{\"canary\": canary}", "its JSON is broken (18 bytes)"),
    ] {
        let (server, finch) = playing([json(200, body)]).await;
        for result in each_call(&finch).await {
            assert_eq!(problem(&result.expect_err(body)), why);
        }
        assert_eq!(server.seen().len(), 4, "nothing of that is repeated");
    }
    let (_server, finch) = playing([Play::Answer(b"HTTP/1.1 204 No\r\n\r\n".to_vec())]).await;
    assert_eq!(problem(&exchange(&finch).await.expect_err("204")), "it is empty (0 bytes)");
}

#[tokio::test]
async fn an_introspection_is_read_as_far_as_it_goes() {
    let (_server, finch) = playing([json(200, INTROSPECTION)]).await;
    let seen = introspect(&finch).await.expect("an introspection");
    assert_eq!(seen.token_id.expect("given").as_str(), "t-1");
    assert_eq!(seen.facts.connection_id.expect("given").as_str(), "bc3a2af9");
    assert_eq!(seen.facts.provider_id.expect("given").as_str(), "gusto");
    assert_eq!(seen.facts.company_id.expect("given").as_str(), "4ab15e51");
    assert_eq!(seen.facts.finch_customer_id, None);
    assert_eq!(seen.facts.products, Some(vec![Product::Company]));
    assert_eq!(seen.status, Some(ConnectionStatus::Connected));
    assert_eq!(seen.client_id.expect("given").as_str(), "c");

    for (body, status) in [
        (r#"{"id":"t","connection_status":{"status":"brand_new"}}"#, Some("brand_new")),
        (r#"{"connection_id":"c","connection_status":"connected"}"#, None),
        (r#"{"connection_id":"c","connection_status":{"status":""}}"#, None),
        (r#"{"connection_id":"c","connection_status":{"status":false}}"#, None),
        (r#"{"provider_id":"p","connection_status":null,"products":"company"}"#, None),
        (r#"{"payroll_provider_id":"p","products":[null]}"#, None),
    ] {
        let (_server, finch) = playing([json(200, body)]).await;
        let said = introspect(&finch).await.unwrap_or_else(|error| panic!("{error} for {body}"));
        assert_eq!(said.status, status.map(ConnectionStatus::from), "{body}");
        assert_eq!(said.facts.products, None, "unknown, and not none: {body}");
    }
    for (body, why) in [
        ("{}", "connection_id is missing"),
        (r#"{"connection_id":7}"#, "connection_id should be a text and is a number"),
        (r#"{"connection_id":""}"#, "connection_id is empty"),
        (r#"{"connection_id":{}}"#, "connection_id should be a text and is an object"),
    ] {
        let (_server, finch) = playing([json(200, body)]).await;
        let error = introspect(&finch).await.expect_err(why);
        assert_eq!(problem(&error), format!("{why} ({} bytes)", body.len()), "{body}");
    }
}

#[tokio::test]
async fn only_success_is_success() {
    for (body, kind) in [
        (r#"{"status":"success","more":1}"#, None),
        (r#"{"status":"pending"}"#, Some(FailureKind::Rejected)),
        (r#"{"status":"canary"}"#, Some(FailureKind::Rejected)),
        (r#"{"status":true}"#, Some(FailureKind::Unreadable)),
        (r#"{"code":401,"name":"invalid_token"}"#, Some(FailureKind::Unreadable)),
    ] {
        let answer = answer(200, "Finch-Request-Id: r-9\r\n", body);
        let (server, finch) = playing([Play::Answer(answer)]).await;
        let result = disconnect(&finch).await;
        assert_eq!(result.as_ref().err().map(FinchApiError::failure_kind), kind, "{body}");
        if let Err(error) = result {
            shown(&error);
            let answer = error.answer().expect("an answer");
            assert_eq!(answer.status, 200);
            assert_eq!(answer.request_id.as_ref().expect("given").as_str(), "r-9");
        }
        server.only();
    }
}

#[tokio::test]
async fn a_person_is_sent_to_https_only() {
    let (_server, finch) = playing([json(201, SESSION)]).await;
    let session = new_session(&finch).await.expect("a session");
    assert_eq!(session.session_id.as_str(), "s-1");
    assert!(session.connect_url.expose().ends_with("?session=canary-session"));
    for url in ["http://connect.tryfinch.com/canary", "javascript:canary()", ""] {
        let body = format!(r#"{{"session_id":"s-1","connect_url":"{url}"}}"#);
        let (_server, finch) = playing([json(201, &body)]).await;
        let error = new_session(&finch).await.expect_err(url);
        assert!(problem(&error).starts_with("connect_url "), "{url}: {error}");
    }
    let (_server, finch) = playing([json(201, r#"{"connect_url":"https://c.example/"}"#)]).await;
    let error = new_session(&finch).await.expect_err("no id");
    assert!(problem(&error).starts_with("session_id is missing"), "{error}");
}
