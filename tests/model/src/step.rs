//! One step from one state to the next.

use finch_core::{
    Attempt as Record, AttemptEnd, AttemptId, Claim, Connection, DisconnectState, Draft, Evidence,
    FailureKind, Fingerprint, Found, Intent, Seq, TokenState,
    decide::{self, Arrival, PlanVerdict, Source, Subject},
};

use crate::{
    action::Action,
    setting::Setting,
    store::{actor, attempt_of, connection_id, customer, facts, operator},
    variant::Variant,
    world::{
        Answer, Attempt, By, Call, Driver, End, Exchange, Issued, Lease, NOW, Purpose, World,
        code_of,
    },
};

impl World {
    /// What the state is after this; none if nothing changes.
    pub(crate) fn after(
        &self,
        setting: &Setting,
        variant: Variant,
        action: Action,
    ) -> Option<Self> {
        let mut world = self.clone();
        world.step(setting, variant, action).then(|| world.canonical()).filter(|w| w != self)
    }

    fn step(&mut self, setting: &Setting, variant: Variant, action: Action) -> bool {
        match action {
            Action::Callback(code) => return self.callback(variant, code),
            Action::Exchange(code) => {
                if self.exchange(setting, code) {
                    self.codes[usize::from(code)].exchange = Exchange::Answered;
                } else {
                    self.give_up(code, End::Failed);
                }
            }
            Action::LateExchange(code) => {
                self.codes[usize::from(code)].late = false;
                self.exchange(setting, code);
            }
            Action::Store(code) => self.admit(variant, code),
            Action::Ask(by) => return self.ask(variant, by),
            Action::Work(instance) => return self.work(variant, instance),
            Action::Settle(instance, code) => return self.settle(variant, instance, code),
            Action::Act(instance) => {
                let Some(call) = self.sent(instance) else { return false };
                let answer = self.act(setting, call.code, call.purpose);
                self.drivers[usize::from(instance)] = Driver::Answered(call, answer);
            }
            Action::Record(instance) => {
                let Driver::Answered(call, answer) = self.drivers[usize::from(instance)] else {
                    return false;
                };
                self.record(variant, instance, call, answer);
            }
            Action::LateDisconnect(code) => {
                self.late &= !(1 << code);
                self.end(setting, code);
            }
            Action::Wait => {
                self.connection.tokens.iter_mut().for_each(|t| t.progress.next_try = None);
            }
            Action::SevenMinutes => {
                self.late = 0;
                self.codes.iter_mut().for_each(|c| c.late = false);
                self.connection.tokens.iter_mut().for_each(|t| t.progress.ambiguous_at = None);
            }
            Action::Close => {
                let open = self.connection.open_disconnect();
                let Some(open) = open.map(|open| open.id) else { return false };
                self.change(|draft| decide::close(draft, open, operator(), "", NOW));
            }
            _ => {
                self.faults -= 1;
                return self.fault(variant, action);
            }
        }
        true
    }

    fn fault(&mut self, variant: Variant, action: Action) -> bool {
        match action {
            Action::LoseExchange(code) => self.lose_exchange(variant, code),
            Action::LoseCall(instance) => {
                let Some(call) = self.sent(instance) else { return false };
                self.leave(call);
                self.record(variant, instance, call, Answer::Lost);
            }
            Action::Odd(instance) => self.answer(instance, Answer::Odd),
            Action::Lie(instance) => self.answer(instance, Answer::Success),
            Action::Stall(instance) => {
                let Some(call) = self.sent(instance) else { return false };
                self.leave(call);
                self.answer(instance, Answer::Lost);
                (self.lease, self.stalled) = (Lease::OfTheDead, true);
            }
            Action::Crash(instance) => self.crash(variant, instance),
            Action::Outside => self.end_outside(),
            _ => return false,
        }
        true
    }

    fn sent(&self, instance: u8) -> Option<Call> {
        match self.drivers[usize::from(instance)] {
            Driver::Sent(call) => Some(call),
            _ => None,
        }
    }

    fn answer(&mut self, instance: u8, answer: Answer) {
        if let Some(call) = self.sent(instance) {
            self.drivers[usize::from(instance)] = Driver::Answered(call, answer);
        }
    }

    fn callback(&mut self, variant: Variant, code: u8) -> bool {
        let now = self.next();
        let place = usize::from(code);
        let claim = self.record_of(code).claim(true, NOW);
        if claim != Claim::Begin {
            // The same state and code again.
            let again = variant == Variant::StateNotConsumed && !self.codes[place].late;
            self.codes[place].late |= again;
            return again;
        }
        if variant == Variant::NoIntentBeforeTheExchange {
            let used = self.codes[place].token != Issued::Not || self.codes[place].late;
            self.codes[place].exchange = Exchange::Waiting;
            return !used;
        }
        self.codes[place].attempt = Some(Attempt { began: now, end: End::Open });
        self.codes[place].exchange = Exchange::Waiting;
        true
    }

    /// The attempt as a store would load it.
    fn record_of(&self, code: u8) -> Record {
        let known = &self.codes[usize::from(code)];
        let end = |end| match end {
            End::Open => None,
            End::Stored => self.id_of(code).map(AttemptEnd::Stored),
            End::Failed => Some(AttemptEnd::Failed(FailureKind::NoAnswer.into())),
            End::Unknown => Some(AttemptEnd::Unknown(FailureKind::NoAnswer.into())),
        };
        Record {
            id: AttemptId(Seq(code.into())),
            purpose: attempt_of(known.owner).clone(),
            exchange: known.attempt.map(|attempt| finch_core::Exchange {
                began: Seq(attempt.began),
                began_at: NOW,
                end: end(attempt.end),
            }),
        }
    }

