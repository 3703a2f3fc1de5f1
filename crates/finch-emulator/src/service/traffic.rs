//! Records of the requests to Finch's endpoints: the last ones, and how many come at once.

use std::{collections::VecDeque, time::Duration};

use hyper::{Method, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use super::Service;
use crate::http::Request;

/// The last requests. Entries are reused, so that recording one allocates nothing.
#[derive(Default)]
pub(super) struct Journal(VecDeque<Entry>);

struct Entry {
    at: Duration,
    method: Method,
    path: String,
    status: Option<StatusCode>,
    request_id: Uuid,
}

/// A request, without its query, headers and body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceivedCall {
    /// When it came, by the emulator's clock.
    pub at: String,
    /// Its method.
    pub method: String,
    /// The first 120 bytes of its path.
    pub path: String,
    /// The status of the response. `None`: the connection was closed without one.
    pub status: Option<u16>,
    /// `Finch-Request-Id`
    pub request_id: String,
}

impl Journal {
    const KEPT: usize = 100;
    const PATH_LIMIT: usize = 120;

    pub(super) fn record(
        &mut self,
        at: Duration,
        request: &Request,
        status: Option<StatusCode>,
        request_id: Uuid,
    ) {
        let is_full = self.0.len() >= Self::KEPT;
        let oldest = if is_full { self.0.pop_front() } else { None };
        let mut path = oldest.map(|entry| entry.path).unwrap_or_default();
        path.clear();
        path.push_str(beginning(request.path()));
        let method = request.method().clone();
        self.0.push_back(Entry { at, method, path, status, request_id });
    }
}

/// The part of a path that is kept.
fn beginning(path: &str) -> &str {
    let mut end = path.len().min(Journal::PATH_LIMIT);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    &path[..end]
}

impl Service {
    /// The last requests, oldest first.
    pub(crate) fn recent_calls(&self) -> Vec<ReceivedCall> {
        let shown = |entry: &Entry| ReceivedCall {
            at: self.world.clock.date(entry.at),
            method: entry.method.to_string(),
            path: entry.path.clone(),
            status: entry.status.map(|status| status.as_u16()),
            request_id: entry.request_id.to_string(),
        };
        self.journal.0.iter().map(shown).collect()
    }
}

/// The number of requests within any second of the emulator's clock.
#[derive(Default)]
pub(super) struct Rate {
    /// The requests of the last second: when, and how many then.
    last: VecDeque<(Duration, u64)>,
    within: u64,
    most: u64,
}

impl Rate {
    const SECOND: Duration = Duration::from_secs(1);

    pub(super) fn count(&mut self, now: Duration) {
        while let Some((at, count)) = self.last.front()
            && now.saturating_sub(*at) >= Self::SECOND
        {
            self.within -= count;
            self.last.pop_front();
        }
        match self.last.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => self.last.push_back((now, 1)),
        }
        self.within += 1;
        self.most = self.most.max(self.within);
    }

    pub(super) fn most(&self) -> u64 {
        self.most
    }
}
