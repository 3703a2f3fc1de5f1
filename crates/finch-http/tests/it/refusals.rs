//! Finch's errors by kind, and nothing hostile let through.

use finch_core::{
    AccessToken, ExchangeFailure, FailureKind, FinchApi, FinchApiError, exchange_failure,
};

use crate::{
    finch::{
        CODE, SECRET, TOKEN, basic, disconnect, exchange, introspect, new_session, playing, shown,
    },
    server::{Play, json, reply},
};

/// A kind, and a body of a 401 that is of it.
const UNAUTHORIZED: &str = r#"
TokenInvalid         {"code":401,"name":"invalid_token","message":"Invalid token: access token is invalid","status":401}
TokenInvalid         {"code":401,"name":"invalid_token_error","finch_code":null}
TokenInvalid         {"code":401,"finch_code":"invalid_token"}
ReauthenticateUser   {"code":401,"name":"authentication_error","finch_code":"reauthenticate_user"}
ReauthenticateUser   {"code":401,"name":"authentication_error","finch_code":"locked_out"}
AccountSetupRequired {"code":401,"name":"authentication_error","finch_code":"account_setup_required"}
InvalidClient        {"code":401,"finch_code":"invalid_client","message":"Invalid client"}
InvalidClient        {"name":"invalid_client_error"}
OtherUnauthorized    {"name":"unauthorized_request_error"}
OtherUnauthorized    {"name":"invalid_request_error"}
Unauthorized         {"code":401,"message":"Unauthorized"}
Unauthorized         {"code":401,"name":"brand_new_error","message":"m"}
Unauthorized         {"name":"not a word!"}
OtherUnauthorized    {"code":"401","message":"a proxy's"}
OtherUnauthorized    {"code":401}
OtherUnauthorized    {"error":"invalid_token"}
OtherUnauthorized    {"name":401,"finch_code":{}}
OtherUnauthorized    [{"name":"invalid_token"}]
OtherUnauthorized    {"name":"invalid_token"
OtherUnauthorized    <html>401 invalid_token</html>
OtherUnauthorized
"#;

#[tokio::test]
async fn every_401_has_its_own_kind() {
    for line in UNAUTHORIZED.lines().skip(1) {
        let (kind, body) = line.split_once(' ').unwrap_or((line, ""));
        let (_server, finch) = playing([json(401, body.trim_start())]).await;
        for result in [introspect(&finch).await.map(drop), disconnect(&finch).await] {
            let error = result.expect_err(line);
            assert_eq!(format!("{:?}", error.failure_kind()), kind, "{body}");
            shown(&error);
        }
    }
}

/// A status, a kind, and the body of a refused exchange.
const REFUSED: &str = r#"
400 InvalidGrant         {"code":400,"name":"invalid_grant","message":"m"}
400 InvalidGrant         {"name":"invalid_grant_error"}
401 InvalidClient        {"name":"invalid_client_error"}
400 Rejected             {"name":"bad_request","finch_code":"invalid_request"}
402 PaymentRequired      {"name":"payment_required","finch_code":"payment_required"}
402 PaymentRequired
403 Rejected             {"name":"insufficient_scope_error"}
404 Rejected             <html>
422 Rejected             {}
"#;

#[tokio::test]
async fn other_refusals_have_theirs() {
    for line in REFUSED.lines().skip(1) {
        let (status, rest) = line.split_once(' ').expect("a status");
        let (kind, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = status.parse().expect("a status");
        let (server, finch) = playing([json(status, body.trim_start())]).await;
        let error = exchange(&finch).await.expect_err(line);
        assert_eq!(format!("{:?}", error.failure_kind()), kind, "{line}");
        let lost = if status == 402 { ExchangeFailure::NotSent } else { ExchangeFailure::Definite };
        assert_eq!(exchange_failure(&error), lost, "{line}");
        server.only();
    }
}

#[tokio::test]
async fn what_the_caller_needs_is_kept() {
    let body = r#"{"code":400,"finch_code":"connection_already_exists","name":"bad_request",
        "message":"There's an existing connection for canary",
        "context":{"customer_id":"acme-1","connection_id":"bc3a2af9","more":["canary"]}}"#;
    let (_server, finch) = playing([reply(400, "finch-request-id: req-77\r\n", body)]).await;
    let error = new_session(&finch).await.expect_err("exists");
    assert_eq!(error.failure_kind(), FailureKind::ConnectionAlreadyExists);
    let answer = error.answer().expect("an answer");
    assert_eq!(answer.name.as_deref(), Some("bad_request"));
    assert_eq!(answer.finch_code.as_deref(), Some("connection_already_exists"));
    assert_eq!(answer.connection_id.as_ref().expect("given").as_str(), "bc3a2af9");
    assert_eq!(answer.request_id.as_ref().expect("given").as_str(), "req-77");
    shown(&error);
}

/// What a hostile answer could smuggle into an error, in every place that is kept, beside secrets.
const HOSTILE: [&str; 9] = [
    r"\u001b[31mred",
    r"two\r\nlines",
    r"\u202ereversed",
    r"nul\u0000",
    "",
    "a b",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    r"\ud800",
    "ünïcode",
];

async fn refused(call: usize, play: Play) -> FinchApiError {
    let (_server, finch) = playing([play]).await;
    let result = match call {
        0 => exchange(&finch).await.map(drop),
        1 => introspect(&finch).await.map(drop),
        2 => disconnect(&finch).await,
        _ => new_session(&finch).await.map(drop),
    };
    result.expect_err("refused")
}

#[tokio::test]
async fn no_refusal_repeats_a_secret_or_disturbs_a_terminal() {
    let basic = basic();
    let sent: [&[&str]; 4] = [&[SECRET, CODE], &[TOKEN], &[TOKEN], &[SECRET, &basic]];
    for (call, secrets) in sent.into_iter().enumerate() {
        let mut texts: Vec<String> =
            HOSTILE.into_iter().chain(secrets.iter().copied()).map(str::to_owned).collect();
        // A short secret is not looked for inside of longer texts.
        texts.extend(secrets.iter().filter(|s| s.len() >= 16).map(|s| format!("x {s}_x")));
        texts.push("z".repeat(2000));
        for text in texts {
            let body = format!(
                r#"{{"code":400,"name":"{text}","finch_code":"{text}","message":"{text}",
                   "context":{{"connection_id":"{text}","customer_id":"{text}"}},"{text}":"{text}"}}"#
            );
            let safe = text.is_ascii() && !text.contains('\\');
            let text = if safe { text } else { String::new() };
            let header = format!("Finch-Request-Id: {text}\r\nRetry-After: {text}\r\n");
            for status in [400, 401, 402, 500] {
                let error = refused(call, reply(status, &header, &body)).await;
                let all = shown(&error);
                assert!(!all.contains(['\u{202e}', '\0', '\r']) && all.len() < 6000, "{all}");
                let answer = error.answer().expect("an answer");
                assert_eq!((&answer.name, &answer.finch_code), (&None, &None), "{all}");
                // A lone surrogate makes it no JSON.
                assert_eq!(answer.finch_shaped, !body.contains("ud800"), "{all}");
            }
        }
    }
}

#[tokio::test]
async fn a_secret_that_looks_like_a_word_is_not_repeated_either() {
    let body = r#"{"name":"short_canary","finch_code":"the_long_canary_token"}"#;
    let (_server, finch) = playing([json(401, body)]).await;
    for token in ["short_canary", "long_canary_token"] {
        let error = finch.introspect(&AccessToken::new(token)).await.expect_err("refused");
        assert_eq!(error.failure_kind(), FailureKind::Unauthorized, "still in Finch's shape");
        assert!(!format!("{error:?}").contains(token));
    }
}
