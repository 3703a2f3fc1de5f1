//! Every request: Finch's endpoints, and those that only the emulator has.

use std::{sync::LazyLock, time::Duration};

use hyper::Method;

use crate::{
    control, dashboard,
    fault::Reply,
    http::{ApiError, Request, Response, Route, Router},
    service::{Arrived, Service},
};

type Handler = fn(&mut Service, &Request) -> Result<Response, ApiError>;

/// These are neither counted nor affected by faults.
static OWN: [Route<Handler>; 27] = [
    (Method::POST, "/__emulator/codes", control::issue_code),
    (Method::GET, "/__emulator/state", control::state),
    (Method::POST, "/__emulator/faults", control::queue_faults),
    (Method::GET, "/__emulator/faults", control::list_faults),
    (Method::DELETE, "/__emulator/faults", control::clear_faults),
    (Method::POST, "/__emulator/disconnect", control::disconnect),
    (Method::POST, "/__emulator/status", control::set_status),
    (Method::GET, "/__emulator/calls", control::recent_calls),
    (Method::GET, "/__emulator/webhooks", control::webhooks::show),
    (Method::POST, "/__emulator/webhooks", control::webhooks::register),
    (Method::DELETE, "/__emulator/webhooks", control::webhooks::unregister),
    (Method::POST, "/__emulator/webhooks/send", control::webhooks::send),
    (Method::POST, "/__emulator/webhooks/resend", control::webhooks::resend),
    (Method::POST, "/__emulator/clock", control::advance_clock),
    (Method::POST, "/__emulator/reset", control::reset),
    (Method::GET, "/", dashboard::show),
    (Method::GET, "/__emulator/style.css", dashboard::assets::style),
    (Method::GET, "/__emulator/connect.js", dashboard::assets::script),
    (Method::GET, "/__emulator/icon.svg", dashboard::assets::icon),
    (Method::POST, "/__emulator/dashboard/status", dashboard::forms::set_status),
    (Method::POST, "/__emulator/dashboard/disconnect", dashboard::forms::disconnect),
    (Method::POST, "/__emulator/dashboard/fault", dashboard::forms::queue_fault),
    (Method::POST, "/__emulator/dashboard/fault-off", dashboard::forms::drop_fault),
    (Method::POST, "/__emulator/dashboard/webhook", dashboard::forms::register),
    (Method::POST, "/__emulator/dashboard/send", dashboard::forms::send),
    (Method::POST, "/__emulator/dashboard/resend", dashboard::forms::resend),
    (Method::POST, "/__emulator/dashboard/clock", dashboard::forms::advance_clock),
];

static ROUTER: LazyLock<Router<Handler>> = LazyLock::new(|| Router::new(&OWN));

/// A request that has arrived, and its owner.
pub(crate) enum Incoming {
    Finch(Arrived),
    Own(Request),
}

impl Incoming {
    pub(crate) fn arrive(service: &mut Service, request: Request) -> Self {
        match request.path().strip_prefix("/__emulator") {
            Some("") => Self::Own(request),
            Some(rest) if rest.starts_with('/') => Self::Own(request),
            _ if request.path() == "/" => Self::Own(request),
            _ => Self::Finch(service.arrive(request)),
        }
    }

    /// How long a fault delays it.
    pub(crate) fn delay(&self) -> Duration {
        match self {
            Self::Finch(arrived) => arrived.delay(),
            Self::Own(_) => Duration::ZERO,
        }
    }

    pub(crate) fn answer(self, service: &mut Service) -> Reply {
        let request = match self {
            Self::Finch(arrived) => return service.answer(arrived),
            Self::Own(request) => request,
        };
        let response = match ROUTER.find(&request) {
            Some((_, handler)) => handler(service, &request),
            None => Err(ROUTER.unrouted(&request)),
        };
        service.stamp(response.unwrap_or_else(Response::from))
    }
}
