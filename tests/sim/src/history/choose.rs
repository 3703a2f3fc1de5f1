//! The next operation, and what goes wrong with a call.

use std::sync::Arc;

use finch_app::Pass;
use finch_core::{AccessToken, ConnectionId, TokenId, TokenState};

use super::History;
use crate::{
    fault::{Fault, OTHER_401},
    finch::lock,
    gate::{Kind, Waiting},
    op::{Op, Place, Who, customer_id},
    remote::Twist,
};

/// How often a person comes back with the same code at most.
const CALLBACKS: u32 = 3;

impl History {
    pub(super) fn choose_op(&mut self) -> Op {
        let fresh = self.callbacks.iter().any(|c| c.times == 0);
        let stale = self.callbacks.iter().any(|c| c.times > 0 && c.times < CALLBACKS);
        let tokens = !lock(&self.shared.remote).issued.is_empty();
        let if_so = |so: bool, weight| if so { weight } else { 0 };
        let begin = match (fresh, tokens) {
            (true, _) => 2,
            (false, true) => 6,
            (false, false) => 12,
        };
        let wish = self.chance.weighted(&[
            (begin, "begin"),
            (if_so(tokens, 2), "renew"),
            (if_so(fresh, 14), "complete"),
            (if_so(stale, 2), "complete again"),
            (if_so(tokens, 7), "disconnect"),
            (if_so(tokens, 3), "operator"),
            (if_so(tokens, 1), "all"),
            (if_so(tokens, 2), "use"),
            (if_so(tokens, 3), "report"),
            (if_so(tokens, 1), "webhook"),
            (if_so(tokens, 1), "rotate"),
            (if_so(self.open_disconnect().is_some(), 1), "close"),
            (3, "reconcile"),
        ]);
        let who = self.chance.below(self.shape.customers);
        let everything = self.chance.percent(30);
        let op = match wish.unwrap_or_default() {
            "begin" => Some(Op::Begin(who, self.place())),
            "renew" => self.connection(Some(who)).map(|id| Op::Renew(who, id, self.place())),
            "complete" => self.complete(true),
            "complete again" => self.complete(false),
            "disconnect" => self.disconnect(Some(who)),
            "operator" => self.disconnect(None),
            "all" => Some(Op::DisconnectAll(who)),
            "use" => self.connection(Some(who)).map(|id| Op::Use(who, id)),
            "report" => self.secret(Some(who)).map(|token| Op::Report(who, token)),
            "webhook" => self.connection(None).map(|id| {
                let id = finch_testkit::webhook("msg_1", id.as_str(), "reauth");
                Op::Webhook(Box::new(id))
            }),
            "rotate" => Some(Op::Rotate),
            "close" => self.open_disconnect().map(Op::Close),
            _ => None,
        };
        op.unwrap_or(Op::Reconcile(if everything { Pass::Everything } else { Pass::Due }))
    }

    fn open_disconnect(&self) -> Option<ConnectionId> {
        let open = self.judge.seen.iter().find(|c| c.open_disconnect().is_some())?;
        open.tokens.first().map(|t| t.facts.connection_id.clone())
    }

    fn place(&mut self) -> Place {
        let odd = self.chance.percent(self.shape.odd);
        let twists = [
            (if odd { 3 } else { 0 }, Twist::Nameless(0)),
            (if odd { 3 } else { 0 }, Twist::Nameless(3)),
            (if odd { 2 } else { 0 }, Twist::WrongCompany),
            (if odd { 3 } else { 0 }, Twist::SameAgain),
            (1, Twist::None),
        ];
        Place {
            pair: self.chance.below(self.shape.pairs),
            credentials: self.chance.below(self.shape.credentials),
            redirect: self.chance.percent(50),
            twist: self.chance.weighted(&twists).unwrap_or(Twist::None),
            stranger: odd && self.chance.percent(15),
        }
    }

    fn complete(&mut self, fresh: bool) -> Option<Op> {
        let fits = |times: u32| if fresh { times == 0 } else { times > 0 && times < CALLBACKS };
        let fitting: Vec<usize> =
            (0..self.callbacks.len()).filter(|at| fits(self.callbacks[*at].times)).collect();
        let at = self.chance.pick(&fitting)?;
        self.callbacks[at].times += 1;
        let callback = self.callbacks[at].clone();
        let own = Who::Customer(callback.customer);
        let other = Who::Customer(self.chance.below(self.shape.customers));
        let who = self.chance.weighted(&[(20, own), (5, Who::Operator), (1, other)]);
        let other_code = self.chance.percent(if fresh { 1 } else { 25 });
        Some(Op::Complete(who.unwrap_or(own), callback, other_code))
    }

    fn disconnect(&mut self, who: Option<usize>) -> Option<Op> {
        let operator = if self.chance.percent(60) { Who::Everyone } else { Who::Operator };
        let scope = who.map_or(operator, Who::Customer);
        match self.chance.percent(15) {
            true => self.secret(who).map(|token| Op::DisconnectToken(scope, token)),
            false => self.connection(who).map(|id| Op::Disconnect(scope, id)),
        }
    }

