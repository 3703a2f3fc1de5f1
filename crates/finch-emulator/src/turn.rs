//! One call, from its arrival to its answer: the same for the server and for callers in process.

use std::time::Duration;

use hyper::header::HeaderValue;

use crate::{
    answer::{Answer, REQUEST_ID},
    call::Call,
    fault::Fault,
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
        if routes::is_control(call.path()) {
            return Turn { call, fault: None, _counted: Vec::new() };
        }
        self.calls.count(&call);
        self.rate.count(self.clock.now());
        let _counted = self.begin_call(call.bearer().ok());
        let fault = self.faults.take(&call.method, call.path());
        Turn { call, fault, _counted }
    }

    /// It takes effect, in full or not at all; none: no answer goes back.
    pub(crate) fn answer(&mut self, turn: Turn) -> Option<Answer> {
        let Turn { call, fault, .. } = turn;
        let request_id = self.ids.make(Kind::Request).to_string();
        let answer = match fault {
            None => Some(routes::answer(self, &call)),
            Some(fault) => fault.kind.play(|| routes::answer(self, &call)),
        };
        answer.map(|answer| with_request_id(answer, &request_id))
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
