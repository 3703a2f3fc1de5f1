//! One step: an operation begins, or one call goes on.

use super::{History, Running};
use crate::{
    fault::Fault,
    finch::lock,
    gate::Waiting,
    ledger::{ABSORBED, HELD},
    op::Op,
};

/// A host that does nothing for so many milliseconds has stalled.
const STALLED: i64 = 40_000;

impl History {
    pub(super) fn step(&mut self) {
        if self.event() {
            return;
        }
        let ready = self.ready();
        let quick = self.running.iter().filter(|r| !r.slow).count();
        let may_begin = self.ops_left > 0 && quick < self.shape.parallel;
        // Those that are overtaken wait until others have begun, and ended.
        let slow = self.slow();
        let all_slow = ready.iter().all(|call| slow.contains(&call.task));
        if may_begin && self.chance.percent(if all_slow { 90 } else { 20 }) {
            self.ops_left -= 1;
            let (host, op) = (self.chance.below(self.hosts.len()), self.choose_op());
            let opens = matches!(op, Op::Begin(..) | Op::Renew(..)) && self.chance.percent(75);
            self.begin(host, op);
            if opens {
                self.at_once(self.last);
            }
        } else {
            self.go_on(&ready);
        }
    }

    /// Lets one of these go on, or time pass.
    pub(super) fn go_on(&mut self, ready: &[Waiting]) {
        if ready.is_empty() {
            return self.wait();
        }
        let (last, slow) = (self.last, self.slow());
        let mut quick = ready.to_vec();
        quick.retain(|call| !slow.contains(&call.task));
        let mut same = quick.clone();
        same.retain(|call| call.task == last);
        let among = match () {
            () if !same.is_empty() && self.chance.percent(self.shape.sticky) => &same,
            () if !quick.is_empty() && self.chance.percent(98) => &quick,
            () => ready,
        };
        if let Some(call) = self.chance.pick(among) {
            self.release(call);
        }
    }

    /// Lets one task go on alone: most sessions are opened while nothing else happens.
    fn at_once(&mut self, task: usize) {
        while let Some(call) = self.shared.gate.waiting().into_iter().find(|c| c.task == task) {
            self.release(call);
        }
    }

    /// Tasks that others overtake, once they have made sure of the key ring: an exchange has not begun before.
    fn slow(&self) -> Vec<usize> {
        let waiting = self.shared.gate.waiting();
        let first = |task| waiting.iter().any(|c| c.task == task && c.point.name == "keyring");
        self.running.iter().filter(|r| r.slow && !first(r.task)).map(|r| r.task).collect()
    }

    pub(super) fn ready(&self) -> Vec<Waiting> {
        let (now, mut waiting) = (self.shared.clock.now(), self.shared.gate.waiting());
        waiting.retain(|call| call.until.is_none_or(|until| until <= now));
        waiting
    }

    pub(super) fn begin(&mut self, host: usize, op: Op) {
        self.tasks += 1;
        let task = self.tasks;
        self.last = task;
        self.trace.line(format_args!("h{host} t{task} begins: {op:?}"));
        self.figures.hit(&op.name());
        let to_fence = self.to_fence(&op);
        let run = op.clone().run(self.hosts[host].finch.clone());
        // Exchanges most of all: the longer they take, the more happens meanwhile.
        let more = if matches!(op, Op::Complete(..)) { 2 } else { 1 };
        let few = self.running.iter().filter(|r| r.slow).count() < 2;
        let slow = self.faults && few && self.chance.percent(self.shape.slow * more);
        self.shared.gate.runs(task);
        let outcome = self.hosts[host].executor.handle().spawn(run);
        self.running.push(Running { task, host, op, to_fence, slow, outcome });
        self.run(host, None);
    }

    /// Lets one call run to its end, perhaps with a fault.
    fn release(&mut self, call: Waiting) {
        let fault = self.choose_fault(&call);
        let Waiting { number, host, task, point, since, .. } = call;
        self.last = task;
        if let Some(fault) = fault {
            self.figures.hit(&format!("{} of {}", fault.name(), point.name));
            lock(&self.shared.ledger).damages_next = fault == Fault::Unreadable;
        }
        let fault_of_call = fault.filter(|fault| *fault != Fault::Unreadable);
        let go = self.shared.gate.take(number);
        let said = go(fault_of_call, &self.hosts[host].executor);
        let with = fault.map(|fault| format!(" [{}]", fault.name())).unwrap_or_default();
        self.trace.line(format_args!("h{host} t{task} {point}{with}: {said}"));
        if point.name == "lease" {
            let now = self.shared.clock.now();
            // None: the store took nothing, and what was leased before runs out.
            let leased = lock(&self.shared.ledger).leases.last().copied();
            match leased {
                Some(HELD | ABSORBED) => {
                    self.leased_at.remove(&task);
                }
                Some(_) if now - since < STALLED => {
                    self.leased_at.insert(task, now);
                }
                // A host that stalled while it asked does so by an old time, and may take what is held.
                Some(_) => self.leased_at.clear(),
                None => {}
            }
        }
        self.shared.gate.runs(task);
        self.run(host, self.customer_of(task));
    }

    /// In whose scope a task runs.
    pub(super) fn customer_of(&self, task: usize) -> Option<usize> {
        self.running.iter().find(|r| r.task == task).and_then(|r| r.op.customer())
    }

    /// Lets a host's tasks run until they wait, and looks at what they did.
    fn run(&mut self, host: usize, customer: Option<usize>) {
        self.judge(customer);
        self.hosts[host].executor.run_until_idle();
        self.shared.gate.tidy();
        self.check_calls();
        while let Some(at) = self.running.iter().position(|r| r.outcome.is_finished()) {
            let ended = self.running.remove(at);
            self.answer(ended);
        }
    }

    /// Nothing can go on: time passes, up to the next thing that waits for it.
    fn wait(&mut self) {
        match self.shared.gate.waiting().iter().filter_map(|call| call.until).min() {
            Some(until) => self.pass((until - self.shared.clock.now()).max(0)),
            None if self.running.is_empty() => {}
            None => {
                let stuck: Vec<_> = self.running.iter().map(|r| &r.op).collect();
                self.judge.fault("I9", format_args!("nothing goes on with {stuck:?}"));
            }
        }
    }
}
