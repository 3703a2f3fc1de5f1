//! What came back.

use std::{mem, time::Duration};

use finch_core::{Answer, FinchApiError, MAX_ID_BYTES, RequestId};
use jiff::Timestamp;
use reqwest::Response;
use zeroize::Zeroizing;

use crate::{call::Call, lost::Lost, retry, wire::Object};

/// An answer of Finch's, or of something that stands in for it.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) request_id: Option<RequestId>,
    retry_after: Option<Duration>,
    /// None: longer than is read.
    body: Option<Zeroizing<String>>,
    max_body: usize,
}

/// Why a success is none.
pub(crate) enum Problem {
    /// Its body is not what it should be: the JSON path, and never the content.
    Unreadable(String),
    /// Its body says something else than success.
    Declined,
}

impl Reply {
    /// Reads an answer to its end, or as far as `max_body`.
    pub(crate) async fn receive(
        mut response: Response,
        call: &Call<'_>,
        max_body: usize,
    ) -> Result<Self, Lost> {
        let header = response.headers().get("finch-request-id").and_then(|id| id.to_str().ok());
        let is_id = |id: &&str| id.len() <= MAX_ID_BYTES && !call.is_echoed_in(id);
        let request_id = header.filter(is_id).and_then(|id| RequestId::new(id).ok());
        let retry_after = retry::asked(response.headers(), Timestamp::now);
        let status = response.status().as_u16();
        let body = body(&mut response, max_body).await?;
        Ok(Self { status, request_id, retry_after, body, max_body })
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Object<'_>, Problem> {
        match &self.body {
            // Some programs write a byte order mark first.
            Some(text) => Object::parse(text.trim_start_matches('\u{feff}')),
            None => Err(Problem::Unreadable("it is too long".to_owned())),
        }
    }

    /// Everything but the body.
    pub(crate) fn answer(&self) -> Answer {
        Answer {
            status: self.status,
            request_id: self.request_id.clone(),
            retry_after: self.retry_after,
            ..Answer::default()
        }
    }

    /// The error for a success that is none.
    pub(crate) fn problem(&self, problem: Problem) -> FinchApiError {
        match problem {
            Problem::Unreadable(problem) => {
                let length = match &self.body {
                    Some(text) => format!("{} bytes", text.len()),
                    None => format!("more than {} bytes", self.max_body),
                };
                let problem = format!("{problem} ({length})");
                FinchApiError::Unreadable { problem, answer: Box::new(self.answer()) }
            }
            Problem::Declined => FinchApiError::Rejected(Box::new(self.answer())),
        }
    }
}

async fn body(response: &mut Response, max: usize) -> Result<Option<Zeroizing<String>>, Lost> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > max) {
        return Ok(None);
    }
    // All the room at once where the length is known: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(4096)));
    while let Some(chunk) = response.chunk().await.map_err(Lost::on_the_way_back)? {
        if chunk.len() > max - bytes.len() {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    // Bytes that are no UTF-8 spoil the field they stand in, and no other.
    let text = String::from_utf8(mem::take(&mut *bytes)).unwrap_or_else(|error| {
        let bytes = Zeroizing::new(error.into_bytes());
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Ok(Some(Zeroizing::new(text)))
}
