//! The emulator in process, without a server.

use std::{fmt, ops::Deref, time::Duration};

use hyper::body::Bytes;

use super::{Controls, error::check};
use crate::{
    EmulatorConfig, EmulatorError, WebhookRequest,
    fault::Reply,
    http::{ApiError, BODY_LIMIT, Invalid, Request, Response},
    routes::Incoming,
    server::as_read,
    world::Clock,
};

/// A Finch without sockets, threads, a runtime or a wall clock, for deterministic simulations: the same
/// endpoints and faults as [`Emulator`](crate::Emulator), with the methods of [`Controls`].
///
/// Its clock stands still until [`advance`](Controls::advance). Its seed is 0 unless another is given, so
/// that equal requests in equal order get equal ids, codes and tokens.
///
/// ```
/// # use finch_emulator::{EmulatorConfig, Fault, LocalEmulator, Login};
/// let finch = LocalEmulator::new(EmulatorConfig::default())?;
/// let code = finch.issue_code(Login::new("User A", "Gusto", "Company C", "Credentials X"));
/// let body = format!(
///     r#"{{"client_id": "{}", "client_secret": "{}", "code": "{code}"}}"#,
///     finch.client_id(), finch.client_secret(),
/// );
/// finch.push_fault(Fault::on("/auth/token").drop_after_effect());
/// assert!(finch.call("POST", "/auth/token", &[], body.as_bytes()).is_none());
/// let token = finch.issued_tokens().remove(0);
/// assert!(token.is_alive());
///
/// let bearer = format!("Bearer {}", token.secret);
/// let answer = finch.call("POST", "/disconnect", &[("authorization", &bearer)], b"");
/// assert_eq!(answer.map(|answer| answer.status), Some(200));
/// assert!(!finch.is_alive(&token.secret));
/// # Ok::<_, finch_emulator::EmulatorError>(())
/// ```
#[derive(Debug)]
pub struct LocalEmulator {
    controls: Controls,
}

/// A request that has arrived and has no response yet. Dropped, it never has an effect.
pub struct LocalCall(Result<Incoming, ApiError>);

/// A response as a client reads it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalAnswer {
    /// The status.
    pub status: u16,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body. `Debug` shows only its length, because it may hold a token.
    pub body: Vec<u8>,
}

impl LocalEmulator {
    /// The base URL of its Connect URLs, at which nothing listens.
    pub const URL: &str = "http://127.0.0.1:1";

    /// An emulator without connections. The host and port of the configuration are not used.
    ///
    /// # Errors
    /// An invalid configuration.
    pub fn new(config: EmulatorConfig) -> Result<Self, EmulatorError> {
        check(&config)?;
        let config = EmulatorConfig { seed: Some(config.seed.unwrap_or(0)), ..config };
        Ok(Self { controls: Controls::new(config, Self::URL.to_owned(), Clock::initial_state()) })
    }

    pub(super) fn of(controls: Controls) -> Self {
        Self { controls }
    }

    /// The same Finch as it is now, to go its own way from here. No fault waits for it, and no effect.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { controls: self.controls.fork() }
    }

    /// A request and its response, without the delay of a fault. `None`: a client gets no response, or
    /// not the whole of it. `path` may have a query.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<LocalAnswer> {
        let call = self.arrive(method, path, headers, body);
        self.answer(call)
    }

    /// The same for a request of the `http` crate, as an HTTP client sends it.
    pub fn send(&self, request: hyper::Request<Bytes>) -> Option<hyper::Response<Bytes>> {
        let mut service = self.service.lock();
        let reply = match request.body().len() > BODY_LIMIT {
            true => service.stamp(ApiError::too_large(BODY_LIMIT)),
            false => Incoming::arrive(&mut service, request.into()).answer(&mut service),
        };
        read(reply)
    }

    /// The first half of a call: the request is counted, and takes its fault. Its effect is in
    /// [`answer`](Self::answer).
    pub fn arrive(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> LocalCall {
        let request = request(method, path, headers, body);
        LocalCall(request.map(|request| Incoming::arrive(&mut self.service.lock(), request)))
    }

    /// The second half: the request takes effect and gets its response.
    pub fn answer(&self, call: LocalCall) -> Option<LocalAnswer> {
        let mut service = self.service.lock();
        let reply = match call.0 {
            Ok(incoming) => incoming.answer(&mut service),
            Err(error) => service.stamp(error),
        };
        read(reply).map(LocalAnswer::from)
    }

    /// The time since the start, by its clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.service.lock().world.clock.now()
    }

    /// The next due webhook, which is in flight until [`webhook_answered`](Self::webhook_answered).
    pub fn take_webhook(&self) -> Option<WebhookRequest> {
        self.service.lock().world.take_webhook()
    }

    /// Records the status that the receiver answered, or `None` if it did not answer.
    pub fn webhook_answered(&self, webhook: &WebhookRequest, status: Option<u16>) {
        let outcome = status.ok_or_else(|| "no answer".to_owned());
        self.service.lock().world.webhook_tried(webhook.number, outcome);
    }
}

/// What a client gets of a reply.
fn read(reply: Reply) -> Option<Response> {
    match reply {
        Reply::Dropped => None,
        Reply::Response(response) => Some(response),
        Reply::Distorted(response, fault) => as_read(response, &fault),
    }
}

fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Request, ApiError> {
    if body.len() > BODY_LIMIT {
        return Err(ApiError::too_large(BODY_LIMIT));
    }
    let builder = hyper::Request::builder().method(method).uri(path);
    let builder =
        headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    let request = builder.body(Bytes::copy_from_slice(body));
    let invalid = |error| ApiError::from(Invalid::new("request", format!("is not HTTP: {error}")));
    request.map(Request::from).map_err(invalid)
}

impl Deref for LocalEmulator {
    type Target = Controls;

    fn deref(&self) -> &Controls {
        &self.controls
    }
}

impl LocalCall {
    /// How long a fault delays it.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, Incoming::delay)
    }
}

impl LocalAnswer {
    /// The first header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl From<Response> for LocalAnswer {
    fn from(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = parts.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        Self { status: parts.status.as_u16(), headers: headers.collect(), body: body.into() }
    }
}

impl fmt::Debug for LocalCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCall").field("delay", &self.delay()).finish_non_exhaustive()
    }
}

impl fmt::Debug for LocalAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAnswer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
