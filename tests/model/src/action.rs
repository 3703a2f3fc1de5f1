//! What may happen next.

use finch_core::{Token, TokenState};

use crate::{
    setting::Setting,
    world::{By, Driver, Exchange, Issued, Lease, Purpose, World, code_of},
};

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The host comes with this code, and its attempt's state.
    Callback(u8),
    /// Finch exchanges this code.
    Exchange(u8),
    /// The same, but the caller does not wait for the answer.
    LateExchange(u8),
    /// The token of this code is stored.
    Store(u8),
    /// A customer asks for a disconnect.
    Ask(By),
    /// This instance goes on with what is due.
    Work(u8),
    /// It asks about the token of this code, which is in doubt.
    Settle(u8, u8),
    /// Finch acts on its call.
    Act(u8),
    /// It writes the answer down.
    Record(u8),
    /// An unanswered `/disconnect` with this token takes effect.
    LateDisconnect(u8),
    /// The waits between tries are over.
    Wait,
    /// Seven minutes pass: what was not answered takes effect no more.
    SevenMinutes,
    /// A fault: the answer to this code is lost, or the code on its way.
    LoseExchange(u8),
    /// A fault: the answer to this instance is lost, or its call on its way.
    LoseCall(u8),
    /// A fault: this instance's call is answered with another 401, and does nothing.
    Odd(u8),
    /// A fault: its `/disconnect` is answered with success, and does nothing.
    Lie(u8),
    /// A fault: it dies, and starts again.
    Crash(u8),
    /// A fault: it stalls so long that its lease runs out.
    Stall(u8),
    /// A fault: Finch's dashboard ends the connection.
    Outside,
    /// An operator closes the open disconnect.
    Close,
}

impl World {
    /// What may happen, in the order in which it goes on best when nothing fails.
    pub(crate) fn actions(&self, setting: &Setting, actions: &mut Vec<Action>) {
        self.goes_on(setting, actions);
        let codes = || (0..self.codes.len() as u8).zip(&self.codes);
        for (number, code) in codes() {
            if code.exchange != Exchange::Answered {
                actions.push(Action::Callback(number));
            }
            if code.late {
                actions.push(Action::LateExchange(number));
            }
            if self.late & (1 << number) != 0 {
                actions.push(Action::LateDisconnect(number));
            }
        }
        if self.asks > 0 {
            actions.extend(setting.askers.iter().map(|by| Action::Ask(*by)));
        }
        if setting.closes && self.is_open() {
            actions.push(Action::Close);
        }
        if self.faults > 0 {
            self.faults(setting, actions);
        }
    }

    fn faults(&self, setting: &Setting, actions: &mut Vec<Action>) {
        for (number, code) in (0..self.codes.len() as u8).zip(&self.codes) {
            if code.exchange != Exchange::Idle {
                actions.push(Action::LoseExchange(number));
            }
        }
        for instance in 0..setting.instances {
            let driver = self.drivers[usize::from(instance)];
            if let Driver::Sent(call) = driver {
                actions.push(Action::Odd(instance));
                if call.purpose == Purpose::Disconnect {
                    actions.push(Action::Lie(instance));
                    if setting.instances > 1 && self.lease == Lease::Of(instance) {
                        actions.push(Action::Stall(instance));
                    }
                }
            }
            if matches!(driver, Driver::Sent(_)) {
                actions.push(Action::LoseCall(instance));
            }
            let exchanges = self.codes.iter().any(|c| c.exchange != Exchange::Idle);
            if driver != Driver::Idle || (instance == 0 && exchanges) {
                actions.push(Action::Crash(instance));
            }
        }
        if setting.outside && self.codes.iter().any(|c| c.token == Issued::Alive) {
            actions.push(Action::Outside);
        }
    }

    /// What goes on by itself, once everybody answers.
    pub(crate) fn goes_on(&self, setting: &Setting, actions: &mut Vec<Action>) {
        let mut busy = false;
        for instance in 0..setting.instances {
            match self.drivers[usize::from(instance)] {
                Driver::Answered(..) => actions.push(Action::Record(instance)),
                Driver::Sent(_) => actions.push(Action::Act(instance)),
                Driver::Idle => continue,
            }
            busy = true;
        }
        for (number, code) in (0..self.codes.len() as u8).zip(&self.codes) {
            match code.exchange {
                Exchange::Answered => actions.push(Action::Store(number)),
                Exchange::Waiting => actions.push(Action::Exchange(number)),
                Exchange::Idle => continue,
            }
            busy = true;
        }
        // A call ends within a bounded time, with or without an answer.
        let unanswered = self.late != 0
            || self.codes.iter().any(|c| c.late)
            || self.connection.ambiguous_at().is_some();
        if unanswered && !busy {
            actions.push(Action::SevenMinutes);
        }
        for instance in 0..setting.instances {
            if self.drivers[usize::from(instance)] == Driver::Idle && self.due {
                actions.push(Action::Work(instance));
                let doubt =
                    |t: &&Token| t.state == TokenState::Unverified && t.progress.next_try.is_none();
                if !self.is_open() {
                    let doubts = self.connection.tokens.iter().filter(doubt);
                    actions.extend(doubts.map(|t| Action::Settle(instance, code_of(t))));
                }
            }
        }
        if self.connection.tokens.iter().any(|t| t.progress.next_try.is_some()) {
            actions.push(Action::Wait);
        }
    }
}
