//! Finch's answers as text, and the client that reads them. An input is
//!
//! ```text
//! 401
//! finch-request-id: r
//!
//! {"name": "invalid_token"}
//! ====
//! 503
//! ```
//!
//! and so on: each call takes the next answer, and then an empty 503.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use finch_core::{ClientSecret, FinchApiError};
use finch_http::{HttpFinch, HttpFinchConfig, Transport};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use crate::canary::{CODE, SECRET, TOKEN, filled};

/// An answer as it is given: status, headers, body.
type Given = (u16, Vec<(HeaderName, HeaderValue)>, Vec<u8>);

/// A call that was made, and how it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Its headers name the token, which no Finch does: its request id is shown in errors.
    pub(crate) tells: bool,
}

impl Asked {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as another JSON parser reads it.
    pub(crate) fn json(&self) -> Option<Value> {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
    }

    /// A text in the body.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Some(self.json()?.get(name)?.as_str()?.to_owned())
    }
}

/// Whether no field of this JSON may be there twice: readers differ in which one they take.
pub(crate) fn is_plain(json: &[u8]) -> bool {
    let text = String::from_utf8_lossy(json);
    let mut names: Vec<_> = text.split('"').skip(1).step_by(2).collect();
    names.sort_unstable();
    !text.contains('\\') && names.windows(2).all(|pair| pair[0] != pair[1])
}

struct Script {
    answers: VecDeque<Given>,
    asked: Vec<Asked>,
}

struct Scripted(Arc<Mutex<Script>>);

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, FinchApiError> {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, headers, body) =
            script.answers.pop_front().unwrap_or((503, Vec::new(), Vec::new()));
        let tells = headers.iter().any(|(_, value)| {
            value.as_bytes().windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes())
        });
        let path = request.uri().path().to_owned();
        script.asked.push(Asked { path, status, body: body.clone(), tells });
        let mut answer = Response::new(body.into());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        answer.headers_mut().extend(headers);
        Ok(answer)
    }
}

/// Calls Finch, which answers as `data` says: what came of it, and what was asked.
pub(crate) fn answered<T>(data: &[u8], call: impl AsyncFnOnce(&HttpFinch) -> T) -> (T, Vec<Asked>) {
    let mut config = HttpFinchConfig::new("client".parse().unwrap(), ClientSecret::new(SECRET));
    config.base_url = "http://127.0.0.1:1".into();
    config.max_body = 16 * 1024;
    config.backoff.first = Duration::ZERO;
    config.max_retry_after = Duration::from_millis(1);
    let script = Arc::new(Mutex::new(Script { answers: answers(data), asked: Vec::new() }));
    let finch = HttpFinch::with_transport(config, Arc::new(Scripted(Arc::clone(&script)))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let said = runtime.block_on(call(&finch));
    let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
    (said, std::mem::take(&mut script.asked))
}

fn answers(data: &[u8]) -> VecDeque<Given> {
    let data = filled(data, &[("@TOKEN@", TOKEN), ("@SECRET@", SECRET), ("@CODE@", CODE)]);
    split(&data, b"\n====\n").into_iter().map(answer).collect()
}

/// The parts of `data` between separators.
pub(crate) fn split<'a>(data: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(separator.len()).position(|window| window == separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

fn answer(text: &[u8]) -> (u16, Vec<(HeaderName, HeaderValue)>, Vec<u8>) {
    let (head, body) = head_and_body(text);
    let mut lines = head.split(|b| *b == b'\n');
    let status = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.trim().parse().ok());
    // The library hands out no 1xx.
    let status = status.filter(|status| (200..1000).contains(status)).unwrap_or(200);
    (status, lines.filter_map(header).collect(), body.to_vec())
}

/// What stands before the first empty line, and behind it.
pub(crate) fn head_and_body(text: &[u8]) -> (&[u8], &[u8]) {
    match text.windows(2).position(|window| window == b"\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text, b""),
    }
}

pub(crate) fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|b| *b == b':')?;
    let value = line[colon + 1..].trim_ascii();
    Some((HeaderName::from_bytes(&line[..colon]).ok()?, HeaderValue::from_bytes(value).ok()?))
}
