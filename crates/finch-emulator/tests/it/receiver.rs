//! A receiver of webhooks that answers what it is told to.

use std::{collections::VecDeque, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::timeout,
};

/// A webhook as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    received: UnboundedReceiver<Received>,
}

impl Receiver {
    /// Answers with these, and from then on with 200; an empty answer breaks off.
    pub(crate) async fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hooks?from=finch", listener.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(listen(listener, answers.iter().copied().collect(), sender));
        Self { url, received }
    }

    /// The next webhook, which comes without anybody waiting for it.
    pub(crate) async fn next(&mut self) -> Received {
        let next = timeout(Duration::from_secs(20), self.received.recv());
        next.await.unwrap().unwrap()
    }

    pub(crate) fn nothing_more(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

async fn listen(
    listener: TcpListener,
    mut answers: VecDeque<&'static str>,
    sender: UnboundedSender<Received>,
) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let received = read(&mut stream).await;
        let status = answers.pop_front().unwrap_or("200 OK");
        if !status.is_empty() {
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        if sender.send(received).is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "it broke off");
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let line = lines.next().unwrap().to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let received = Received { line, headers: lines.map(header).collect(), body: body.into() };
        if received.header("content-length").parse() == Ok(body.len()) {
            return received;
        }
    }
}
