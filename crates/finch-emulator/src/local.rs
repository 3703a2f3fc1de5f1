//! The emulator without a server: calls are answered in process.

mod webhooks;

use std::{fmt, time::Duration};

use hyper::{
    HeaderMap, Method, Uri,
    body::Bytes,
    header::{HeaderName, HeaderValue},
};

use crate::{
    EmulatorConfig, EmulatorError, EmulatorState, Fault, IssuedToken, Login,
    answer::Answer,
    call::{BODY_LIMIT, Call},
    clock::Clock,
    emulator::check,
    fault::Reply,
    fields::Invalid,
    refusal::Refusal,
    turn::Turn,
    wire,
    world::World,
};

/// A Finch without sockets, threads, a runtime or a wall clock: the same truth, endpoints and
/// faults as [`Emulator`](crate::Emulator), for simulations that are to come out the same each time.
///
/// Its clock stands until [`advance`](Self::advance). Without a seed its seed is 0, so that equal
/// calls in equal order always make equal ids, codes and tokens.
///
/// ```
/// # use finch_emulator::{EmulatorConfig, Fault, LocalEmulator, Login};
/// let mut finch = LocalEmulator::new(EmulatorConfig::default())?;
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
pub struct LocalEmulator {
    world: World,
}

/// A call that has arrived and waits to be answered. Dropped, it never has an effect.
pub struct LocalCall(State);

enum State {
    Arrived(Box<Turn>),
    Refused(Refusal),
}

/// An answer as a client gets it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalAnswer {
    /// The status.
    pub status: u16,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body. It may hold a token, so that `Debug` shows its length only.
    pub body: Vec<u8>,
}

impl LocalEmulator {
    /// The base URL that its Connect URLs begin with; nobody listens there.
    pub const URL: &str = "http://127.0.0.1:1";

    /// An empty Finch. The port of the configuration is not used.
    ///
    /// # Errors
    /// [`EmulatorError::BadCredentials`], [`EmulatorError::BadWebhook`]
    pub fn new(config: EmulatorConfig) -> Result<Self, EmulatorError> {
        check(&config)?;
        let config = EmulatorConfig { seed: Some(config.seed.unwrap_or(0)), ..config };
        Ok(Self { world: World::new(config, Self::URL.to_owned(), Clock::standing()) })
    }

    /// One call from beginning to end; a fault's delay is passed over. None: the caller gets no
    /// answer, or not the whole of it.
    pub fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<LocalAnswer> {
        let call = self.arrive(method, path, headers, body);
        self.answer(call)
    }

    /// The first half of a call: Finch has it, it counts as on its way, and the fault that waits
    /// for it is chosen. What happens before [`answer`](Self::answer) happens before its effect.
    ///
    /// `path` may have a query.
    pub fn arrive(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> LocalCall {
        LocalCall(match read(method, path, headers, body) {
            Ok(call) => State::Arrived(Box::new(self.world.arrive(call))),
            Err(refusal) => State::Refused(refusal),
        })
    }

    /// The second half: the call takes effect and is answered.
    pub fn answer(&mut self, call: LocalCall) -> Option<LocalAnswer> {
        match call.0 {
            State::Refused(refusal) => {
                Some(LocalAnswer::of(self.world.stamp(refusal.into_answer())))
            }
            State::Arrived(turn) => match self.world.answer(*turn) {
                Reply::Dropped => None,
                Reply::Answer(answer, shape) => wire::as_read(answer, shape).map(LocalAnswer::of),
            },
        }
    }

    /// The client id of the application that it knows.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.world.config.client_id
    }

    /// The client secret of the application that it knows.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.world.config.client_secret
    }

    /// A code, as if this person had just logged in: single use, 10 minutes.
    #[must_use]
    pub fn issue_code(&mut self, login: Login) -> String {
        self.world.issue_code(login.into())
    }

    /// Queues a fault for the next calls that match.
    pub fn push_fault(&mut self, fault: Fault) {
        self.world.faults.push(fault);
    }

    /// Drops the faults that still wait for their calls.
    pub fn clear_faults(&mut self) {
        self.world.faults.clear();
    }

    /// What there is now: connections, tokens, faults, counts.
    #[must_use]
    pub fn state(&self) -> EmulatorState {
        self.world.state()
    }

    /// Every token that was issued, with its secret, oldest first: the truth.
    #[must_use]
    pub fn issued_tokens(&self) -> Vec<IssuedToken> {
        self.world.issued_tokens()
    }

    /// Whether Finch accepts this token.
    #[must_use]
    pub fn is_alive(&self, token: &str) -> bool {
        self.world.live(token).is_some()
    }

    /// Ends a connection in Finch's dashboard, without any call of the application's. False: there
    /// is no such live connection.
    pub fn end_connection(&mut self, connection_id: &str) -> bool {
        self.world.end_in_dashboard(connection_id)
    }

    /// Sets the status of a live connection, as a provider does: `reauth`, `connected` and so on.
    /// False: there is no such live connection, or no such status.
    pub fn set_status(&mut self, connection_id: &str, status: &str) -> bool {
        self.world.set_status_by_name(connection_id, status)
    }

    /// Moves the clock on, at most a hundred years. What is due takes effect.
    pub fn advance(&mut self, by: Duration) {
        self.world.advance(by);
    }

    /// How long the clock has moved since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.world.clock.now()
    }

    /// Forgets everything; all ids come again in the same order.
    pub fn reset(&mut self) {
        self.world.reset();
    }
}

impl LocalCall {
    /// How long a fault wants it to be held up.
    #[must_use]
    pub fn delay(&self) -> Duration {
        match &self.0 {
            State::Arrived(turn) => turn.delay(),
            State::Refused(_) => Duration::ZERO,
        }
    }
}

impl LocalAnswer {
    fn of(answer: Answer) -> Self {
        let (parts, body) = answer.into_parts();
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = parts.headers.iter().map(header).collect();
        Self { status: parts.status.as_u16(), headers, body: body.into() }
    }

    /// The first header of this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn read(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Call, Refusal> {
    if body.len() > BODY_LIMIT {
        return Err(Refusal::too_large(BODY_LIMIT));
    }
    let invalid = |field: &str| Refusal::from(Invalid::new(field, "is none of HTTP's"));
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| invalid("method"))?;
    let uri = path.parse::<Uri>().map_err(|_| invalid("path"))?;
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("header"))?;
        let value = HeaderValue::from_str(value).map_err(|_| invalid("header"))?;
        map.append(name, value);
    }
    Ok(Call::of(method, uri, map, Bytes::copy_from_slice(body)))
}

impl fmt::Debug for LocalEmulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEmulator")
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
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
