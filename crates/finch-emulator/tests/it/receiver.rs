//! A receiver of webhooks with given answers.

use std::{collections::VecDeque, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::timeout,
};

pub(crate) const SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";

/// A received webhook.
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
    /// Gives these answers, and then 200. An empty answer closes the connection.
    pub(crate) async fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hooks?from=finch", listener.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(listen(listener, answers.iter().copied().collect(), sender));
        Self { url, received }
    }

    /// The next webhook.
    pub(crate) async fn next(&mut self) -> Received {
        let next = timeout(Duration::from_secs(20), self.received.recv());
        next.await.unwrap().unwrap()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.received.is_empty()
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
    let mut text = String::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "the connection was closed");
        text.push_str(str::from_utf8(&piece[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let (line, headers) = head.split_once("\r\n").unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let headers = headers.lines().map(header).collect();
        let received = Received { line: line.to_owned(), headers, body: body.to_owned() };
        if received.header("content-length").parse() == Ok(body.len()) {
            return received;
        }
    }
}
