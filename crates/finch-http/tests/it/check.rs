//! What Finch answers to a look at whether it can be reached.

use finch_core::FailureKind;

use crate::{
    finch::{SESSION, basic, playing},
    server::json,
};

const UNKNOWN_CONNECTION: &str = r#"{"code":400,"finch_code":"invalid_request","message":"Connection not found","name":"bad_request"}"#;
const UNKNOWN_CLIENT: &str =
    r#"{"code":401,"finch_code":"invalid_client","message":"Invalid client"}"#;

#[tokio::test]
async fn it_asks_for_an_unknown_connection_under_its_credentials() {
    let (server, finch) = playing([json(400, UNKNOWN_CONNECTION)]).await;
    finch.check().await.expect("Finch answered");
    let asked = server.only();
    assert_eq!((&*asked.method, &*asked.path), ("POST", "/connect/sessions/reauthenticate"));
    assert_eq!(asked.header("authorization"), Some(&*format!("Basic {}", basic())));
    assert!(asked.body.contains("00000000-0000-0000-0000-000000000000"), "{}", asked.body);
}

#[tokio::test]
async fn nothing_but_finchs_own_answer_counts() {
    for (status, body, kind) in [
        (401, UNKNOWN_CLIENT, FailureKind::InvalidClient),
        (400, "<html>a proxy</html>", FailureKind::Rejected),
        (404, "not here", FailureKind::Rejected),
        (403, UNKNOWN_CONNECTION, FailureKind::Rejected),
        (402, "{}", FailureKind::PaymentRequired),
    ] {
        let (_server, finch) = playing([json(status, body)]).await;
        let error = finch.check().await.expect_err("no proof");
        assert_eq!(error.failure_kind(), kind, "{status} {body}");
    }
    for (status, body) in [(404, UNKNOWN_CONNECTION), (201, SESSION)] {
        let (_server, finch) = playing([json(status, body)]).await;
        finch.check().await.expect("Finch answered");
    }
}
