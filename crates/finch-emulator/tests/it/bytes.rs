//! Faults of bytes: what really goes over the wire.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use finch_emulator::{Emulator, Fault, Then};

use crate::{
    local::{bearer, exchange, local},
    support::{Finch, step_1},
};

/// One call, written and read byte by byte: what came, and how it ended.
fn call(emulator: &Emulator, token: &str) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut stream = dial(emulator, token);
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(drop).map_err(|error| error.kind());
    (bytes, end)
}

fn dial(emulator: &Emulator, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(emulator.url().trim_start_matches("http://")).unwrap();
    let request = format!(
        "POST /disconnect HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// A Finch with a live token.
async fn with_token() -> (Finch, String) {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let secret = token["access_token"].as_str().unwrap().to_owned();
    (finch, secret)
}

/// The whole answer as this fault's relatives write it.
async fn whole() -> Vec<u8> {
    let (finch, secret) = with_token().await;
    finch.emulator.push_fault(Fault::on("/disconnect").cut(usize::MAX));
    let (bytes, end) = call(&finch.emulator, &secret);
    assert_eq!(end, Ok(()));
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(bytes.ends_with(b"\r\n\r\n{\"status\":\"success\"}"));
    bytes
}

#[tokio::test]
async fn an_answer_can_be_cut_at_every_byte_with_and_without_its_effect() {
    let length = whole().await.len();
    for at in 0..=length + 1 {
        let (finch, secret) = with_token().await;
        finch.emulator.push_fault(Fault::on("/disconnect").cut(at).without_effect());
        finch.emulator.push_fault(Fault::on("/disconnect").cut(at));
        for alive in [true, false] {
            let (bytes, end) = call(&finch.emulator, &secret);
            assert_eq!((bytes.len(), end), (at.min(length), Ok(())));
            assert_eq!(finch.emulator.is_alive(&secret), alive);
        }
    }
}

#[test]
fn in_process_a_cut_answer_is_none_and_what_goes_beyond_its_end_is_whole() {
    let mut whole_from = None;
    for at in (0..2000).rev() {
        let mut finch = local();
        let code = finch.issue_code(step_1());
        finch.push_fault(Fault::on("/auth/token").cut(at));
        match exchange(&mut finch, &code) {
            Some(answer) => {
                assert_eq!(answer.status, 200);
                whole_from = Some(at);
            }
            None => assert!(whole_from.is_some_and(|from| at < from), "{at}"),
        }
        assert_eq!(finch.issued_tokens().len(), 1);
    }
    assert!(whole_from.is_some_and(|from| from > 500), "{whole_from:?}");
}

#[tokio::test]
async fn a_cut_may_reset_the_connection() {
    let (finch, secret) = with_token().await;
    finch.emulator.push_fault(Fault::on("/disconnect").cut_then(20, Then::Reset));
    let (bytes, end) = call(&finch.emulator, &secret);
    assert!(bytes.len() <= 20);
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
    assert!(!finch.emulator.is_alive(&secret));
}

#[tokio::test]
async fn a_cut_may_leave_the_connection_half_open_or_silent() {
    for (then, closed) in [(Then::HalfClose, true), (Then::Silence, false)] {
        let (finch, secret) = with_token().await;
        finch.emulator.push_fault(Fault::on("/disconnect").cut_then(20, then));
        let mut stream = dial(&finch.emulator, &secret);
        let mut bytes = [0; 20];
        stream.read_exact(&mut bytes).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        match stream.read(&mut bytes) {
            Ok(0) => assert!(closed, "{then:?}"),
            Err(error) => {
                let silent = [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind());
                assert!(silent && !closed, "{then:?}: {error}");
            }
            Ok(more) => panic!("{more} bytes more"),
        }
        // The emulator notices that its caller goes away: an orderly end does not wait for it.
        stream.shutdown(Shutdown::Both).unwrap();
        let begun = Instant::now();
        finch.emulator.shutdown().await;
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}

#[tokio::test]
async fn an_answer_can_come_in_pieces() {
    let expected = whole().await.len();
    let (finch, secret) = with_token().await;
    let pause = Duration::from_millis(5);
    finch.emulator.push_fault(Fault::on("/disconnect").trickle(50, pause));
    let begun = Instant::now();
    let (bytes, end) = call(&finch.emulator, &secret);
    assert_eq!((bytes.len(), end), (expected, Ok(())));
    let pauses = u32::try_from(expected.div_ceil(50) - 1).unwrap();
    assert!(begun.elapsed() >= pause * pauses);
    finch.emulator.push_fault(Fault::on("/disconnect").trickle(1, Duration::ZERO));
    let text = String::from_utf8(call(&finch.emulator, &secret).0).unwrap();
    assert!(text.starts_with("HTTP/1.1 401") && text.contains("invalid_token"));
}

#[tokio::test]
async fn a_length_can_be_wrong_both_ways() {
    for (off, announced) in [(7, 27), (-7, 13), (-100, 0), (i64::MAX, 0)] {
        let (finch, secret) = with_token().await;
        finch.emulator.push_fault(Fault::on("/disconnect").length_off_by(off));
        let (bytes, end) = call(&finch.emulator, &secret);
        assert_eq!(end, Ok(()));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("{\"status\":\"success\"}"), "all of it is sent: {text}");
        if off != i64::MAX {
            assert!(text.contains(&format!("content-length: {announced}\r\n")), "{text}");
        }
        assert!(!finch.emulator.is_alive(&secret));
    }
    let mut finch = local();
    let code = finch.issue_code(step_1());
    exchange(&mut finch, &code).unwrap();
    let secret = finch.issued_tokens()[0].secret.clone();
    for (off, read) in [(1, None), (-7, Some(13))] {
        finch.push_fault(Fault::on("/disconnect").length_off_by(off).without_effect());
        let answer = bearer(&mut finch, "POST", "/disconnect", &secret);
        assert_eq!(answer.map(|answer| answer.body.len()), read);
    }
}

#[tokio::test]
async fn an_endless_answer_ends_when_its_reader_goes_away() {
    let (finch, secret) = with_token().await;
    finch.emulator.push_fault(Fault::on("/disconnect").endless());
    let mut stream = dial(&finch.emulator, &secret);
    let mut bytes = vec![0; 4 * 1024 * 1024];
    stream.read_exact(&mut bytes).unwrap();
    // White space, but for the head and the lengths of chunks.
    let spaces = bytes.iter().filter(|byte| **byte == b' ').count();
    assert!(spaces > bytes.len() - 8 * 1024, "{spaces}");
    drop(stream);
    let begun = Instant::now();
    finch.emulator.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(4));
    let mut finch = local();
    finch.push_fault(Fault::on("/providers").endless());
    assert!(finch.call("GET", "/providers", &[], b"").is_none());
}
