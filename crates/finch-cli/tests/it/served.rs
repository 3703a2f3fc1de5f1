//! What `finch` serves over HTTP.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Child,
};

use serde_json::Value;

/// Waits for the line that says that it is ready.
pub(crate) fn ready(child: &mut Child) -> Value {
    let mut line = String::new();
    let out = child.stdout.as_mut().expect("standard output");
    BufReader::new(out).read_line(&mut line).expect("a line");
    serde_json::from_str(&line).expect("JSON")
}

/// The answer to one HTTP request.
pub(crate) fn get(url: &str, path: &str) -> String {
    call(url, &format!("GET {path}"), "", "")
}

pub(crate) fn post(url: &str, path: &str, body: &str) -> String {
    call(url, &format!("POST {path}"), "", body)
}

/// The same, with a header: a line, with its end.
pub(crate) fn call(url: &str, what: &str, header: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").expect("http");
    let head = format!("{what} HTTP/1.1\r\nHost: {address}\r\n{header}");
    raw(url, &head, body)
}

/// The same, with all of its head.
pub(crate) fn raw(url: &str, head: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let request = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
