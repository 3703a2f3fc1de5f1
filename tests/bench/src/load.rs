//! Calls on loopback by the cheapest client there is: the same bytes again and again.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
};

/// So many connections at once.
pub(crate) const AT_ONCE: u64 = 16;

/// Everything in the thread that runs it.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Kept connections to a server.
pub(crate) struct Lines {
    streams: Vec<TcpStream>,
    request: Vec<u8>,
}

impl Lines {
    pub(crate) async fn to(url: &str, path: &str, bearer: &str) -> Self {
        let host = url.trim_start_matches("http://");
        let mut streams = Vec::new();
        for _ in 0..AT_ONCE {
            let stream = TcpStream::connect(host).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\n\r\n"
        );
        Self { streams, request: request.into_bytes() }
    }

    /// Sends the request so often on each line. Every answer must be a 200.
    pub(crate) async fn call(&mut self, each: u64) {
        let mut running = JoinSet::new();
        for mut stream in self.streams.drain(..) {
            let request = self.request.clone();
            running.spawn(async move {
                let mut answer = vec![0; 16 * 1024];
                for _ in 0..each {
                    stream.write_all(&request).await.unwrap();
                    receive(&mut stream, &mut answer).await;
                }
                stream
            });
        }
        self.streams = running.join_all().await;
    }
}

async fn receive(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut read = 0;
    loop {
        let more = stream.read(&mut buffer[read..]).await.unwrap();
        assert_ne!(more, 0, "the server closed the connection");
        read += more;
        if let Some(whole) = length(&buffer[..read]) {
            assert!(buffer.starts_with(b"HTTP/1.1 200") && read <= whole);
            if read == whole {
                return;
            }
        }
    }
}

/// How long an answer is, once its head is there.
fn length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = str::from_utf8(&answer[..head]).ok()?.to_ascii_lowercase();
    let line = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + line.trim().parse::<usize>().ok()?)
}
