//! The last calls that came: for people who look.

use std::{collections::VecDeque, time::Duration};

use hyper::{Method, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use crate::{call::Call, world::World};

/// The last calls of Finch's, in memory that does not grow and is used again.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    calls: VecDeque<Entry>,
}

#[derive(Clone)]
struct Entry {
    at: Duration,
    method: Method,
    path: String,
    status: Option<StatusCode>,
    request_id: Uuid,
}

/// A call as it was received, without its query, headers and body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceivedCall {
    /// When it came, by the emulator's clock.
    pub at: String,
    /// Its method.
    pub method: String,
    /// Its path, or the beginning of a long one.
    pub path: String,
    /// What it was answered; none: the connection was closed without an answer.
    pub status: Option<u16>,
    /// `Finch-Request-Id`
    pub request_id: String,
}

impl Journal {
    const KEPT: usize = 100;
    /// The most bytes of a path.
    const LONGEST: usize = 120;

    pub(crate) fn note(
        &mut self,
        at: Duration,
        call: &Call,
        status: Option<StatusCode>,
        request_id: Uuid,
    ) {
        let full = self.calls.len() >= Self::KEPT;
        let oldest = if full { self.calls.pop_front() } else { None };
        let mut path = oldest.map(|entry| entry.path).unwrap_or_default();
        path.clear();
        path.push_str(beginning(call.path()));
        let method = call.method.clone();
        self.calls.push_back(Entry { at, method, path, status, request_id });
    }
}

/// As much of a path as is kept.
fn beginning(path: &str) -> &str {
    let mut end = path.len().min(Journal::LONGEST);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    &path[..end]
}

impl World {
    /// The last calls, oldest first.
    pub(crate) fn recent_calls(&self) -> Vec<ReceivedCall> {
        let shown = |entry: &Entry| ReceivedCall {
            at: self.clock.date(entry.at),
            method: entry.method.to_string(),
            path: entry.path.clone(),
            status: entry.status.map(|status| status.as_u16()),
            request_id: entry.request_id.to_string(),
        };
        self.journal.calls.iter().map(shown).collect()
    }
}
