//! The port to Finch: each call waits before Finch sees it, and its answer before the caller does.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, AuthorizationCode, ConnectSession, FinchApi, FinchApiError, Grant,
    Introspection, NewSession, ReauthenticateSession, RedirectUri, RequestId,
};

use crate::{
    clock::Clock,
    fault::Fault,
    gate::{About, Gate, Kind, Point},
    ledger::Ledger,
    remote::Remote,
};

/// Finch, as one host sees it.
#[derive(Clone)]
pub(crate) struct GatedFinch {
    /// Which host.
    pub(crate) host: usize,
    /// Where its calls wait.
    pub(crate) gate: Gate,
    /// The one Finch.
    pub(crate) remote: Arc<Mutex<Remote>>,
    /// What is learned at the gate.
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    /// The true time.
    pub(crate) clock: Clock,
    /// The application.
    pub(crate) application: Application,
}

/// Locks, whoever has panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GatedFinch {
    async fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        note: String,
        with: Option<&str>,
        run: impl FnOnce(&mut Remote, &mut Ledger, Option<Fault>, i64) -> Result<T, FinchApiError>
        + Send
        + 'static,
    ) -> Result<T, FinchApiError> {
        let (remote, ledger) = (Arc::clone(&self.remote), Arc::clone(&self.ledger));
        let (clock, with) = (self.clock.clone(), with.map(Arc::<str>::from));
        let point = Point { kind: Kind::Send, name };
        let about = About { point, note: note.clone(), with: with.clone(), until: None };
        let answer = self.gate.pass(self.host, about, move |fault| {
            let answer = run(&mut lock(&remote), &mut lock(&ledger), fault, clock.now());
            let said = match &answer {
                Ok(_) => "ok".to_owned(),
                Err(error) => format!("{:?}", error.failure().kind),
            };
            (answer, said)
        });
        let answer = answer.await;
        let point = Point { kind: Kind::Answer, name };
        let about = About { point, note, with, until: None };
        self.gate.pass(self.host, about, |_| ((), String::new())).await;
        answer
    }
}

/// Plays a fault around a call that takes effect at once or not at all.
fn play<T>(
    fault: Option<Fault>,
    effect: impl FnOnce() -> Result<T, FinchApiError>,
) -> Result<T, FinchApiError> {
    match fault {
        None => effect(),
        Some(fault @ (Fault::Lost | Fault::StatusAfter(_) | Fault::GarbageAfter)) => {
            drop(effect());
            Err(fault.finch_error())
        }
        Some(fault) => Err(fault.finch_error()),
    }
}

#[async_trait]
impl FinchApi for GatedFinch {
    fn application(&self) -> &Application {
        &self.application
    }

    async fn exchange(
        &self,
        code: &AuthorizationCode,
        redirect_uri: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        let uri = redirect_uri.map(|uri| uri.as_str().to_owned());
        let sent = code.expose().to_owned();
        self.call("exchange", String::new(), None, move |remote, ledger, fault, now| {
            ledger.sends(&sent, fault.is_some_and(Fault::is_unseen));
            if let Some(Fault::Late(seconds)) = fault {
                remote.exchange_at(now + i64::from(seconds) * 1000, &sent, uri.as_deref());
            }
            play(fault, || remote.exchange(&sent, uri.as_deref()))
        })
        .await
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        let sent = token.expose().to_owned();
        self.call("introspect", String::new(), Some(token.expose()), move |remote, _, fault, _| {
            play(fault, || remote.introspect(&sent))
        })
        .await
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        let sent = token.expose().to_owned();
        let call = move |remote: &mut Remote, ledger: &mut Ledger, fault, now: i64| {
            if let Some(Fault::Late(seconds) | Fault::LieLate(seconds)) = fault {
                let promised = matches!(fault, Some(Fault::LieLate(_)));
                remote.disconnect_at(now + i64::from(seconds) * 1000, &sent, promised);
            }
            let answer = match fault {
                Some(Fault::Lie | Fault::LieLate(_)) => Ok(None),
                _ => play(fault, || remote.disconnect(&sent)),
            };
            if answer.is_ok() {
                ledger.acknowledged.insert(sent);
            }
            answer
        };
        self.call("disconnect", String::new(), Some(token.expose()), call).await
    }

    async fn new_session(&self, session: &NewSession) -> Result<ConnectSession, FinchApiError> {
        let (note, session) = (session.customer_id.to_string(), session.clone());
        self.call("new session", note, None, move |remote, _, fault, _| {
            play(fault, || remote.new_session(&session))
        })
        .await
    }

    async fn reauthenticate_session(
        &self,
        session: &ReauthenticateSession,
    ) -> Result<ConnectSession, FinchApiError> {
        let (note, session) = (session.connection_id.to_string(), session.clone());
        self.call("reauthenticate session", note, None, move |remote, _, fault, _| {
            play(fault, || remote.reauthenticate_session(&session))
        })
        .await
    }
}
