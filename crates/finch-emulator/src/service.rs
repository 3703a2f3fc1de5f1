//! Finch as its callers see it: the world behind its endpoints, with faults, pending effects and records
//! of the requests.

mod pending_effects;
mod state;
mod traffic;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::header::HeaderValue;
use uuid::Uuid;

pub use state::{ConnectionState, EmulatorState, IssuedToken, TokenState};
pub use traffic::ReceivedCall;

use crate::{
    EmulatorConfig,
    fault::{Effect, Fault, FaultQueue, Reply},
    finch,
    http::{REQUEST_ID, Request, Response},
    webhook::Outbox,
    world::{Clock, InFlight, InFlightGuard, Kind, World},
};
use pending_effects::PendingEffects;
use traffic::{Journal, Rate};

pub(crate) struct Service {
    pub(crate) world: World,
    pub(crate) faults: FaultQueue,
    pending: PendingEffects,
    journal: Journal,
    /// Requests by endpoint; the last counts those without one.
    counts: [u64; finch::ENDPOINTS.len() + 1],
    in_flight: InFlight,
    rate: Rate,
}

/// A request that has arrived and has neither an effect nor a response yet.
pub(crate) struct Arrived {
    request: Request,
    fault: Option<Fault>,
    at: Duration,
    _in_flight: (InFlightGuard, Option<[InFlightGuard; 2]>),
}

impl Arrived {
    /// How long the fault delays it.
    pub(crate) fn delay(&self) -> Duration {
        self.fault.as_ref().map_or(Duration::ZERO, |fault| fault.delay)
    }
}

impl Service {
    pub(crate) fn new(config: EmulatorConfig, base_url: String, clock: Clock) -> Self {
        let outbox = Outbox::new(config.webhook.as_ref());
        Self::with(World::new(config, base_url, clock, outbox))
    }

    fn with(world: World) -> Self {
        Self {
            world,
            faults: FaultQueue::default(),
            pending: PendingEffects::default(),
            journal: Journal::default(),
            counts: [0; _],
            in_flight: InFlight::default(),
            rate: Rate::default(),
        }
    }

    /// The same world, without the faults and effects that wait.
    pub(crate) fn fork(&self) -> Self {
        Self::with(self.world.clone())
    }

    /// Starts again with the configuration. With a seed, the same ids come again.
    pub(crate) fn reset(&mut self) {
        let World { config, base_url, clock, outbox, .. } = &self.world;
        let outbox = outbox.restarted(config.webhook.as_ref());
        let world = World::new(config.clone(), base_url.clone(), clock.restarted(), outbox);
        *self = Self::with(world);
    }

    /// Counts a request, and takes the fault that waits for it.
    pub(crate) fn arrive(&mut self, request: Request) -> Arrived {
        self.settle();
        let at = self.world.clock.now();
        self.counts[finch::endpoint(&request).unwrap_or(finch::ENDPOINTS.len())] += 1;
        self.rate.count(at);
        let token = request.bearer().ok().and_then(|token| self.world.begin_request(token));
        let _in_flight = (self.in_flight.begin(), token);
        let fault = self.faults.take(&request);
        Arrived { request, fault, at, _in_flight }
    }

    /// Answers a request. Its effect is now, later or never, and never in part.
    pub(crate) fn answer(&mut self, arrived: Arrived) -> Reply {
        let Arrived { request, fault, at, .. } = arrived;
        let request_id = self.world.ids.make(Kind::Request);
        let mut reply = match fault {
            None => Reply::Response(finch::respond(&mut self.world, &request)),
            Some(fault) => self.play(&request, fault),
        };
        let status = match &mut reply {
            Reply::Dropped => None,
            Reply::Response(response) | Reply::Distorted(response, _) => {
                set_request_id(response, request_id);
                Some(response.status())
            }
        };
        self.journal.record(at, &request, status, request_id);
        reply
    }

    fn play(&mut self, request: &Request, fault: Fault) -> Reply {
        let original = match fault.effect {
            Effect::AtOnce => finch::respond(&mut self.world, request),
            _ if fault.kind.shows_original() => self.respond_without_effect(request),
            _ => Response::default(),
        };
        if let Effect::Late(by) = fault.effect {
            self.pending.push(self.world.clock.now() + by, request.clone());
        }
        fault.kind.play(original)
    }

    /// The response that Finch would give. No id in it is ever made again.
    fn respond_without_effect(&mut self, request: &Request) -> Response {
        let mut copy = self.world.clone();
        let response = finch::respond(&mut copy, request);
        self.world.ids = copy.ids;
        response
    }

    /// Adds a request id to a response that none of Finch's endpoints gave.
    pub(crate) fn stamp(&mut self, response: impl Into<Response>) -> Reply {
        let mut response = response.into();
        set_request_id(&mut response, self.world.ids.make(Kind::Request));
        Reply::Response(response)
    }
}

fn set_request_id(response: &mut Response, request_id: Uuid) {
    let mut text = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(request_id.hyphenated().encode_lower(&mut text)) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}

/// The service as the server and its owner share it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Service>>);

impl Shared {
    pub(crate) fn new(service: Service) -> Self {
        Self(Arc::new(Mutex::new(service)))
    }

    /// The service after the effects that are due.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Service> {
        let mut service = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        service.settle();
        service
    }
}