    fn give_up(&mut self, code: u8, end: End) {
        let code = &mut self.codes[usize::from(code)];
        code.exchange = Exchange::Idle;
        if let Some(attempt) = code.attempt.as_mut() {
            attempt.end = end;
        }
    }

    fn lose_exchange(&mut self, variant: Variant, code: u8) {
        let place = usize::from(code);
        self.codes[place].late |= self.codes[place].exchange == Exchange::Waiting;
        if variant == Variant::CodeSentAgain {
            self.codes[place].exchange = Exchange::Waiting;
        } else {
            self.give_up(code, End::Unknown);
        }
    }

    fn admit(&mut self, variant: Variant, code: u8) {
        let connection = self.connection.clone();
        let record = self.record_of(code);
        let now = Seq(self.next());
        let known = self.codes[usize::from(code)];
        let began = record.exchange.as_ref().map_or(now, |exchange| exchange.began);
        let began = if variant == Variant::NoCovering { now } else { began };
        let id = connection_id(known.connection_id);
        let named = connection.tokens.iter().any(|t| t.facts.connection_id == *id);
        let found = Found {
            known: None,
            revoked_before: false,
            by_connection_id: named.then(|| connection.clone()),
            by_pair: Some(connection),
        };
        let late = self.is_late(variant);
        let arrival = Arrival {
            facts: facts(known.connection_id).clone(),
            fingerprint: Fingerprint([code; 32]),
            from: Source::Exchange(&record),
            began,
            now: NOW,
            late,
        };
        if let Some(draft) = decide::admit(found, arrival).draft {
            self.write(draft);
        }
        self.give_up(code, End::Stored);
        self.simplify_arrival(variant);
    }

    /// What a simplified rule makes of the token that has just arrived.
    fn simplify_arrival(&mut self, variant: Variant) {
        let Connection { tokens, disconnects, .. } = &mut self.connection;
        let Some(token) = tokens.last_mut() else { return };
        match (variant, &token.state) {
            (Variant::NoUnverified, TokenState::Unverified) => token.state = TokenState::Active,
            (Variant::NoSuperseded, TokenState::Superseded) => {
                token.state = TokenState::Fenced;
                if let Some(last) = disconnects.iter_mut().rfind(|d| d.ended().is_some()) {
                    last.state = DisconnectState::Open;
                }
                self.due = true;
            }
            _ => {}
        }
    }

    /// The customer asks for a disconnect of the newest token that it knows.
    fn ask(&mut self, variant: Variant, by: By) -> bool {
        let connection = self.connection.clone();
        let who = match by {
            By::Customer(number) => Some(number),
            By::Operator => None,
        };
        let own = |code: u8| who.is_none_or(|who| self.codes[usize::from(code)].owner == who);
        let newest = connection.tokens.iter().rev().map(code_of).find(|code| own(*code));
        let Some(newest) = newest else { return false };
        let id = connection_id(self.codes[usize::from(newest)].connection_id).clone();
        let reason = who.is_none().then(String::new);
        let scope = who.map(customer);
        let subject = Subject::ConnectionId(id);
        let verdict = decide::plan(&connection, &subject, scope, reason.clone(), &|_| 0).verdict;
        let requests =
            |connection: &Connection| connection.disconnects.len() + connection.retirements.len();
        let before = requests(&connection);
        let mut draft = Draft::of(connection);
        match (verdict, scope) {
            (PlanVerdict::Disconnects | PlanVerdict::Joins, _) => {
                decide::fence(&mut draft, Intent { by: actor(by), reason, at: NOW });
            }
            (PlanVerdict::Retires, Some(customer)) => decide::retire(&mut draft, customer, NOW),
            _ => return false,
        }
        self.asks -= 1;
        if variant == Variant::MarkedAfterTheCall {
            let call = Call { code: newest, purpose: Purpose::Disconnect };
            self.drivers[0] = Driver::Sent(call);
            return true;
        }
        let widened = requests(draft.connection()) > before;
        self.write(draft);
        for (number, code) in (0u8..).zip(&mut self.codes) {
            let stored = self.connection.tokens.iter().find(|t| code_of(t) == number);
            let begun = code.exchange != Exchange::Idle || code.attempt.is_some();
            code.covered |= match stored {
                Some(stored) => !stored.state.is_live(),
                None => begun && widened && who.is_none_or(|who| code.owner == who),
            };
        }
        if variant == Variant::RetiredIsWiped {
            let evidence = Evidence::Refused { request_id: None };
            let wiped = TokenState::Revoked { evidence, at: NOW };
            let tokens = self.connection.tokens.iter_mut();
            let retired = tokens.filter(|t| t.state == TokenState::Retired);
            retired.for_each(|t| t.state = wiped.clone());
        }
        true
    }

    fn crash(&mut self, variant: Variant, instance: u8) {
        if let Some(call) = self.sent(instance) {
            self.leave(call);
        }
        self.drivers[usize::from(instance)] = Driver::Idle;
        if self.lease == Lease::Of(instance) {
            self.lease = Lease::OfTheDead;
        }
        if instance == 0 {
            for code in self.codes.iter_mut() {
                code.late |= code.exchange == Exchange::Waiting;
                code.exchange = Exchange::Idle;
            }
        }
        if variant == Variant::FenceNotDurable {
            self.forget_fence();
        }
    }
}
