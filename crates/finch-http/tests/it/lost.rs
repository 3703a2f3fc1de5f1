//! Answers that do not come, or not whole: the error names what may have happened, a code goes out once, and
//! what may be repeated is.

use std::time::Duration;

use finch_core::{ExchangeFailure, FailureKind, FinchApiError, exchange_failure};
use finch_http::{HttpFinch, HttpFinchConfig};
use tokio::net::TcpSocket;

use crate::{
    finch::{
        INTROSPECTION, SUCCESS, back_in_the_pool, config, disconnect, exchange, grant, introspect,
        new_session, playing, shown,
    },
    server::{Play, Server, answer, json, reply},
};

fn configured(server: &Server, change: impl FnOnce(&mut HttpFinchConfig)) -> HttpFinch {
    let mut config = config(&server.url);
    change(&mut config);
    HttpFinch::new(config).expect("a client")
}

/// A code was sent, once, and its fate is unknown.
async fn assert_unknown(script: Play, what: &str) -> FinchApiError {
    let (server, finch) = playing([script]).await;
    let error = exchange(&finch).await.expect_err(what);
    assert_eq!(exchange_failure(&error), ExchangeFailure::Unknown, "{what}: {error:?}");
    shown(&error);
    server.only();
    error
}

/// Whatever its framing: an object counts once it is whole.
#[tokio::test]
async fn an_exchange_cut_off_at_any_byte_is_unknown_and_sent_once() {
    let body = grant();
    let (one, two) = body.split_at(100);
    let (first, second) = (one.len(), two.len());
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = format!("{head}{first:x}\r\n{one}\r\n{second:x}\r\n{two}\r\n0\r\n\r\n");
    for (whole, behind) in [
        (answer(200, "Content-Type: application/json\r\n", &body), 0),
        (format!("HTTP/1.1 200 OK\r\n\r\n{body}").into_bytes(), 0),
        (chunks.into_bytes(), "\r\n0\r\n\r\n".len()),
    ] {
        for length in 0..=whole.len() {
            let play = Play::Last(whole[..length].to_vec());
            if length < whole.len() - behind {
                assert_unknown(play, &format!("{length} bytes")).await;
            } else {
                let (_server, finch) = playing([play]).await;
                exchange(&finch).await.expect("the whole object");
            }
        }
    }
}

#[tokio::test]
async fn a_code_is_sent_once_whatever_comes_instead_of_an_answer() {
    let endless = |head: &str, then: &[u8]| {
        Play::Endless(format!("HTTP/1.1 200 OK\r\n{head}").into_bytes(), then.to_vec())
    };
    let sized = |length: &str| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        Play::Last((head + &grant()).into_bytes())
    };
    for (what, play) in [
        ("too short a length", sized(&(grant().len() - 1).to_string())),
        ("no number", sized("x")),
        ("an endless body", endless("\r\n", &[b'x'; 4096])),
        ("endless chunks", endless("Transfer-Encoding: chunked\r\n\r\n", b"4\r\nxxxx\r\n")),
        ("an endless head", endless("", b"X: y\r\n")),
        ("a redirect", reply(307, "Location: /canary\r\n", "")),
    ] {
        assert_unknown(play, what).await;
    }
    for status in [408, 501, 504] {
        assert_unknown(json(status, "<html>canary</html>"), "no answer of Finch's").await;
    }
}

