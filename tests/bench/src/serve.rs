//! A bare server: axum, and one body for every call.

use std::{fs, io::Write as _};

use axum::{Router, body::Bytes, http::header::CONTENT_TYPE};
use tokio::net::TcpListener;

use crate::host::runtime;

/// Serves the content of a file, and prints where.
pub(crate) fn run(body: &str) {
    let body = Bytes::from(fs::read(body).unwrap());
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
    let router = Router::new().fallback(answer);
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{{\"url\": \"http://{}\"}}", listener.local_addr().unwrap()).unwrap();
        out.flush().unwrap();
        drop(out);
        axum::serve(listener, router).await.unwrap();
    });
}
