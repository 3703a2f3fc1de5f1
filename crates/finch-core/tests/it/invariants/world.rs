//! Customers, an operator and a reconciler, who do what core decides.

use std::{collections::BTreeMap, collections::BTreeSet, rc::Rc};

use finch_core::{
    Actor, Attempt, AttemptEnd, AttemptId, Connection, ConnectionId, CustomerId, Draft, Exchange,
    FinchCustomerId, Flow, Intent, LATE_EFFECT, NewAttempt, OperatorName, Timestamp, Token,
    TokenId, TokenState,
    decide::{self, AskedAt, Call, PlanVerdict, Subject},
};
use finch_testkit::{at, digest};

use super::{
    finch::{Finch, Login, Place, Setting},
    request::{Request, What},
    step::{How, Step, Twist},
    store::Store,
};

#[derive(Debug)]
pub(super) struct World {
    pub(super) finch: Finch,
    pub(super) store: Store,
    /// Which token at Finch each record is.
    pub(super) records: BTreeMap<TokenId, usize>,
    /// Sent, and waited for.
    pub(super) requests: Vec<Request>,
    /// Given up here. Finch may yet act on them.
    pub(super) late: Vec<Request>,
    /// Seconds.
    pub(super) now: i64,
}

pub(super) fn customer(who: u8) -> CustomerId {
    crate::customer(&format!("customer-{who}"))
}

pub(super) fn operator() -> OperatorName {
    "ops".parse().expect("a name")
}

/// Counted from the newest.
fn pick(which: u8, of: usize) -> Option<usize> {
    (of > 0).then(|| of - 1 - usize::from(which) % of)
}

