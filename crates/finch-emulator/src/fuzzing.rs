//! For fuzzing only: the emulator without its server, and without its clock's patience.

use hyper::{Request, Response, body::Bytes};

use crate::{EmulatorConfig, EmulatorState, Login, call::Call, routes, world::World};

/// An emulator that is called as a function.
pub struct Offline(World);

impl std::fmt::Debug for Offline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Offline")
    }
}

impl Offline {
    /// An empty one.
    pub fn new(config: EmulatorConfig) -> Self {
        Self(World::new(config, "http://127.0.0.1:1".to_owned()))
    }

    /// As [`Emulator::issue_code`](crate::Emulator::issue_code).
    pub fn issue_code(&mut self, login: Login) -> String {
        self.0.issue_code(login.into())
    }

    /// As [`Emulator::state`](crate::Emulator::state).
    pub fn state(&self) -> EmulatorState {
        self.0.state()
    }

    /// What the server would answer; none: it would drop the connection. A fault's delay is passed
    /// over.
    pub fn answer(&mut self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let call = Call::new(parts, body);
        if !routes::is_control(call.path()) {
            self.0.calls.count(&call);
        }
        match self.0.take_fault(&call) {
            None => Some(routes::answer(&mut self.0, &call)),
            Some(fault) => fault.kind.play(|| routes::answer(&mut self.0, &call)),
        }
    }
}
