//! What instances do: follow the open disconnect call by call, and settle doubts, by the rules of
//! `finch_core::decide`.

use finch_core::{
    Actor, Answer as Said, ConnectionId, ConnectionStatus, Evidence, FinchApiError, InstanceId,
    Intent, Introspection, Leased, Refusal, Token, TokenState,
    decide::{self, AskedAt, Observation, Step},
};
use jiff::Timestamp;

use crate::{
    store::{connection_id, facts, mark_of},
    variant::Variant,
    world::{Answer, Call, Driver, Issued, Lease, NOW, Purpose, World, code_of},
};

impl World {
    /// Goes on with what is due. Returns whether there was anything to do.
    pub(crate) fn work(&mut self, variant: Variant, instance: u8) -> bool {
        let connection = self.connection.clone();
        if decide::is_left_over(&connection) {
            let intent = Intent { by: Actor::Reconciler, reason: None, at: NOW };
            self.change(|draft| decide::fence(draft, intent));
            return true;
        }
        let Some(open) = connection.open_disconnect().map(|open| open.id) else { return false };
        match decide::next_step(&connection, NOW, None) {
            Step::Finish => {
                self.change(|draft| decide::finish(draft, open, NOW));
                self.release(instance);
                true
            }
            Step::Wait(_) => self.release(instance),
            Step::Call(call, token) => {
                let purpose = match call {
                    decide::Call::Disconnect => Purpose::Disconnect,
                    decide::Call::Introspect => Purpose::Prove,
                };
                let code = connection.token(token).map(code_of).unwrap_or_default();
                let call = Call { code, purpose };
                self.call(variant, instance, call)
            }
        }
    }

    pub(crate) fn settle(&mut self, variant: Variant, instance: u8, code: u8) -> bool {
        let purpose = Purpose::Settle(AskedAt::of(&self.connection));
        self.call(variant, instance, Call { code, purpose })
    }

    /// Sends a call, under the lease.
    fn call(&mut self, variant: Variant, instance: u8, call: Call) -> bool {
        let me = |number: u8| InstanceId::new([number; 16]);
        let held = match self.lease {
            Lease::Free => None,
            Lease::Of(other) => Some(finch_core::Lease::of(me(other), NOW)),
            // Its time has come: before, there is nothing to do but to wait.
            Lease::OfTheDead => {
                Some(finch_core::Lease { owner: me(9), until: Timestamp::UNIX_EPOCH })
            }
        };
        let leased = finch_core::Lease::ask(held.as_ref(), &me(instance), NOW);
        if leased != Leased::Taken && variant != Variant::LeaseIgnored {
            return false;
        }
        self.lease = Lease::Of(instance);
        if call.purpose == Purpose::Disconnect {
            self.mark_as_sending(variant, instance, call.code);
        }
        self.drivers[usize::from(instance)] = Driver::Sent(call);
        true
    }

    fn release(&mut self, instance: u8) -> bool {
        let held = self.lease == Lease::Of(instance);
        if held {
            self.lease = Lease::Free;
        }
        held
    }

    /// Before `/disconnect` goes out. A mark that is found is a crash's, or a lost lease's.
    fn mark_as_sending(&mut self, variant: Variant, instance: u8, code: u8) {
        let Some(token) = self.id_of(code) else { return };
        if variant == Variant::FoundMarkDropped {
            self.connection.tokens.iter_mut().for_each(|token| token.progress.sending = None);
        }
        self.change(|draft| {
            decide::lost_calls(draft, NOW);
            assert!(decide::send(draft, token), "it was to be sent just now");
        });
        // What has no mark is found by nothing.
        let kept = (variant != Variant::NoSendingMark).then(|| mark_of(instance));
        let marked = self.connection.tokens.iter_mut().filter(|t| t.id == token);
        marked.for_each(|t| t.progress.sending = kept);
    }