/// A length that is too long breaks the connection, or keeps the caller waiting, behind the last byte.
#[tokio::test]
async fn a_whole_object_counts_although_more_was_announced() {
    let body = grant();
    for announced in [body.len() + 1, 99_999_999_999_999] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\n{body}");
        for play in [Play::Last(answer.clone().into()), Play::Hang(answer.into())] {
            let server = Server::start([play]).await;
            let finch = configured(&server, |c| c.timeout = Duration::from_millis(200));
            exchange(&finch).await.expect("a grant");
            server.only();
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_breaks_does_not_send_the_code_twice() {
    let (server, finch) = playing([json(200, INTROSPECTION), Play::Last(vec![])]).await;
    introspect(&finch).await.expect("an introspection");
    back_in_the_pool().await;
    let error = exchange(&finch).await.expect_err("closed");
    assert_eq!(exchange_failure(&error), ExchangeFailure::Unknown);
    assert_eq!(server.connections(), 1, "the second request used the first connection");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn too_long_an_answer_is_not_read() {
    let (server, finch) = playing([Play::Endless(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec(),
        vec![b' '; 4096],
    )])
    .await;
    let error = introspect(&finch).await.expect_err("too long");
    assert!(shown(&error).contains("it is too long (more than 16384 bytes)"));
    server.only();

    let fits = format!("{}{}", " ".repeat(16 * 1024 - SUCCESS.len()), SUCCESS);
    let (_server, finch) = playing([json(200, &fits), json(200, &format!(" {fits}"))]).await;
    disconnect(&finch).await.expect("just fits");
    disconnect(&finch).await.expect_err("one byte more");

    // Of a refusal the status is enough.
    let (server, finch) =
        playing([Play::Endless(b"HTTP/1.1 402 X\r\n\r\n".to_vec(), vec![b'x'; 4096])]).await;
    let error = introspect(&finch).await.expect_err("402");
    assert_eq!(error.failure_kind(), FailureKind::PaymentRequired);
    server.only();
}

#[tokio::test]
async fn the_other_calls_are_repeated_when_an_answer_is_lost() {
    let whole = answer(200, "", INTROSPECTION);
    let cut = |length: usize| Play::Last(whole[..length].to_vec());
    let (_server, finch) = playing([cut(0), cut(30), Play::Answer(whole.clone())]).await;
    introspect(&finch).await.expect("the third");

    let (server, finch) = playing([cut(whole.len() - 1)]).await;
    let error = new_session(&finch).await.expect_err("never whole");
    assert!(matches!(error, FinchApiError::NoAnswer { sent: true, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 3, "one, and two repetitions");
    let finch = configured(&server, |config| config.retries = 0);
    introspect(&finch).await.expect_err("503");
    assert_eq!(server.seen().len(), 4, "none, if none are wanted");
}

#[tokio::test]
async fn a_silent_server_is_given_up_and_not_asked_again() {
    for heard in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"] {
        let server = Server::start([Play::Hang(heard.to_vec())]).await;
        let finch = configured(&server, |config| config.timeout = Duration::from_millis(50));
        for result in [
            exchange(&finch).await.map(drop),
            introspect(&finch).await.map(drop),
            disconnect(&finch).await,
        ] {
            let error = result.expect_err("silence");
            assert!(matches!(error, FinchApiError::NoAnswer { sent: true, .. }), "{error:?}");
            assert!(shown(&error).contains("nothing came within 50ms"));
        }
        assert!(server.connections() <= 3, "each was asked once");
    }
}

#[tokio::test]
async fn the_time_is_the_whole_calls() {
    let server = Server::start([json(503, "")]).await;
    let finch = configured(&server, |config| {
        config.timeout = Duration::from_millis(200);
        config.backoff.first = Duration::from_secs(3600);
        config.backoff.longest = Duration::from_secs(3600);
    });
    let error = introspect(&finch).await.expect_err("503");
    assert_eq!(error.failure_kind(), FailureKind::TryLater, "the answer at hand, not a timeout");
    server.only();
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    // A port that is taken, and that has no listener.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let refuses = format!("http://{}", socket.local_addr().expect("an address"));
    let plain = Server::start([json(200, &grant())]).await;
    for (url, why) in [
        (refuses, "refused"),
        // A name without an address.
        ("https://finch.invalid".to_owned(), ""),
        // Something that does not speak TLS.
        (plain.url.replace("http:", "https:"), ""),
    ] {
        let mut config = config(&url);
        config.connect_timeout = Duration::from_millis(200);
        config.retries = 0;
        // Without CA certificates there is no client for https.
        let Ok(finch) = HttpFinch::new(config) else { continue };
        let error = exchange(&finch).await.expect_err("no connection");
        assert!(matches!(error, FinchApiError::NoAnswer { sent: false, .. }), "{error:?}");
        assert_eq!(exchange_failure(&error), ExchangeFailure::NotSent);
        assert!(shown(&error).contains(why), "{error}");
        assert!(!disconnect(&finch).await.expect_err("no connection").is_ambiguous());
    }
    assert!(plain.seen().is_empty());
}
