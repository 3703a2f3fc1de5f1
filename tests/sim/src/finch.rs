//! A host's way to Finch, under `HttpFinch`: each request waits before Finch sees it, and its response before
//! the host does.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use finch_core::FinchApiError;
use finch_http::Transport;
use http::{Request, Response};
use serde_json::Value;

use crate::{
    clock::Clock,
    fault::Fault,
    gate::{About, Gate, Kind, Point},
    ledger::Ledger,
    remote::{Remote, bearer},
};

/// The way of one host.
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
}

/// Locks, although another thread may have panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of a request's operation.
fn operation(request: &Request<Bytes>) -> &'static str {
    match request.uri().path() {
        "/auth/token" => "exchange",
        "/introspect" => "introspect",
        "/disconnect" => "disconnect",
        "/connect/sessions" => "new session",
        _ => "reauthenticate session",
    }
}

#[async_trait]
impl Transport for GatedFinch {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, FinchApiError> {
        let (name, with) = (operation(&request), bearer(&request).map(Arc::<str>::from));
        let about = |kind| About {
            point: Point { kind, name },
            note: String::new(),
            with: with.clone(),
            until: None,
        };
        let way = self.clone();
        let answer = self.gate.pass(self.host, about(Kind::Send), move |fault| {
            let answer = way.play(&request, fault);
            let said = match &answer {
                Ok(response) => response.status().as_str().to_owned(),
                Err(error) => format!("{:?}", error.failure().kind),
            };
            (answer, said)
        });
        let answer = answer.await;
        self.gate.pass(self.host, about(Kind::Answer), |_| ((), String::new())).await;
        answer
    }
}

impl GatedFinch {
    /// What Finch does with a request, and what comes back.
    fn play(
        &self,
        request: &Request<Bytes>,
        fault: Option<Fault>,
    ) -> Result<Response<Bytes>, FinchApiError> {
        let (mut remote, mut ledger) = (lock(&self.remote), lock(&self.ledger));
        if let Ok(Value::String(code)) = crate::remote::field(request, "code") {
            ledger.sends(&code, fault.is_some_and(Fault::is_unseen));
        }
        let lost = |sent| FinchApiError::NoAnswer { problem: "lost".into(), sent };
        if fault == Some(Fault::NotConnected) {
            return Err(lost(false));
        }
        let response = remote.send(request, fault, self.clock.now()).ok_or_else(|| lost(true))?;
        if let ("disconnect", Some(token)) = (operation(request), bearer(request))
            && response.status().is_success()
            && fault.is_none_or(Fault::is_success)
        {
            ledger.acknowledged.insert(token.to_owned());
        }
        Ok(response)
    }
}