impl World {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            finch: Finch::new(setting),
            store: Store::default(),
            records: BTreeMap::new(),
            requests: Vec::new(),
            late: Vec::new(),
            now: 0,
        }
    }

    pub(super) fn at(&self) -> Timestamp {
        at(self.now)
    }

    /// Does a step. Returns the customer in whose scope it was done.
    pub(super) fn step(&mut self, step: Step) -> Option<CustomerId> {
        match step {
            Step::Connect { who, place, twist } => self.connect(who, place, twist),
            Step::Renew { who, token, twist } => self.renew(who, token, twist),
            Step::Ask { who, token } => {
                let (connection, token) = self.own_token(who, token, |t| t.state.is_live())?;
                let asked_at = AskedAt::of(&connection);
                self.send(What::Ask { token: token.id, asked_at, by: Some(customer(who)) })
            }
            Step::Disconnect { who, token } => self.disconnect(who, token),
            Step::DisconnectForEveryone { connection } => {
                let connection = self.connection(connection)?;
                let subject = Subject::Token(connection.tokens.last()?.id);
                let plan =
                    decide::plan(&connection, &subject, None, Some("it must end".into()), &digest);
                if plan.verdict != PlanVerdict::AlreadyDisconnected {
                    self.fence(&connection, Actor::Operator(operator()));
                }
                None
            }
            Step::Close { connection } => {
                let connection = self.connection(connection)?;
                let open = connection.open_disconnect()?.id;
                let mut draft = Draft::of((*connection).clone());
                decide::close(&mut draft, open, &operator(), "Finch says so", self.at());
                self.store.commit(draft);
                None
            }
            Step::Work { connection } => self.work(connection),
            Step::Act { request } => {
                let all = self.requests.len() + self.late.len();
                self.act(pick(request, all)?);
                None
            }
            Step::Answer { request, how } => {
                let request = self.requests.remove(pick(request, self.requests.len())?);
                self.answered(request, how)
            }
            Step::Lose { request } => {
                let request = self.requests.remove(pick(request, self.requests.len())?);
                self.lost(request)
            }
            Step::Crash { request } => {
                let request = self.requests.remove(pick(request, self.requests.len())?);
                self.late.push(request);
                None
            }
            Step::EndAtFinch { token } => {
                let token = pick(token, self.finch.issued.len())?;
                let id = self.finch.issued[token].facts.connection_id.clone();
                self.finch.end(&id);
                None
            }
            Step::Review => self.review(),
            Step::Wait { minutes } => {
                self.now += i64::from(minutes) * 60;
                None
            }
        }
    }

    fn connection(&self, which: u8) -> Option<Rc<Connection>> {
        let connections = &self.store.connections;
        pick(which, connections.len()).map(|at| Rc::clone(&connections[at]))
    }

    fn own_token(
        &self,
        who: u8,
        which: u8,
        is: impl Fn(&Token) -> bool,
    ) -> Option<(Connection, Token)> {
        let each = self.store.connections.iter().flat_map(|c| c.tokens.iter().map(move |t| (c, t)));
        let customer = customer(who);
        let mut own: Vec<_> =
            each.filter(|(_, t)| t.customer.as_ref() == Some(&customer) && is(t)).collect();
        own.sort_by_key(|(_, token)| token.id);
        let (connection, token) = own[pick(which, own.len())?];
        Some(((**connection).clone(), token.clone()))
    }

    /// Opens a session, as `finch-app` does: under a customer id that is free here; where Finch has a
    /// connection for it that is this customer's, or unknown here, to renew that one.
    fn connect(&mut self, who: u8, place: Place, twist: Twist) -> Option<CustomerId> {
        let customer = customer(who);
        let tokens = || self.store.connections.iter().flat_map(|c| &c.tokens);
        for number in 1..9 {
            let id = match number {
                1 => FinchCustomerId::new(customer.as_str()),
                _ => FinchCustomerId::new(format!("{customer}~{number}")),
            };
            let id = id.expect("an id");
            if tokens().any(|t| t.facts.finch_customer_id.as_ref() == Some(&id)) {
                continue;
            }
            let Some(existing) = self.finch.of_customer(&id) else {
                return self.open(customer, id, place, None, twist);
            };
            let name = existing.facts.connection_id.clone();
            let known = |own: bool| {
                let mut named = tokens().filter(|t| t.facts.connection_id == name);
                named.any(|t| !own || t.customer.as_ref() == Some(&customer))
            };
            if known(true) || !known(false) {
                let place = existing.login.place;
                return self.open(customer, id, place, Some(name), twist);
            }
        }
        None
    }

    fn renew(&mut self, who: u8, token: u8, twist: Twist) -> Option<CustomerId> {
        let (connection, token) = self.own_token(who, token, |_| true)?;
        let (customer, name) = (customer(who), token.facts.connection_id);
        if decide::has_ended_for(&connection, &name, &customer)
            || decide::is_ending_for(&connection, &name, &customer)
        {
            return None;
        }
        let existing = self.finch.by_id(&name)?;
        let (id, place) = (existing.login.customer_id.clone(), existing.login.place);
        let customer_id = token.facts.finch_customer_id.unwrap_or(id);
        self.open(customer, customer_id, place, Some(name), twist)
    }

    /// Opens an attempt, claims it, and sends its code.
    fn open(
        &mut self,
        customer: CustomerId,
        customer_id: FinchCustomerId,
        place: Place,
        renews: Option<ConnectionId>,
        twist: Twist,
    ) -> Option<CustomerId> {
        let (id, now) = (AttemptId(self.store.next()), self.at());
        let login = Login { attempt: id, customer_id, place, renews, twist };
        let purpose = NewAttempt {
            customer: customer.clone(),
            flow: Flow::Embedded,
            finch_customer_id: Some(login.customer_id.clone()),
            products: Vec::new(),
            reauthenticates: login.renews.clone(),
            for_disconnect: None,
            opened_at: now,
            expires_at: Timestamp::MAX,
        };
        let exchange = Some(Exchange { began: self.store.next(), began_at: now, end: None });
        self.store.attempts.push(Attempt { id, purpose, exchange });
        self.send(What::Exchange { attempt: id, login });
        Some(customer)
    }

    pub(super) fn send(&mut self, what: What) -> Option<CustomerId> {
        let by = match &what {
            What::Exchange { .. } => None,
            What::Ask { by, .. } | What::Call { by, .. } => by.clone(),
        };
        self.requests.push(Request { what, sent: self.now, answer: None, only_before: None });
        by
    }

    fn disconnect(&mut self, who: u8, token: u8) -> Option<CustomerId> {
        let (connection, token) = self.own_token(who, token, |_| true)?;
        let customer = customer(who);
        if connection.company.is_none() && token.state.is_live() {
            let what = What::Ask { token: token.id, asked_at: AskedAt::of(&connection), by: None };
            self.send(what);
            let request = self.requests.pop()?;
            self.answered(request, How::Truly);
        }
        let connection = self.store.with(token.id)?.clone();
        let subject = Subject::ConnectionId(token.facts.connection_id);
        match decide::plan(&connection, &subject, Some(&customer), None, &digest).verdict {
            PlanVerdict::AlreadyDisconnected | PlanVerdict::SharedWithOthers => {}
            PlanVerdict::Retires => {
                let mut draft = Draft::of(connection);
                decide::retire(&mut draft, &customer, self.at());
                self.store.commit(draft);
            }
            _ => self.fence(&connection, Actor::Customer(customer.clone())),
        }
        Some(customer)
    }

    fn fence(&mut self, connection: &Connection, by: Actor) {
        let reason = matches!(by, Actor::Operator(_)).then(|| "it must end".to_owned());
        let mut draft = Draft::of(connection.clone());
        decide::fence(&mut draft, Intent { by, reason, at: self.at() });
        self.store.commit(draft);
    }

    /// What the connection needs next, in the scope of the customer who disconnects it, where no other
    /// customer sees it end.
    fn work(&mut self, which: u8) -> Option<CustomerId> {
        let connection = self.connection(which)?;
        let holds = |token: &TokenId| connection.token(*token).is_some();
        let calls = |r: &Request| matches!(&r.what, What::Call { token, .. } if holds(token));
        if self.requests.iter().any(calls) {
            return None; // The lease is held.
        }
        let mut draft = Draft::of((*connection).clone());
        let Some(open) = connection.open_disconnect() else {
            if decide::is_left_over(&connection) {
                self.fence(&connection, Actor::Reconciler);
            } else {
                let doubtful = connection.tokens.iter().rev();
                let doubtful = doubtful.filter(|t| t.state == TokenState::Unverified);
                let token = doubtful.chain(decide::nameless_token(&connection)).next()?.id;
                let asked_at = AskedAt::of(&connection);
                self.send(What::Ask { token, asked_at, by: None });
            }
            return None;
        };
        let by = match &open.intent.by {
            Actor::Customer(by) if !connection.is_ended_for_others_too(by) => Some(by.clone()),
            _ => None,
        };
        match decide::next_step(&connection, self.at(), Some(&BTreeSet::new())) {
            decide::Step::Call(call, token) => {
                let mark = (call == Call::Disconnect).then(|| {
                    decide::lost_calls(&mut draft, self.at());
                    decide::send(&mut draft, token);
                    self.store.commit(draft)
                });
                self.send(What::Call { token, call, mark, by })
            }
            decide::Step::Finish => {
                decide::finish(&mut draft, open.id, self.at());
                self.store.commit(draft);
                by
            }
            decide::Step::Wait(_) => None,
        }
    }

    /// A pass takes a lost exchange off the list, as `finch-app` does.
    fn review(&mut self) -> Option<CustomerId> {
        let mut lost = self.store.attempts.iter().filter(|a| a.is_possible_orphan(self.at()));
        let (id, end) = lost.find_map(|lost| Some((lost.id, self.end_of(lost)?)))?;
        let accepts = match end {
            AttemptEnd::Covered { by, .. } => self.still_accepts(by),
            _ => true,
        };
        if accepts {
            self.store.end_attempt(id, end);
        }
        None
    }

    fn end_of(&self, lost: &Attempt) -> Option<AttemptEnd> {
        let renews = lost.purpose.reauthenticates.as_ref();
        let renewed = renews.and_then(|id| self.store.named(id));
        if renewed.is_some_and(|renewed| lost.has_ended_with(renewed)) {
            return Some(AttemptEnd::Cleared);
        }
        let by = lost.covered_by()?;
        match lost.cover(self.store.with(by)?.token(by)?, self.is_over(lost)) {
            finch_core::Cover::Ends(end) | finch_core::Cover::Asks(end) => Some(end),
            _ => None,
        }
    }

    /// Asks Finch about a token that no disconnect is ending.
    fn still_accepts(&mut self, token: TokenId) -> bool {
        let found = self.store.with(token).filter(|c| c.open_disconnect().is_none());
        let Some(connection) = found else { return false };
        let asked_at = AskedAt::of(connection);
        self.send(What::Ask { token, asked_at, by: None });
        let request = self.requests.pop();
        request.into_iter().for_each(|request| {
            self.answered(request, How::Truly);
        });
        self.finch.issued[self.records[&token]].alive
    }

    /// Whether a lost exchange can take effect no more.
    pub(super) fn is_over(&self, lost: &Attempt) -> bool {
        self.is_over_at(lost, self.at())
    }

    /// Whether a lost exchange could take effect no more at this time.
    pub(super) fn is_over_at(&self, lost: &Attempt, at: Timestamp) -> bool {
        let runs =
            |r: &Request| matches!(&r.what, What::Exchange { attempt, .. } if *attempt == lost.id);
        let over = |e: &Exchange| e.began_at + LATE_EFFECT <= at;
        !self.requests.iter().any(runs) && lost.exchange.as_ref().is_none_or(over)
    }

    /// Until when a `/disconnect` of one of these connections may still take effect.
    pub(super) fn late_until<'a>(
        &self,
        connections: impl IntoIterator<Item = &'a Connection>,
    ) -> Option<Timestamp> {
        let ambiguous = connections.into_iter().filter_map(Connection::ambiguous_at).max();
        ambiguous.map(|at| at + LATE_EFFECT)
    }

    /// Whether Finch has acknowledged a `/disconnect` of the token's `connection_id`.
    pub(super) fn is_promised(&self, token: TokenId) -> bool {
        let Some(connection) = self.store.with(token) else { return false };
        let id = connection.token(token).map(|t| &t.facts.connection_id);
        let promised = |t: &Token| {
            Some(&t.facts.connection_id) == id
                && t.state == TokenState::Fenced
                && t.progress.acknowledged.is_some()
        };
        connection.tokens.iter().any(promised)
    }
}