    /// Writes an answer down, and gives the lease back.
    pub(crate) fn record(&mut self, variant: Variant, instance: u8, call: Call, answer: Answer) {
        self.drivers[usize::from(instance)] = Driver::Idle;
        if self.lease == Lease::Of(instance) {
            self.lease = Lease::Free;
        }
        let Some(token) = self.id_of(call.code) else { return };
        let said = error(variant, answer);
        match call.purpose {
            Purpose::Disconnect | Purpose::Prove => {
                let step = match call.purpose {
                    Purpose::Disconnect => decide::Call::Disconnect,
                    _ => decide::Call::Introspect,
                };
                let said = said.as_ref().map_or(Ok(None), Err);
                let mark = (step == decide::Call::Disconnect).then(|| mark_of(instance));
                self.change(|draft| decide::record(draft, token, step, mark, said, NOW, 1.0));
            }
            Purpose::Settle(asked_at) => {
                let accepted = introspection(self.codes[usize::from(call.code)].connection_id);
                let said = said.as_ref().map_or(Ok(&accepted), Err);
                let late = self.is_late(variant).then_some(Timestamp::MAX);
                let observation =
                    Observation { token, asked_at, answer: said, late, now: NOW, jitter: 1.0 };
                self.change(|draft| {
                    decide::observe(draft, None, observation);
                });
            }
        }
        self.simplify_answer(variant, call, answer);
    }

    /// What a simplified rule makes of an answer besides.
    fn simplify_answer(&mut self, variant: Variant, call: Call, answer: Answer) {
        let id = connection_id(self.codes[usize::from(call.code)].connection_id);
        let promised = call.purpose == Purpose::Disconnect && answer == Answer::Success;
        let refused = matches!(answer, Answer::Invalid);
        let fenced = |t: &&mut Token| t.state == TokenState::Fenced;
        for token in self.connection.tokens.iter_mut().filter(fenced) {
            let is_of = |id: &ConnectionId| token.facts.connection_id == *id;
            match variant {
                Variant::OneRefusalSettlesAll if refused => {}
                Variant::SuccessIsProof if promised && is_of(id) => {}
                Variant::WipedBeforeTheRefusal if promised && code_of(token) == call.code => {
                    let evidence = Evidence::Refused { request_id: None };
                    token.state = TokenState::Revoked { evidence, at: NOW };
                    continue;
                }
                _ => continue,
            }
            token.progress.refused = Some(Refusal { at: NOW, request_id: None });
        }
    }

    /// Whether an unanswered `/disconnect` of the connection may still take effect, as far as is known.
    pub(crate) fn is_late(&self, variant: Variant) -> bool {
        variant != Variant::NoSevenMinutes && self.connection.ambiguous_at().is_some()
    }

    /// A call goes unanswered. One that Finch has accepted may take effect late, whatever becomes of its
    /// token.
    pub(crate) fn leave(&mut self, call: Call) {
        let alive = self.codes[usize::from(call.code)].token == Issued::Alive;
        if call.purpose == Purpose::Disconnect && alive {
            self.late |= 1 << call.code;
        }
    }

    /// Forgets what was only in the memory of a process.
    pub(crate) fn forget_fence(&mut self) {
        self.connection.disconnects.retain(|d| !d.is_open());
        let fenced = self.connection.tokens.iter_mut().filter(|t| t.state == TokenState::Fenced);
        fenced.for_each(|token| token.state = TokenState::Active);
        self.due = false;
    }
}

fn introspection(connection_id: u8) -> Introspection {
    Introspection {
        facts: facts(connection_id).clone().into(),
        status: Some(ConnectionStatus::Connected),
        ..Introspection::default()
    }
}

fn error(variant: Variant, answer: Answer) -> Option<FinchApiError> {
    let said = |word: &str| {
        let (status, finch_shaped, name) = (401, true, Some(word.to_owned()));
        Said { status, finch_shaped, name, ..Said::default() }.into_error()
    };
    Some(match answer {
        Answer::Success => return None,
        Answer::Unnamed | Answer::Odd if variant == Variant::Any401MeansDead => {
            said("invalid_token")
        }
        Answer::Invalid => said("invalid_token"),
        Answer::Unnamed => said("unauthorized"),
        Answer::Odd => said("reauthenticate_user"),
        Answer::Lost => FinchApiError::NoAnswer { problem: String::new(), sent: true },
    })
}
