//! Customers, an operator and a reconciler, who do what core decides.

use std::{collections::BTreeMap, collections::BTreeSet, rc::Rc};

use finch_core::{
    Actor, Attempt, AttemptEnd, AttemptId, Connection, ConnectionId, Cover, CustomerId, Exchange,
    FinchCustomerId, Intent, LATE_EFFECT, NewAttempt, OperatorName, Timestamp, Token, TokenId,
    TokenState,
    decide::{self, AskedAt, Call, PlanVerdict, Subject},
};
use finch_testkit::{at, digest, new_attempt};

use super::{
    finch::{Finch, Login, Place, Setting},
    request::{Request, What},
    step::{Step, Twist},
    store::Store,
};

#[derive(Debug)]
pub(super) struct World {
    pub(super) finch: Finch,
    pub(super) store: Store,
    /// Which token at Finch each record is.
    pub(super) records: BTreeMap<TokenId, usize>,
    pub(super) requests: Vec<Request>,
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
        let finch = Finch { setting, issued: Vec::new(), ended: Vec::new() };
        let (records, requests) = (BTreeMap::new(), Vec::new());
        Self { finch, store: Store::default(), records, requests, now: 0 }
    }

    pub(super) fn at(&self) -> Timestamp {
        at(self.now)
    }

    /// Does a step. Returns the customer in whose scope it was done.
    pub(super) fn step(&mut self, step: Step) -> Option<CustomerId> {
        match step {
            Step::Connect(who, place, twist) => return self.connect(who, place, twist),
            Step::Renew(who, token, twist) => return self.renew(who, token, twist),
            Step::Disconnect(who, token) => return self.disconnect(who, token),
            Step::Work(connection) => return self.work(connection),
            Step::Ask(who, token) => {
                let (connection, token) = self.own_token(who, token)?;
                if token.state.is_live() {
                    let what = What::Ask(token.id, AskedAt::of(&connection));
                    self.send(what, Some(customer(who)));
                    return Some(customer(who));
                }
            }
            Step::DisconnectForEveryone(connection) => {
                let connection = self.connection(connection)?;
                let subject = Subject::Token(connection.tokens.last()?.id);
                let plan =
                    decide::plan(&connection, &subject, None, Some("it must end".into()), &digest);
                if plan.verdict != PlanVerdict::AlreadyDisconnected {
                    self.fence(&connection, Actor::Operator(operator()));
                }
            }
            Step::Close(connection) => {
                let connection = self.connection(connection)?;
                let (open, now) = (connection.open_disconnect()?.id, self.at());
                self.store.decided(&connection, |draft| {
                    decide::close(draft, open, &operator(), "Finch says so", now);
                });
            }
            Step::Act(request) => self.act(pick(request, self.requests.len())?),
            Step::Answer(request, how) => {
                let request = self.take(request)?;
                return self.answered(request, how);
            }
            Step::Lose(request) => {
                let request = self.take(request)?;
                return self.lost(request);
            }
            Step::Crash(request) => {
                let request = self.take(request)?;
                self.give_up(request);
            }
            Step::EndAtFinch(token) => self.finch.end(pick(token, self.finch.issued.len())?),
            Step::Review => self.review()?,
            Step::Wait(minutes) => self.now += i64::from(minutes) * 60,
        }
        None
    }

    fn connection(&self, which: u8) -> Option<Rc<Connection>> {
        let connections = &self.store.connections;
        pick(which, connections.len()).map(|at| Rc::clone(&connections[at]))
    }

    /// A request whose answer is waited for.
    fn take(&mut self, which: u8) -> Option<Request> {
        let awaited = |at: &usize| self.requests[*at].is_awaited;
        let awaited: Vec<_> = (0..self.requests.len()).filter(awaited).collect();
        Some(self.requests.remove(awaited[pick(which, awaited.len())?]))
    }

    fn own_token(&self, who: u8, which: u8) -> Option<(Rc<Connection>, Token)> {
        let each = self.store.connections.iter().flat_map(|c| c.tokens.iter().map(move |t| (c, t)));
        let customer = customer(who);
        let mut own: Vec<_> =
            each.filter(|(_, t)| t.customer.as_ref() == Some(&customer)).collect();
        own.sort_by_key(|(_, token)| token.id);
        let (connection, token) = own[pick(which, own.len())?];
        Some((Rc::clone(connection), token.clone()))
    }

    /// Opens a session, as `finch-app` does: under a customer id that is free here; where Finch has a
    /// connection for it that is this customer's, or unknown here, to renew that one.
    fn connect(&mut self, who: u8, place: Place, twist: Twist) -> Option<CustomerId> {
        let customer = customer(who);
        let tokens = || self.store.connections.iter().flat_map(|c| &c.tokens);
        for number in 1..9 {
            let derived = if number == 1 { String::new() } else { format!("~{number}") };
            let id = FinchCustomerId::new(format!("{customer}{derived}")).expect("an id");
            if tokens().any(|t| t.facts.finch_customer_id.as_ref() == Some(&id)) {
                continue;
            }
            let Some(existing) = self.finch.alive(|i| i.login.customer_id == id) else {
                return self.open(customer, id, place, None, twist);
            };
            let (place, name) = (existing.login.place, existing.facts.connection_id.clone());
            let mut named = tokens().filter(|t| t.facts.connection_id == name).peekable();
            if named.peek().is_none() || named.any(|t| t.customer.as_ref() == Some(&customer)) {
                return self.open(customer, id, place, Some(name), twist);
            }
        }
        None
    }

    fn renew(&mut self, who: u8, token: u8, twist: Twist) -> Option<CustomerId> {
        let (connection, token) = self.own_token(who, token)?;
        let (customer, name) = (customer(who), token.facts.connection_id);
        if decide::has_ended_for(&connection, &name, &customer)
            || decide::is_ending_for(&connection, &name, &customer)
        {
            return None;
        }
        let Login { customer_id, place, .. } =
            &self.finch.alive(|i| i.facts.connection_id == name)?.login;
        let (customer_id, place) = (customer_id.clone(), *place);
        let customer_id = token.facts.finch_customer_id.unwrap_or(customer_id);
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
        let purpose = NewAttempt {
            finch_customer_id: Some(customer_id.clone()),
            reauthenticates: renews.clone(),
            opened_at: now,
            expires_at: Timestamp::MAX,
            ..new_attempt(customer.as_str())
        };
        let exchange = Some(Exchange { began: self.store.next(), began_at: now, end: None });
        self.store.attempts.push(Attempt { id, purpose, exchange });
        let login = Login { attempt: id, customer_id, place, renews, twist };
        self.send(What::Exchange(login), Some(customer.clone()));
        Some(customer)
    }

    fn disconnect(&mut self, who: u8, token: u8) -> Option<CustomerId> {
        let (connection, token) = self.own_token(who, token)?;
        let customer = customer(who);
        if connection.company.is_none() && token.state.is_live() {
            self.ask_at_once(token.id, AskedAt::of(&connection));
        }
        let (connection, now) = (self.store.with(token.id)?, self.at());
        let subject = Subject::ConnectionId(token.facts.connection_id);
        match decide::plan(&connection, &subject, Some(&customer), None, &digest).verdict {
            PlanVerdict::AlreadyDisconnected | PlanVerdict::SharedWithOthers => {}
            PlanVerdict::Retires => {
                self.store.decided(&connection, |draft| decide::retire(draft, &customer, now));
            }
            _ => self.fence(&connection, Actor::Customer(customer.clone())),
        }
        Some(customer)
    }

    fn fence(&mut self, connection: &Connection, by: Actor) {
        let reason = matches!(by, Actor::Operator(_)).then(|| "it must end".to_owned());
        let intent = Intent { by, reason, at: self.at() };
        self.store.decided(connection, |draft| decide::fence(draft, intent));
    }

    /// What the connection needs next, in the scope of the customer who disconnects it, where no other
    /// customer sees it end.
    fn work(&mut self, which: u8) -> Option<CustomerId> {
        let connection = self.connection(which)?;
        let is_leased = self.requests.iter().any(|r| {
            r.is_awaited
                && matches!(&r.what, What::Call(token, ..) if connection.token(*token).is_some())
        });
        if is_leased {
            return None;
        }
        let now = self.at();
        let Some(open) = connection.open_disconnect() else {
            if decide::is_left_over(&connection) {
                self.fence(&connection, Actor::Reconciler);
            } else {
                let doubtful = connection.tokens.iter().rev();
                let doubtful = doubtful.filter(|t| t.state == TokenState::Unverified);
                let token = doubtful.chain(decide::nameless_token(&connection)).next()?.id;
                self.send(What::Ask(token, AskedAt::of(&connection)), None);
            }
            return None;
        };
        let by = match &open.intent.by {
            Actor::Customer(by) if !connection.is_ended_for_others_too(by) => Some(by.clone()),
            _ => None,
        };
        match decide::next_step(&connection, now, Some(&BTreeSet::new())) {
            decide::Step::Call(call, token) => {
                let mark = (call == Call::Disconnect).then(|| {
                    self.store.decided(&connection, |draft| {
                        decide::lost_calls(draft, now);
                        assert!(decide::send(draft, token), "it was to be called with just now");
                    })
                });
                self.send(What::Call(token, call, mark), by.clone());
            }
            decide::Step::Finish => {
                self.store.decided(&connection, |draft| decide::finish(draft, open.id, now));
            }
            decide::Step::Wait(_) => return None,
        }
        by
    }

    /// A pass takes a lost exchange off the list, as `finch-app` does.
    fn review(&mut self) -> Option<()> {
        let mut lost = self.store.attempts.iter().filter(|a| a.is_possible_orphan(self.at()));
        let (id, end) = lost.find_map(|lost| Some((lost.id, self.end_of(lost)?)))?;
        if let AttemptEnd::Covered { by, .. } = end {
            // Only Finch knows whether the token that covers it still works.
            let connection = self.store.with(by).filter(|c| c.open_disconnect().is_none())?;
            self.ask_at_once(by, AskedAt::of(&connection));
            if !self.finch.issued[self.records[&by]].alive {
                return None;
            }
        }
        self.store.end_attempt(id, end);
        Some(())
    }

    fn end_of(&self, lost: &Attempt) -> Option<AttemptEnd> {
        let renews = lost.purpose.reauthenticates.as_ref();
        let renewed = renews.and_then(|id| self.store.named(id));
        if renewed.is_some_and(|renewed| lost.has_ended_with(&renewed)) {
            return Some(AttemptEnd::Cleared);
        }
        let by = lost.covered_by()?;
        match lost.cover(self.store.with(by)?.token(by)?, self.is_over(lost, self.at())) {
            Cover::Ends(end) | Cover::Asks(end) => Some(end),
            _ => None,
        }
    }

    /// Whether a lost exchange could take effect no more at this time.
    pub(super) fn is_over(&self, lost: &Attempt, at: Timestamp) -> bool {
        let runs = |r: &Request| {
            r.is_awaited && matches!(&r.what, What::Exchange(login) if login.attempt == lost.id)
        };
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
        connection.tokens.iter().any(|t| {
            Some(&t.facts.connection_id) == id
                && t.state == TokenState::Fenced
                && t.progress.acknowledged.is_some()
        })
    }
}
