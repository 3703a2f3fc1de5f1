//! What happens without anybody's call: crashes, time, clocks, and ends from Finch's dashboard.

use std::sync::{Arc, atomic::Ordering};

use super::History;
use crate::{
    finch::lock,
    gate::{Kind, Point, Waiting},
    host::Host,
};

const YEAR: i64 = 365 * 24 * 3600;

impl History {
    pub(super) fn event(&mut self) -> bool {
        let dice = self.chance.below(1000) as u32;
        let crashes = self.shape.crashes;
        match dice {
            _ if dice < crashes => self.crash(),
            _ if dice < crashes + 6 => self.end_outside(),
            _ if dice < crashes + 20 => {
                let some = [(3, 1), (3, 45), (2, 300), (2, 700), (1, 3700), (1, 90_000)];
                let seconds = self.chance.weighted(&some).unwrap_or(1);
                self.pass(seconds * 1000);
            }
            _ if dice < crashes + 24 && self.shape.clocks => self.jump(),
            _ if dice < crashes + 30 && self.shape.store_faults > 0 => {
                let seconds = 2 + self.chance.below(20) as i64;
                self.trace.line(format_args!("the disk is full for {seconds} s"));
                self.figures.hit("the disk is full for a while");
                self.full_until = self.shared.clock.now() + seconds * 1000;
            }
            _ => return false,
        }
        true
    }

    /// A host ends without warning, and starts again. A write that it asked for may still happen.
    fn crash(&mut self) {
        let host = self.chance.below(self.hosts.len());
        let mut calls = self.shared.gate.waiting();
        calls.retain(|call| call.host == host);
        let points: Vec<_> = calls.iter().map(|call| call.point.to_string()).collect();
        let asked = calls.iter().filter(|c| matches!(c.point.kind, Kind::Write | Kind::Send));
        let asked: Vec<_> = asked.cloned().collect();
        for point in &points {
            self.figures.hit(&format!("crash at {point}"));
        }
        self.figures.hit("crash");
        if self.chance.percent(40)
            && let Some(Waiting { number, point, task, .. }) = self.chance.pick(&asked)
        {
            calls.retain(|call| call.number != number);
            let go = self.shared.gate.take(number);
            let said = go(None, &self.hosts[host].executor);
            self.figures.hit(&format!("crash after {point}"));
            self.trace.line(format_args!("h{host} t{task} {point}, unheard: {said}"));
            self.judge(self.customer_of(task));
        }
        // What was on its way may also take effect later.
        let disconnect = Point { kind: Kind::Send, name: "disconnect" };
        let sent = calls.into_iter().filter(|call| call.point == disconnect);
        for token in sent.filter_map(|call| call.with) {
            if self.chance.percent(40) {
                let at = self.shared.clock.now() + 1000 * (5 + self.chance.below(355) as i64);
                self.figures.hit("a crash during a disconnect that takes effect late");
                lock(&self.shared.remote).disconnect_at(at, &token, false);
            }
        }
        let reopens = self.chance.percent(30);
        self.trace.line(format_args!("h{host} crashes at {points:?}"));
        self.running.retain(|running| running.host != host);
        let wrong_by = Arc::clone(&self.hosts[host].wrong_by);
        if reopens {
            self.stores.reopen(host);
        }
        self.hosts[host] = Host::start(host, &self.shared, self.stores.of(host), wrong_by);
        self.shared.gate.forget(host);
        lock(&self.shared.loss).crash(host);
        // I8: what was written is there.
        let now = self.snapshot();
        if now != self.judge.seen {
            self.judge.fault("I8", "a crash changed what is stored");
        }
        let ledger = Arc::clone(&self.shared.ledger);
        self.check_hand_outs(&lock(&ledger));
    }

    fn end_outside(&mut self) {
        let alive: Vec<String> = {
            let remote = lock(&self.shared.remote);
            remote.issued.iter().filter(|i| i.alive).map(|i| i.connection_id.clone()).collect()
        };
        if let Some(id) = self.chance.pick(&alive) {
            self.trace.line(format_args!("Finch's dashboard ends {id}"));
            self.figures.hit("an end in Finch's dashboard");
            lock(&self.shared.remote).end_outside(&id);
            self.judge(None);
        }
    }

    /// Time passes: so many milliseconds.
    pub(super) fn pass(&mut self, millis: i64) {
        self.trace.line(format_args!("{} s pass", millis as f64 / 1000.0));
        self.shared.clock.advance(millis);
        let now = self.shared.clock.now();
        self.shared.gate.is_now(now);
        let late = lock(&self.shared.remote).next_late().is_some_and(|at| at <= now);
        if late {
            self.figures.hit("a late effect");
        }
        lock(&self.shared.remote).advance(millis, now);
        self.judge(None);
    }

    /// A host's clock jumps by a year.
    fn jump(&mut self) {
        let host = self.chance.below(self.hosts.len());
        let by = if self.chance.percent(50) { YEAR } else { -YEAR };
        self.trace.line(format_args!("the clock of h{host} is wrong by {by} s"));
        self.figures.hit("a clock jumps by a year");
        self.hosts[host].wrong_by.store(by, Ordering::Relaxed);
    }
}
