//! Faults of bytes: what goes over the wire.

use std::{
    io::{ErrorKind, Read},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use finch_emulator::{Fault, Then};

use crate::{
    server::Server,
    support::{Finch, secret, step_1},
};

fn on() -> Fault {
    Fault::on("/disconnect")
}

/// A live token, and a fault for its disconnect.
async fn with(fault: Fault) -> (Server, String) {
    let server = Server::start().await;
    let token = server.connect(step_1());
    server.emulator.push_fault(fault);
    (server, secret(&token).to_owned())
}

fn dial(server: &Server, token: &str) -> TcpStream {
    let head = "POST /disconnect HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer";
    server.dial(&format!("{head} {token}"))
}

/// A disconnect: the bytes of its response, and how they ended.
fn call(server: &Server, token: &str) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut bytes = Vec::new();
    let end = dial(server, token).read_to_end(&mut bytes).map(drop).map_err(|error| error.kind());
    (bytes, end)
}

/// The length of a whole response that the emulator writes itself.
async fn whole() -> usize {
    let (server, token) = with(on().cut(usize::MAX)).await;
    let (bytes, end) = call(&server, &token);
    assert_eq!(end, Ok(()));
    assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(bytes.ends_with(b"\r\n\r\n{\"status\":\"success\"}"));
    bytes.len()
}

/// A shutdown in time shows that the emulator noticed that its caller was gone.
async fn stops_quickly(server: Server) {
    let begun = Instant::now();
    server.emulator.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_response_can_be_cut_at_every_byte_with_and_without_its_effect() {
    let length = whole().await;
    for at in 0..=length + 1 {
        let (server, token) = with(on().cut(at).without_effect()).await;
        server.emulator.push_fault(on().cut(at));
        for alive in [true, false] {
            let (bytes, end) = call(&server, &token);
            assert_eq!((bytes.len(), end), (at.min(length), Ok(())));
            assert_eq!(server.emulator.is_alive(&token), alive);
        }
    }
}

#[test]
fn in_process_a_cut_response_is_none_and_one_cut_beyond_its_end_is_whole() {
    let is_whole = |at| {
        let (finch, token) = Finch::with_fault(on().cut(at));
        let answer = finch.post("/disconnect").token(&token).try_send();
        assert!(!finch.emulator.is_alive(secret(&token)));
        answer.is_some_and(|answer| answer.json()["status"] == "success")
    };
    let from = (0..2000).find(|at| is_whole(*at)).unwrap();
    assert!(from > 100 && (from..from + 50).all(is_whole), "{from}");
}

#[tokio::test]
async fn a_cut_may_leave_the_connection_half_open_or_silent_or_reset_it() {
    let (server, token) = with(on().cut_then(20, Then::Reset)).await;
    let (bytes, end) = call(&server, &token);
    assert!(bytes.len() <= 20 && end == Err(ErrorKind::ConnectionReset), "{end:?}");
    assert!(!server.emulator.is_alive(&token));
    for (then, closed) in [(Then::HalfClose, true), (Then::Silence, false)] {
        let (server, token) = with(on().cut_then(20, then)).await;
        let mut stream = dial(&server, &token);
        let mut bytes = [0; 20];
        stream.read_exact(&mut bytes).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let more = stream.read(&mut bytes).map_err(|error| error.kind());
        let is_silent = matches!(more, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut));
        assert!(if closed { more == Ok(0) } else { is_silent }, "{then:?}: {more:?}");
        stream.shutdown(Shutdown::Both).unwrap();
        stops_quickly(server).await;
    }
}

#[tokio::test]
async fn a_response_can_come_in_pieces() {
    let expected = whole().await;
    let pause = Duration::from_millis(5);
    let (server, token) = with(on().trickle(50, pause)).await;
    let begun = Instant::now();
    let (bytes, end) = call(&server, &token);
    assert_eq!((bytes.len(), end), (expected, Ok(())));
    let pauses = u32::try_from(expected.div_ceil(50) - 1).unwrap();
    assert!(begun.elapsed() >= pause * pauses);
}

#[tokio::test]
async fn a_length_can_be_wrong_both_ways() {
    for (off, announced) in [(7, "27"), (-7, "13"), (-100, "0"), (i64::MAX, "")] {
        let (server, token) = with(on().length_off_by(off)).await;
        let (bytes, end) = call(&server, &token);
        assert_eq!(end, Ok(()));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("{\"status\":\"success\"}"), "all of it is sent: {text}");
        let length = format!("content-length: {announced}\r\n");
        assert!(announced.is_empty() || text.contains(&length), "{text}");
    }
    for (off, read) in [(1, None), (-7, Some("{\"status\":\"su"))] {
        let (finch, token) = Finch::with_fault(on().length_off_by(off));
        let answer = finch.post("/disconnect").token(&token).try_send();
        assert_eq!(answer.as_ref().map(|answer| answer.text.as_str()), read);
    }
}

#[tokio::test]
async fn an_endless_response_ends_when_its_reader_goes_away() {
    let (server, token) = with(on().endless()).await;
    let mut stream = dial(&server, &token);
    let mut bytes = vec![0; 4 * 1024 * 1024];
    stream.read_exact(&mut bytes).unwrap();
    // Spaces, but for the head and the lengths of chunks.
    let spaces = bytes.iter().filter(|byte| **byte == b' ').count();
    assert!(spaces > bytes.len() - 8 * 1024, "{spaces}");
    drop(stream);
    stops_quickly(server).await;
    let (finch, token) = Finch::with_fault(on().endless());
    assert!(finch.post("/disconnect").token(&token).try_send().is_none());
}
