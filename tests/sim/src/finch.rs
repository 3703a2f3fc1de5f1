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
    fault::Fault,
    gate::{About, Kind, Point},
    host::Shared,
    remote::bearer,
    variant::Variant,
};

#[derive(Clone)]
pub(crate) struct GatedFinch {
    pub(crate) host: usize,
    pub(crate) shared: Shared,
}

/// Locks, although another thread may have panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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
        let answer = self.send_once(&request).await;
        let lost = answer.as_ref().is_err_and(FinchApiError::is_ambiguous);
        if lost
            && self.shared.variant == Some(Variant::ResendsTheCode)
            && operation(&request) == "exchange"
        {
            return self.send_once(&request).await;
        }
        self.misread(answer)
    }
}

impl GatedFinch {
    async fn send_once(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, FinchApiError> {
        let (name, with) = (operation(request), bearer(request).map(Arc::<str>::from));
        let about = |kind| About { point: Point { kind, name }, with: with.clone(), until: None };
        let (way, request) = (self.clone(), request.clone());
        let answer = self.shared.gate.pass(self.host, about(Kind::Send), move |fault| {
            let answer = way.play(&request, fault);
            let said = match &answer {
                Ok(response) => response.status().as_str().to_owned(),
                Err(error) => format!("{:?}", error.failure().kind),
            };
            (answer, said)
        });
        let answer = answer.await;
        self.shared.gate.pass(self.host, about(Kind::Answer), |_| ((), String::new())).await;
        answer
    }

    /// What a broken variant makes of an answer.
    fn misread(
        &self,
        answer: Result<Response<Bytes>, FinchApiError>,
    ) -> Result<Response<Bytes>, FinchApiError> {
        let doubtful = match &answer {
            Ok(response) => response.status().is_server_error(),
            Err(error) => error.is_ambiguous(),
        };
        match (self.shared.variant, answer) {
            (Some(Variant::NoSevenMinutes), _) if doubtful => {
                Err(FinchApiError::NoAnswer { problem: "never mind".into(), sent: false })
            }
            (Some(Variant::Any401IsDead), Ok(mut response)) if response.status() == 401 => {
                *response.body_mut() = r#"{"code":401,"name":"invalid_token"}"#.into();
                Ok(response)
            }
            (_, answer) => answer,
        }
    }

    /// What Finch does with a request, and what comes back.
    fn play(
        &self,
        request: &Request<Bytes>,
        fault: Option<Fault>,
    ) -> Result<Response<Bytes>, FinchApiError> {
        let (mut remote, mut ledger) = (lock(&self.shared.remote), lock(&self.shared.ledger));
        if let Ok(Value::String(code)) = crate::remote::field(request, "code") {
            ledger.sends(&code, fault.is_some_and(Fault::is_unseen));
        }
        let lost = |sent| FinchApiError::NoAnswer { problem: "lost".into(), sent };
        if fault == Some(Fault::NotConnected) {
            return Err(lost(false));
        }
        let response =
            remote.send(request, fault, self.shared.clock.now()).ok_or_else(|| lost(true))?;
        if let ("disconnect", Some(token)) = (operation(request), bearer(request))
            && response.status().is_success()
            && fault.is_none_or(Fault::is_success)
        {
            ledger.acknowledged.insert(token.to_owned());
        }
        Ok(response)
    }
}
