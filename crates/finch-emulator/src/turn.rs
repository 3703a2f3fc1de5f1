//! One call, from its arrival to its answer: the same for the server and for callers in process.

use std::time::Duration;

use hyper::header::HeaderValue;
use uuid::Uuid;

use crate::{
    answer::{Answer, REQUEST_ID},
    call::Call,
    fault::{Effect, Fault, Reply, Shape},
    ids::Kind,
    routes,
    traffic::OnItsWay,
    world::World,
};

/// A call that has arrived and is not answered yet.
pub(crate) struct Turn {
    call: Call,
    fault: Option<Fault>,
    /// When it came; none: it is none of Finch's.
    arrived: Option<Duration>,
    /// What counts it as on its way.
    _counted: Vec<OnItsWay>,
}

impl Turn {
    /// How long it is to be held up.
    pub(crate) fn delay(&self) -> Duration {
        self.fault.as_ref().map_or(Duration::ZERO, |fault| fault.delay)
    }
}

impl World {
    /// A call comes in: it is counted, and takes the fault that waits for it.
    pub(crate) fn arrive(&mut self, call: Call) -> Turn {
        self.settle();
        if routes::is_control(call.path()) {
            return Turn { call, fault: None, arrived: None, _counted: Vec::new() };
        }
        let now = self.clock.now();
        self.calls.count(&call);
        self.rate.count(now);
        let _counted = self.begin_call(call.bearer().ok());
        let fault = self.faults.take(&call.method, call.path());
        Turn { call, fault, arrived: Some(now), _counted }
    }

    /// It is answered, and takes effect when it is to, in full or not at all.
    pub(crate) fn answer(&mut self, turn: Turn) -> Reply {
        let Turn { call, fault, arrived, .. } = turn;
        let request_id = self.ids.make(Kind::Request);
        let mut reply = match fault {
            None => Reply::Answer(routes::answer(self, &call), Shape::Whole),
            Some(fault) => self.play(&call, fault),
        };
        let status = match &mut reply {
            Reply::Dropped => None,
            Reply::Answer(answer, _) => {
                set_request_id(answer, request_id);
                Some(answer.status())
            }
        };
        if let Some(at) = arrived {
            self.journal.note(at, &call, status, request_id);
        }
        reply
    }

    fn play(&mut self, call: &Call, fault: Fault) -> Reply {
        let finchs_own = match fault.effect {
            Effect::AtOnce => Some(routes::answer(self, call)),
            _ if fault.kind.shows_finchs_own() => Some(self.dream(call)),
            _ => None,
        };
        if let Effect::Late(by) = fault.effect {
            self.take_effect_later(call.clone(), by);
        }
        // There is one wherever the fault shows it.
        fault.kind.play(|| finchs_own.unwrap_or_default())
    }

    /// Gives an answer that no handler made its request id.
    pub(crate) fn stamp(&mut self, mut answer: Answer) -> Answer {
        let request_id = self.ids.make(Kind::Request);
        set_request_id(&mut answer, request_id);
        answer
    }
}

fn set_request_id(answer: &mut Answer, request_id: Uuid) {
    let mut text = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(request_id.hyphenated().encode_lower(&mut text)) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
}
