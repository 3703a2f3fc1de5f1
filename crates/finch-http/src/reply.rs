//! An answer, read to its end or as far as it goes.

use std::mem;

use finch_core::{Answer, FinchApiError, MAX_ID_BYTES, RequestId};
use jiff::Timestamp;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use crate::{
    HttpFinchConfig,
    call::OutgoingCall,
    coding::{Coding, inflate},
    lost, retry,
    wire::Object,
};

/// An answer of Finch, or of something in its place.
pub(crate) struct Reply {
    /// Everything but the body.
    pub(crate) answer: Answer,
    /// None: longer than is read.
    body: Option<Zeroizing<String>>,
    /// Why the body may not be JSON, beside its own faults.
    coding: Option<&'static str>,
    max_body: usize,
}

/// Why a 2xx answer is not the success that was asked for.
pub(crate) enum NotSuccess {
    /// Its body is not what it should be: the JSON path, and never the content.
    Unreadable(String),
    /// Its body is readable, and is not a success.
    Declined,
}

impl Reply {
    /// Reads an answer to its end, or as far as `max_body`, or until a whole JSON object has come and
    /// the rest does not.
    pub(crate) async fn receive(
        mut response: Response,
        call: &OutgoingCall<'_>,
        config: &HttpFinchConfig,
        deadline: Instant,
    ) -> Result<Self, FinchApiError> {
        let header = response.headers().get("finch-request-id").and_then(|id| id.to_str().ok());
        let is_id = |id: &&str| id.len() <= MAX_ID_BYTES && !call.is_echoed_in(id);
        let mut reply = Self {
            answer: Answer {
                status: response.status().as_u16(),
                request_id: header.filter(is_id).and_then(|id| RequestId::new(id).ok()),
                retry_after: retry::asked(response.headers(), Timestamp::now),
                ..Answer::default()
            },
            body: None,
            coding: None,
            max_body: config.max_body,
        };
        let coding = Coding::of(response.headers());
        let mut bytes = buffer(&response, config.max_body);
        let read = read(&mut response, &mut bytes, config.max_body);
        let lost = match timeout_at(deadline, read).await {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => return Ok(reply),
            Ok(Err(error)) => Some(lost::within_answer(error, reply.answer.clone())),
            Err(_) => Some(lost::out_of_time(config.timeout)),
        };
        let (bytes, problem) = inflate(bytes, coding, config.max_body);
        (reply.body, reply.coding) = (bytes.map(text), problem);
        match lost {
            Some(error) if reply.leading_object().is_err() => Err(error),
            _ => Ok(reply),
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.answer.status)
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Object<'_>, NotSuccess> {
        self.parse(Object::parse)
    }

    /// The JSON object with which the body begins.
    pub(crate) fn leading_object(&self) -> Result<Object<'_>, NotSuccess> {
        self.parse(Object::leading)
    }

    fn parse<'a>(
        &'a self,
        parse: fn(&'a str) -> Result<Object<'a>, NotSuccess>,
    ) -> Result<Object<'a>, NotSuccess> {
        let Some(text) = &self.body else {
            return Err(NotSuccess::Unreadable("it is too long".to_owned()));
        };
        // Some programs write a byte order mark first.
        parse(text.trim_start_matches('\u{feff}')).map_err(|problem| match self.coding {
            Some(coding) => NotSuccess::Unreadable(coding.to_owned()),
            None => problem,
        })
    }

    /// The error for a 2xx answer that is not the success that was asked for.
    pub(crate) fn problem(&self, problem: NotSuccess) -> FinchApiError {
        match problem {
            NotSuccess::Unreadable(problem) => {
                let length = match &self.body {
                    Some(text) => format!("{} bytes", text.len()),
                    None => format!("more than {} bytes", self.max_body),
                };
                let problem = format!("{problem} ({length})");
                FinchApiError::Unreadable { problem, answer: Some(Box::new(self.answer.clone())) }
            }
            NotSuccess::Declined => self.answer.clone().into_error(),
        }
    }
}

/// Room for all of the body at once where its length is known: a buffer that grows leaves copies behind.
fn buffer(response: &Response, max: usize) -> Zeroizing<Vec<u8>> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    Zeroizing::new(Vec::with_capacity(announced.unwrap_or(4096).min(max)))
}

/// Whether the body has fitted into `max` bytes.
async fn read(response: &mut Response, bytes: &mut Vec<u8>, max: usize) -> reqwest::Result<bool> {
    while let Some(chunk) = response.chunk().await? {
        if chunk.len() > max - bytes.len() {
            return Ok(false);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(true)
}

/// Bytes that are not UTF-8 damage only the field that holds them.
fn text(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<String> {
    let text = String::from_utf8(mem::take(&mut *bytes)).unwrap_or_else(|error| {
        let bytes = Zeroizing::new(error.into_bytes());
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Zeroizing::new(text)
}