    /// The tokens that a customer may know of; now and then another customer's.
    fn known(&mut self, who: Option<usize>) -> Vec<(Arc<str>, String)> {
        let who = who.filter(|_| !self.chance.percent(8));
        let remote = lock(&self.shared.remote);
        let own = |code: &str| who.is_none() || self.customer_of_code.get(code).copied() == who;
        let known = remote.issued.iter().filter(|i| own(&i.code));
        known.map(|i| (Arc::clone(&i.secret), i.connection_id.clone())).collect()
    }

    fn connection(&mut self, who: Option<usize>) -> Option<ConnectionId> {
        let mut known = self.known(who);
        known.dedup_by(|a, b| a.1 == b.1);
        self.chance.pick(&known)?.1.parse().ok()
    }

    fn secret(&mut self, who: Option<usize>) -> Option<AccessToken> {
        let known = self.known(who);
        Some(AccessToken::new(&*self.chance.pick(&known)?.0))
    }

    pub(super) fn choose_fault(&mut self, call: &Waiting) -> Option<Fault> {
        if !self.faults {
            return None;
        }
        let store = matches!(call.point.kind, Kind::Read | Kind::Write);
        if store && self.shared.clock.now() < self.full_until {
            return Some(Fault::Full);
        }
        let percent = match call.point.kind {
            Kind::Send => self.shape.finch_faults,
            Kind::Read | Kind::Write => self.shape.store_faults,
            Kind::Answer | Kind::Sleep => 0,
        };
        if !self.chance.percent(percent) {
            return None;
        }
        match call.point.kind {
            Kind::Read => {
                let secret = if call.point.name == "sealed" { 8 } else { 0 };
                self.chance.weighted(&[
                    (2, Fault::Busy),
                    (2, Fault::Io),
                    (secret, Fault::Unreadable),
                ])
            }
            Kind::Write => self.chance.weighted(&[
                (2, Fault::Busy),
                (1, Fault::Full),
                (2, Fault::Io),
                (4, Fault::IoAfter),
            ]),
            _ => self.finch_fault(call),
        }
    }

    fn finch_fault(&mut self, call: &Waiting) -> Option<Fault> {
        let late = 5 + self.chance.below(355) as u16;
        let word = self.chance.pick(&OTHER_401)?;
        let name = call.point.name;
        let effect = |weight| if name == "introspect" { 0 } else { weight };
        let only = |names: &[&str], weight| if names.contains(&name) { weight } else { 0 };
        let about_token = |weight| only(&["introspect", "disconnect"], weight);
        // Finch's documents let an acknowledged token answer any 401: such a one would be a lie.
        let unknown = call.with.as_deref().is_some_and(|secret| !self.is_acknowledged(secret));
        self.chance.weighted(&[
            (3, Fault::NotConnected),
            (2, Fault::Status(503)),
            (1, Fault::Status(429)),
            (1, Fault::Status(402)),
            (about_token(3), Fault::Word(word)),
            (if unknown { 2 } else { 0 }, Fault::Word("something_new")),
            (about_token(1), Fault::Page401),
            (2, Fault::Garbage),
            (effect(5), Fault::Lost),
            (effect(2), Fault::StatusAfter(502)),
            (effect(1), Fault::GarbageAfter),
            (only(&["disconnect"], 5), Fault::Lie),
            (only(&["exchange"], 3), Fault::Late(late)),
            (only(&["disconnect"], 5), Fault::Late(late)),
            (only(&["disconnect"], 2), Fault::LieLate(late)),
        ])
    }

    /// Whether Finch has acknowledged the end of this token's connection, and it lives.
    fn is_acknowledged(&self, secret: &str) -> bool {
        let (remote, ledger) = (lock(&self.shared.remote), lock(&self.shared.ledger));
        let own = remote.issued.iter().find(|i| &*i.secret == secret);
        own.is_some_and(|own| {
            let same = remote.issued.iter().filter(|i| i.connection_id == own.connection_id);
            own.alive && same.into_iter().any(|i| ledger.acknowledged.contains(&*i.secret))
        })
    }

    /// The tokens that a disconnect must have fenced when it succeeds.
    pub(super) fn to_fence(&self, op: &Op) -> Vec<TokenId> {
        let Op::Disconnect(_, id) = op else { return Vec::new() };
        let customer = op.customer().map(customer_id);
        let named = |c: &&finch_core::Connection| {
            c.tokens.iter().any(|t| {
                t.facts.connection_id == *id && (customer.is_none() || t.customer == customer)
            })
        };
        let tokens = self.judge.seen.iter().filter(named).flat_map(|c| &c.tokens);
        let live = |t: &&finch_core::Token| {
            matches!(t.state, TokenState::Active | TokenState::Unverified)
                && (customer.is_none() || t.customer == customer)
        };
        tokens.filter(live).map(|t| t.id).collect()
    }
}
