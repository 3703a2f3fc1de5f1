//! A server that plays a script and writes down what it is asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Play {
    /// Writes these bytes and waits for the next request on the connection.
    Answer(Vec<u8>),
    /// Writes these bytes and closes the connection.
    Last(Vec<u8>),
    /// Writes the first bytes once and the second ones for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// Writes these bytes and then nothing, with the connection open.
    Hang(Vec<u8>),
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    /// Plays the script in order, one entry for each request; the last entry again and again.
    pub(crate) async fn start(script: impl Into<Vec<Play>>) -> Self {
        let script = script.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self {
            url: format!("http://127.0.0.1:{port}"),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let script = Arc::new(script);
        let playing = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *playing.connections.lock().expect("no panic") += 1;
                tokio::spawn(playing.clone().serve(stream, Arc::clone(&script)));
            }
        });
        server
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("no panic").clone()
    }

    /// The one request so far.
    pub(crate) fn only(&self) -> Request {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("no panic")
    }

    async fn serve(self, mut stream: TcpStream, script: Arc<Vec<Play>>) {
        while let Some(request) = read(&mut stream).await {
            let play = {
                let mut seen = self.seen.lock().expect("no panic");
                seen.push(request);
                script[(seen.len() - 1).min(script.len() - 1)].clone()
            };
            match play {
                Play::Answer(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Play::Last(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                    return;
                }
                Play::Endless(first, then) => {
                    let _ = stream.write_all(&first).await;
                    while stream.write_all(&then).await.is_ok() {}
                    return;
                }
                Play::Hang(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    // Until the other side gives up.
                    while stream.read(&mut [0; 64]).await.is_ok_and(|n| n > 0) {}
                    return;
                }
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).expect("a head in ASCII");
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (first.next()?, first.next()?);
    let mut headers = HashMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let before = headers.insert(name.to_ascii_lowercase(), value.to_owned());
        assert_eq!(before, None, "{name} is sent twice");
    }
    let length = headers.get("content-length").map_or(0, |n| n.parse().expect("a length"));
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes.split_off(head_end + 4)).expect("a body in UTF-8");
    assert_eq!(body.len(), length, "bytes after the body");
    Some(Request { method, path, headers, body })
}

/// An answer with its length.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let (body, end) = (body.as_ref(), "\r\n");
    let head = format!("HTTP/1.1 {status} X{end}Content-Length: {}{end}{headers}{end}", body.len());
    [head.as_bytes(), body].concat()
}

/// Answers with these headers, each with its end of line.
pub(crate) fn reply(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Play {
    Play::Answer(answer(status, headers, body))
}

/// An answer in JSON.
pub(crate) fn json(status: u16, body: &str) -> Play {
    reply(status, "Content-Type: application/json\r\n", body)
}
