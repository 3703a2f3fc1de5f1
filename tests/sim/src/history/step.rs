//! One step: an operation begins, or one call goes on.

use std::sync::Arc;

use super::{History, Running};
use crate::{
    fault::Fault,
    finch::lock,
    gate::{Kind, Parked},
    ledger::{ABSORBED, HELD},
    op::Op,
};

/// A host that does nothing for so many milliseconds has stalled.
const STALLED: i64 = 40_000;

impl History<'_> {
    pub(super) fn step(&mut self) {
        if self.event() {
            return;
        }
        let ready = self.ready();
        let quick = self.running.iter().filter(|r| !r.slow).count();
        let may_begin = self.ops_left > 0 && quick < self.shape.parallel;
        // Those that are overtaken wait until others have begun, and ended.
        let all_slow = {
            let slow = self.slow();
            self.shared.gate.look(|parked| ready.iter().all(|at| slow.contains(&parked[*at].task)))
        };
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
    pub(super) fn go_on(&mut self, ready: &[usize]) {
        if ready.is_empty() {
            self.wait();
            return;
        }
        let (last, slow) = (self.last, self.slow());
        let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
            let fits = |at: &usize| self.shared.gate.look(|parked| wanted(parked[*at].task));
            ready.iter().copied().filter(fits).collect()
        };
        let quick = of(&|task| !slow.contains(&task));
        let same = of(&|task| task == last && !slow.contains(&task));
        let among = match () {
            () if !same.is_empty() && self.chance.percent(self.shape.sticky) => &same,
            () if !quick.is_empty() && self.chance.percent(98) => &quick,
            () => ready,
        };
        let at = self.chance.pick(among).unwrap_or(ready[0]);
        let parked = self.shared.gate.take(at);
        let fault = self.choose_fault(&parked);
        self.release(parked, fault);
    }

    /// Lets one task go on alone: most sessions are opened while nothing else happens.
    fn at_once(&mut self, task: usize) {
        loop {
            let at = self.shared.gate.look(|parked| parked.iter().position(|p| p.task == task));
            let Some(at) = at else { return };
            let parked = self.shared.gate.take(at);
            let fault = self.choose_fault(&parked);
            self.release(parked, fault);
        }
    }

    /// Tasks that others overtake, once they have made sure of the key ring: an exchange has not begun before.
    fn slow(&self) -> Vec<usize> {
        let first = |task| {
            self.shared
                .gate
                .look(|parked| parked.iter().any(|p| p.task == task && p.point.name == "keyring"))
        };
        self.running.iter().filter(|r| r.slow && !first(r.task)).map(|r| r.task).collect()
    }

    pub(super) fn ready(&self) -> Vec<usize> {
        let now = self.shared.clock.now();
        self.shared.gate.look(|parked| {
            let due = |at: &usize| parked[*at].until.is_none_or(|until| until <= now);
            (0..parked.len()).filter(due).collect()
        })
    }

    pub(super) fn begin(&mut self, host: usize, op: Op) {
        self.tasks += 1;
        let task = self.tasks;
        self.last = task;
        self.trace.line(format_args!("h{host} t{task} begins: {op:?}"));
        self.figures.hit(&op.name());
        let to_fence = self.to_fence(&op);
        let (outcomes, finch) = (Arc::clone(&self.outcomes), self.hosts[host].finch.clone());
        let run = op.clone().run(finch);
        // Exchanges most of all: the longer they take, the more happens meanwhile.
        let more = if matches!(op, Op::Complete(..)) { 2 } else { 1 };
        let few = self.running.iter().filter(|r| r.slow).count() < 2;
        let slow = self.faults && few && self.chance.percent(self.shape.slow * more);
        self.running.push(Running { task, host, op, to_fence, slow });
        self.shared.gate.runs(task);
        self.hosts[host].executor.handle().spawn(async move {
            let outcome = run.await;
            lock(&outcomes).push((task, outcome));
        });
        self.run(host, None);
    }

    /// Lets one call run to its end, with this fault.
    pub(super) fn release(&mut self, parked: Parked, fault: Option<Fault>) {
        let Parked { host, task, point, since, .. } = parked;
        self.last = task;
        if let Some(fault) = fault {
            self.figures.hit(&format!("{} of {}", fault.name(), point.name));
            lock(&self.shared.ledger).damages_next = fault == Fault::Unreadable;
        }
        let fault_of_call = fault.filter(|fault| *fault != Fault::Unreadable);
        let said = parked.go(fault_of_call, &self.hosts[host].executor);
        if point.kind != Kind::Answer {
            let with = fault.map(|fault| format!(" [{}]", fault.name())).unwrap_or_default();
            self.trace.line(format_args!("h{host} t{task} {point}{with}: {said}"));
        } else {
            self.trace.line(format_args!("h{host} t{task} {point}"));
        }
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
        let customer = self.running.iter().find(|r| r.task == task).and_then(|r| r.op.customer());
        self.run(host, customer);
    }

    /// Lets a host's tasks run until they wait, and looks at what they did.
    fn run(&mut self, host: usize, customer: Option<usize>) {
        self.judge(customer);
        self.hosts[host].executor.run_until_idle();
        self.shared.gate.tidy();
        self.check_calls();
        let outcomes = std::mem::take(&mut *lock(&self.outcomes));
        for (task, outcome) in outcomes {
            let at = self.running.iter().position(|r| r.task == task);
            if let Some(at) = at {
                let running = self.running.remove(at);
                self.answer(running, outcome);
            }
        }
    }

    /// Nothing can go on: time passes, up to the next thing that waits for it.
    fn wait(&mut self) {
        let sleeping = self.shared.gate.look(|parked| parked.iter().filter_map(|p| p.until).min());
        match sleeping {
            Some(until) => self.pass((until - self.shared.clock.now()).max(0)),
            None if self.running.is_empty() => {}
            None => {
                let stuck: Vec<_> = self.running.iter().map(|r| &r.op).collect();
                self.judge.fault("I9", format_args!("nothing goes on with {stuck:?}"));
            }
        }
    }
}
