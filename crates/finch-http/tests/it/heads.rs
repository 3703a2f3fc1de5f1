//! Heads of answers that are not quite HTTP: what curl reads is read, and what cannot be read is named.

use finch_core::{ExchangeFailure, FailureKind, exchange_failure};

use crate::{
    finch::{disconnect, exchange, grant, introspect, playing, shown},
    server::{Play, answer},
};

async fn assert_read(what: &str, bytes: Vec<u8>) {
    let (server, finch) = playing([Play::Last(bytes)]).await;
    let grant = exchange(&finch).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(grant.facts.provider_id.as_str(), "gusto", "{what}");
    server.only();
}

#[tokio::test]
async fn no_token_is_lost_over_a_header() {
    let many = |count| "X-Extra: canary\r\n".repeat(count);
    for (what, headers) in [
        ("DEL in a cookie", "Set-Cookie: a=\x7f; Path=/\r\n".to_owned()),
        ("a space before the colon", "X-Canary : y\r\n".to_owned()),
        ("a space in the name", "Bad Name: x\r\nX Y Z : 1\r\n".to_owned()),
        ("a tab before the colon", "X-Canary\t: y\r\n".to_owned()),
        ("a folded line", "X-Folded: a\r\n b\r\n\tc\r\n".to_owned()),
        ("a folded bad name", "Bad Name: a\r\n b\r\n".to_owned()),
        ("250 headers", many(250)),
        ("a long header", format!("X: {}\r\n", "x".repeat(300 << 10))),
        ("an empty name", ": x\r\n".to_owned()),
        ("no colon", "canary\r\n".to_owned()),
        ("a name that is no token", "X@(é): y\r\n".to_owned()),
        ("a value that is no ASCII", "X: é\r\nFinch-Request-Id: é\r\n".to_owned()),
        ("an interim answer's header", "Expect: 100-continue\r\nUpgrade: h2c\r\n".to_owned()),
    ] {
        assert_read(what, answer(200, &headers, grant())).await;
    }
}

#[tokio::test]
async fn no_token_is_lost_over_a_status_line_or_a_length() {
    let body = grant();
    let length = body.len();
    let sized =
        |status_line: &str| format!("{status_line}\r\nContent-Length: {length}\r\n\r\n{body}");
    let headed = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{body}");
    let chunked = |size: &str, end: &str| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{size}\r\n{body}\r\n{end}")
    };
    for (what, text) in [
        ("HTTP/1.0", sized("HTTP/1.0 200 OK")),
        ("no reason", sized("HTTP/1.1 200")),
        ("a reason that is no ASCII", sized("HTTP/1.1 200 Été")),
        ("a blank line first", sized("\r\nHTTP/1.1 200 OK")),
        ("lines that end with LF", sized("HTTP/1.1 200 OK").replace("\r\n", "\n")),
        ("100", sized("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")),
        ("103", sized("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK")),
        ("no length", headed("X: y")),
        (
            "two equal lengths",
            headed(&format!("Content-Length: {length}\r\nContent-Length: {length}")),
        ),
        ("spaces around the length", headed(&format!("Content-Length:   {length}  "))),
        ("a space before its colon", headed(&format!("Content-Length : {length}"))),
        ("chunks", chunked(&format!("{length:x}"), "0\r\n\r\n")),
        ("chunks with extensions", chunked(&format!("{length:x};a=\"é\";b"), "0;c\r\n\r\n")),
        ("chunks with trailers", chunked(&format!("{length:x}"), "0\r\nX: y\r\n\r\n")),
        ("a bad chunk behind the object", chunked(&format!("{length:x}"), "canary\r\n")),
    ] {
        assert_read(what, text.into_bytes()).await;
    }
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_unknown_and_names_its_cause() {
    let body = grant();
    let length = body.len();
    let headed = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{body}");
    let chunked = "Transfer-Encoding: chunked\r\n\r\n";
    for (what, text) in [
        ("NUL", headed("X: \0")),
        ("a lone CR", headed("X: a\rb")),
        ("two lengths", headed(&format!("Content-Length: {length}\r\nContent-Length: 1"))),
        ("an empty length", headed("Content-Length: ")),
        ("more than 256 headers", headed(&"X: y\r\n".repeat(257))),
        ("a huge header", headed(&format!("X: {}", "x".repeat(1 << 20)))),
        ("another protocol", "SSH-2.0-canary\r\n".to_owned()),
        ("no status", format!("HTTP/1.1 canary\r\n\r\n{body}")),
        ("the body alone", body.clone()),
        ("a bad chunk", format!("HTTP/1.1 200 OK\r\n{chunked}canary\r\n{body}")),
    ] {
        let (server, finch) = playing([Play::Last(text.into_bytes())]).await;
        let error = exchange(&finch).await.expect_err(what);
        assert_eq!(error.failure_kind(), FailureKind::Unreadable, "{what}: {error:?}");
        assert_eq!(exchange_failure(&error), ExchangeFailure::Unknown, "{what}");
        let names_head = error.to_string().contains("its HTTP head is");
        assert_eq!(names_head, what != "a bad chunk", "{error}");
        shown(&error);
        server.only();
        for result in [introspect(&finch).await.map(drop), disconnect(&finch).await] {
            let error = result.expect_err(what);
            assert_eq!(error.failure_kind(), FailureKind::Unreadable, "{what}");
            assert!(error.is_ambiguous(), "{what}");
        }
    }
}
