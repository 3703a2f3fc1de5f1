//! Faults of bytes: what goes over the wire.

use std::{
    io::{ErrorKind, Read},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use finch_emulator::{Fault, Then};

use crate::{
    server,
    support::{Finch, secret, step_1},
};

/// A live token, and a fault for its disconnect.
async fn with(fault: Fault) -> (server::Finch, String) {
    let finch = server::Finch::start().await;
    let token = finch.connect(step_1()).await;
    finch.emulator.push_fault(fault);
    (finch, secret(&token).to_owned())
}

fn dial(finch: &server::Finch, token: &str) -> TcpStream {
    let head = "POST /disconnect HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer";
    finch.dial(&format!("{head} {token}"))
}

/// A disconnect: the bytes of its response, and how they ended.
fn call(finch: &server::Finch, token: &str) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut bytes = Vec::new();
    let end = dial(finch, token).read_to_end(&mut bytes).map(drop).map_err(|error| error.kind());
    (bytes, end)
}

/// The length of a whole response that the emulator writes itself.
async fn whole() -> usize {
    let (finch, token) = with(Fault::on("/disconnect").cut(usize::MAX)).await;
    let (bytes, end) = call(&finch, &token);
    assert_eq!(end, Ok(()));
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(bytes.ends_with(b"\r\n\r\n{\"status\":\"success\"}"));
    bytes.len()
}

/// A shutdown in time shows that the emulator noticed that its caller was gone.
async fn stops_quickly(finch: server::Finch) {
    let begun = Instant::now();
    finch.emulator.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_response_can_be_cut_at_every_byte_with_and_without_its_effect() {
    let length = whole().await;
    for at in 0..=length + 1 {
        let (finch, token) = with(Fault::on("/disconnect").cut(at).without_effect()).await;
        finch.emulator.push_fault(Fault::on("/disconnect").cut(at));
        for alive in [true, false] {
            let (bytes, end) = call(&finch, &token);
            assert_eq!((bytes.len(), end), (at.min(length), Ok(())));
            assert_eq!(finch.emulator.is_alive(&token), alive);
        }
    }
}

#[test]
fn in_process_a_cut_response_is_none_and_one_cut_beyond_its_end_is_whole() {
    let mut whole_from = None;
    for at in (0..2000).rev() {
        let finch = Finch::start();
        let code = finch.emulator().issue_code(step_1());
        finch.emulator().push_fault(Fault::on("/auth/token").cut(at));
        match finch.post("/auth/token").json(&finch.exchange_body(&code, None)).try_send() {
            Some(answer) => {
                assert_eq!(answer.status, 200);
                whole_from = Some(at);
            }
            None => assert!(whole_from.is_some_and(|from| at < from), "{at}"),
        }
        assert_eq!(finch.emulator().issued_tokens().len(), 1);
    }
    assert!(whole_from.is_some_and(|from| from > 500), "{whole_from:?}");
}

#[tokio::test]
async fn a_cut_may_leave_the_connection_half_open_or_silent_or_reset_it() {
    let (finch, token) = with(Fault::on("/disconnect").cut_then(20, Then::Reset)).await;
    let (bytes, end) = call(&finch, &token);
    assert!(bytes.len() <= 20 && end == Err(ErrorKind::ConnectionReset), "{end:?}");
    assert!(!finch.emulator.is_alive(&token));
    for (then, closed) in [(Then::HalfClose, true), (Then::Silence, false)] {
        let (finch, token) = with(Fault::on("/disconnect").cut_then(20, then)).await;
        let mut stream = dial(&finch, &token);
        let mut bytes = [0; 20];
        stream.read_exact(&mut bytes).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let more = stream.read(&mut bytes).map_err(|error| error.kind());
        let is_silent = matches!(more, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut));
        assert!(if closed { more == Ok(0) } else { is_silent }, "{then:?}: {more:?}");
        stream.shutdown(Shutdown::Both).unwrap();
        stops_quickly(finch).await;
    }
}

#[tokio::test]
async fn a_response_can_come_in_pieces() {
    let expected = whole().await;
    let pause = Duration::from_millis(5);
    let (finch, token) = with(Fault::on("/disconnect").trickle(50, pause)).await;
    let begun = Instant::now();
    let (bytes, end) = call(&finch, &token);
    assert_eq!((bytes.len(), end), (expected, Ok(())));
    let pauses = u32::try_from(expected.div_ceil(50) - 1).unwrap();
    assert!(begun.elapsed() >= pause * pauses);
    finch.emulator.push_fault(Fault::on("/disconnect").trickle(1, Duration::ZERO));
    let text = String::from_utf8(call(&finch, &token).0).unwrap();
    assert!(text.starts_with("HTTP/1.1 401") && text.contains("invalid_token"));
}

#[tokio::test]
async fn a_length_can_be_wrong_both_ways() {
    for (off, announced) in [(7, "27"), (-7, "13"), (-100, "0"), (i64::MAX, "")] {
        let (finch, token) = with(Fault::on("/disconnect").length_off_by(off)).await;
        let (bytes, end) = call(&finch, &token);
        assert_eq!(end, Ok(()));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("{\"status\":\"success\"}"), "all of it is sent: {text}");
        let length = format!("content-length: {announced}\r\n");
        assert!(announced.is_empty() || text.contains(&length), "{text}");
        assert!(!finch.emulator.is_alive(&token));
    }
    let finch = Finch::start();
    let token = finch.connect(step_1());
    for (off, read) in [(1, None), (-7, Some("{\"status\":\"su"))] {
        finch.emulator().push_fault(Fault::on("/disconnect").length_off_by(off).without_effect());
        let answer = finch.post("/disconnect").token(&token).try_send();
        assert_eq!(answer.as_ref().map(|answer| answer.text.as_str()), read);
    }
}

#[tokio::test]
async fn an_endless_response_ends_when_its_reader_goes_away() {
    let (finch, token) = with(Fault::on("/disconnect").endless()).await;
    let mut stream = dial(&finch, &token);
    let mut bytes = vec![0; 4 * 1024 * 1024];
    stream.read_exact(&mut bytes).unwrap();
    // Spaces, but for the head and the lengths of chunks.
    let spaces = bytes.iter().filter(|byte| **byte == b' ').count();
    assert!(spaces > bytes.len() - 8 * 1024, "{spaces}");
    drop(stream);
    stops_quickly(finch).await;
    let finch = Finch::start();
    finch.emulator().push_fault(Fault::on("/providers").endless());
    assert!(finch.get("/providers").try_send().is_none());
}
