//! One call, from its arrival to its answer: the same for the server and for callers in process.

use std::time::Duration;

use hyper::header::HeaderValue;

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
            return Turn { call, fault: None, _counted: Vec::new() };
        }
        self.calls.count(&call);
        self.rate.count(self.clock.now());
        let _counted = self.begin_call(call.bearer().ok());
        let fault = self.faults.take(&call.method, call.path());
        Turn { call, fault, _counted }
    }

    /// It is answered, and takes effect when it is to, in full or not at all.
    pub(crate) fn answer(&mut self, turn: Turn) -> Reply {
        let Turn { call, fault, .. } = turn;
        let request_id = self.ids.make(Kind::Request).to_string();
        let reply = match fault {
            None => Reply::Answer(routes::answer(self, &call), Shape::Whole),
            Some(fault) => self.play(call, fault),
        };
        match reply {
            Reply::Dropped => Reply::Dropped,
            Reply::Answer(answer, shape) => {
                Reply::Answer(with_request_id(answer, &request_id), shape)
            }
        }
    }

    fn play(&mut self, call: Call, fault: Fault) -> Reply {
        let finchs_own = match fault.effect {
            Effect::AtOnce => Some(routes::answer(self, &call)),
            _ if fault.kind.shows_finchs_own() => Some(self.dream(&call)),
            _ => None,
        };
        if let Effect::Late(by) = fault.effect {
            self.take_effect_later(call, by);
        }
        // There is one wherever the fault shows it.
        fault.kind.play(|| finchs_own.unwrap_or_default())
    }

    /// Gives an answer that no handler made its request id.
    pub(crate) fn stamp(&mut self, answer: Answer) -> Answer {
        let request_id = self.ids.make(Kind::Request).to_string();
        with_request_id(answer, &request_id)
    }
}

fn with_request_id(mut answer: Answer, request_id: &str) -> Answer {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}
