//! Which calls are repeated, how often, and which error the caller gets.

use std::time::Duration;

use finch_core::{Backoff, FailureKind, FinchApiError};
use finch_http::HttpFinch;

use crate::{
    finch::{
        INTROSPECTION, SESSION, SUCCESS, config, disconnect, exchange, grant, introspect,
        new_session, playing, reauthenticate,
    },
    server::{Play, Server, json, reply},
};

const DEAD: &str = r#"{"code":401,"name":"invalid_token_error","message":"m"}"#;

fn lost() -> Play {
    Play::Last(vec![])
}

#[tokio::test]
async fn what_may_pass_is_asked_again_twice() {
    for status in [408, 409, 425, 429, 500, 502, 503, 504, 599] {
        let (_server, finch) =
            playing([json(status, "{}"), json(status, "<x>"), json(200, INTROSPECTION)]).await;
        introspect(&finch).await.expect("the third");

        let (server, finch) = playing([json(status, "")]).await;
        let error = introspect(&finch).await.expect_err("always");
        assert_eq!(error.failure_kind(), FailureKind::TryLater, "{status}");
        assert_eq!(server.seen().len(), 3, "{status}");
        let bodies: Vec<_> = server.seen().into_iter().map(|r| (r.path, r.headers)).collect();
        assert!(bodies[1..].iter().all(|body| *body == bodies[0]), "the same request");

        let (server, finch) = playing([json(status, ""), json(201, SESSION)]).await;
        new_session(&finch).await.expect("the second");
        reauthenticate(&finch).await.expect("at once");
        assert_eq!(server.seen().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    for status in [300, 304, 400, 401, 402, 403, 404, 405, 410, 422, 501] {
        let (server, finch) = playing([json(status, "{}")]).await;
        let error = introspect(&finch).await.expect_err("no success");
        assert_eq!(error.answer().expect("an answer").status, status);
        server.only();
    }
    let (server, finch) =
        playing([json(409, r#"{"finch_code":"connection_already_exists"}"#)]).await;
    assert_eq!(
        new_session(&finch).await.expect_err("exists").failure_kind(),
        FailureKind::ConnectionAlreadyExists
    );
    server.only();
}

#[tokio::test]
async fn a_code_is_sent_again_after_429_only() {
    let (server, finch) = playing([json(429, "{}"), json(200, &grant())]).await;
    exchange(&finch).await.expect("the second");
    assert_eq!(server.seen().len(), 2);

    // The next error is the result, and the code stays where it went.
    let (server, finch) = playing([json(429, "{}"), lost()]).await;
    let error = exchange(&finch).await.expect_err("lost");
    assert!(matches!(error, FinchApiError::NoAnswer { sent: true, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 2);

    for status in [402, 408, 409, 425, 500, 503] {
        let (server, finch) = playing([json(status, "{}")]).await;
        exchange(&finch).await.expect_err("once");
        server.only();
    }
}

/// A client whose own wait is about an hour, which would not end in time.
fn patient(server: &Server) -> HttpFinch {
    let mut config = config(&server.url);
    config.backoff = Backoff { first: 36_000 * Duration::from_secs(1), ..Backoff::RETRY };
    HttpFinch::new(config).expect("a client")
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for_and_a_long_one_is_returned() {
    for header in
        ["retry-after-ms: 2", "retry-after-ms: 0.5\r\nRetry-After: 3600", "Retry-After: 0.001"]
    {
        let busy = reply(429, &format!("{header}\r\n"), "");
        let server = Server::start([busy, json(200, SUCCESS)]).await;
        disconnect(&patient(&server)).await.expect("the second");
        assert_eq!(server.seen().len(), 2, "{header}");
    }
    // No wait is as good as none that is asked for.
    let server = Server::start([reply(429, "Retry-After: 0\r\n", "")]).await;
    disconnect(&patient(&server)).await.expect_err("an hour is too long");
    server.only();
    let (server, finch) = playing([reply(429, "Retry-After: 31\r\n", "")]).await;
    for error in
        [exchange(&finch).await.expect_err("busy"), disconnect(&finch).await.expect_err("busy")]
    {
        assert_eq!(error.retry_after(), Some(Duration::from_secs(31)));
    }
    assert_eq!(server.seen().len(), 2, "each was sent once");
}

/// It may take effect minutes later, and a later success would hide that.
#[tokio::test]
async fn a_disconnect_that_may_have_gone_out_is_not_repeated() {
    for first in [lost(), json(408, ""), json(500, ""), json(503, ""), json(504, "")] {
        let (server, finch) = playing([first, json(200, SUCCESS)]).await;
        let error = disconnect(&finch).await.expect_err("in doubt");
        assert!(error.is_ambiguous(), "{error:?}");
        server.only();
    }
    let (server, finch) = playing([json(429, ""), json(401, DEAD)]).await;
    let error = disconnect(&finch).await.expect_err("dead");
    assert_eq!(error.failure_kind(), FailureKind::TokenInvalid);
    assert_eq!(server.seen().len(), 2, "Finch did not look at the first one");
}
