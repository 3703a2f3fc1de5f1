//! Calls to Finch: one at a time for a connection, and reconcilers' no faster than they may.

use super::History;
use crate::{
    clock::beginning,
    finch::lock,
    gate::{Kind, Point, Waiting},
    op::Op,
};

/// A call that is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct OnItsWay {
    task: usize,
    connection: finch_core::ConnectionKey,
    /// When its lease was taken or renewed.
    leased_at: i64,
}

/// For so many milliseconds a lease is certainly held: a little less than it lasts. A host that stalls
/// for longer may call beside another one.
const SURELY_LEASED: i64 = 7900;

impl History {
    /// Looks at the calls that have begun since it last looked.
    pub(super) fn check_calls(&mut self) {
        let waiting = self.shared.gate.waiting().into_iter();
        let waiting: Vec<_> =
            waiting.filter(|c| matches!(c.point.kind, Kind::Send | Kind::Answer)).collect();
        self.calls.retain(|call| waiting.iter().any(|c| c.task == call.task));
        for Waiting { number, task, point: Point { kind, name }, with, since, .. } in waiting {
            if kind != Kind::Send || number <= self.last_call {
                continue;
            }
            self.last_call = number;
            let reconciles =
                self.running.iter().any(|r| r.task == task && matches!(r.op, Op::Reconcile(_)));
            if reconciles && !self.shape.clocks {
                let now = beginning() + jiff::SignedDuration::from_millis(self.shared.clock.now());
                lock(&self.shared.ledger).takes_a_turn(now);
            }
            if name != "disconnect" && !(reconciles && name == "introspect") {
                continue;
            }
            let Some(connection) = self.connection_of(with.as_deref()) else { continue };
            let leased_at = self.leased_at.get(&task).copied().unwrap_or(i64::MIN / 2);
            for call in &mut self.calls {
                call.leased_at = self.leased_at.get(&call.task).copied().unwrap_or(i64::MIN / 2);
            }
            let young = |call: &OnItsWay| since - call.leased_at < SURELY_LEASED;
            let mut others = self.calls.iter().filter(|c| c.connection == connection);
            let both = |call: &OnItsWay| {
                call.task != task && young(call) && since - leased_at < SURELY_LEASED
            };
            if !self.shape.clocks && others.any(both) {
                self.judge.fault("leases", "two calls at once for one connection");
            }
            self.calls.retain(|call| call.task != task);
            self.calls.push(OnItsWay { task, connection, leased_at });
        }
    }

    fn connection_of(&self, secret: Option<&str>) -> Option<finch_core::ConnectionKey> {
        let ledger = lock(&self.shared.ledger);
        let mut ids =
            ledger.secrets.iter().filter(|(_, s)| Some(&***s) == secret).map(|(id, _)| id);
        ids.find_map(|id| self.judge.token(*id)).map(|(connection, _)| connection.key)
    }
}
