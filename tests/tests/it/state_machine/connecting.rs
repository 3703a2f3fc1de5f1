//! The model of connecting: begin, complete, use, report.

use super::{
    expected::Expected,
    model::{Attempt, FinchCustomer, Group, Login, Model, Ours, Outcome, State, Token},
    moves::{How, Mode},
};

/// An attempt lives for a day.
const LIFETIME: u32 = 24;
/// How many hours an attempt of which nothing can come is kept after its session.
const KEPT: u32 = 24;

impl Model {
    pub(crate) fn begin(
        &mut self,
        customer: u8,
        pair: (u8, u8),
        credentials: u8,
        stranger: bool,
    ) -> Expected {
        let mut refused = Vec::new();
        loop {
            let id = self.free_id(customer, &refused);
            if self.mode != Mode::Up {
                return Expected::NotBegun("Finch");
            }
            let login = Login { pair, credentials, finch_customer: Some(id) };
            let Some(existing) = self.existing(id) else {
                let login = if stranger { Login { finch_customer: None, ..login } } else { login };
                return self.begun(customer, Some(id), None, login);
            };
            let own = self.group_named(existing, Some(customer)).is_some();
            if own || self.group_named(existing, None).is_none() {
                let login = self.login_again(existing, Some(id));
                return self.begun(customer, Some(id), Some(existing), login);
            }
            refused.push(id);
        }
    }

    /// The first id of this customer that no token of ours is of.
    fn free_id(&self, customer: u8, refused: &[FinchCustomer]) -> FinchCustomer {
        let held =
            |id| self.tokens.iter().any(|t| t.ours.is_some() && t.finch_customer == Some(id));
        let ids = (1..).map(|number| (customer, number));
        ids.into_iter().find(|id| !held(*id) && !refused.contains(id)).expect("there are many")
    }

    /// The person logs in with the credentials that made the connection.
    fn login_again(&self, name: usize, finch_customer: Option<FinchCustomer>) -> Login {
        let first = self.lives(name).expect("Finch opened a session for it");
        Login { pair: first.pair, credentials: first.credentials, finch_customer }
    }

    fn begun(
        &mut self,
        customer: u8,
        finch_customer: Option<FinchCustomer>,
        renews: Option<usize>,
        login: Login,
    ) -> Expected {
        self.forget();
        let (opened, opened_hour) = (self.now(), self.hours);
        let (used, other_code, issued, hour, exchange) = (false, false, None, 0, None);
        self.attempts.push(Attempt {
            customer,
            finch_customer,
            renews,
            opened,
            opened_hour,
            login,
            used,
            other_code,
            issued,
            hour,
            exchange,
            forgotten: false,
        });
        Expected::Begun { renews }
    }

    /// Opening an attempt forgets those that nothing can come of, a day after their session.
    fn forget(&mut self) {
        for attempt in &mut self.attempts {
            let is_over = match attempt.exchange {
                None => true,
                Some((_, Outcome::Stored(_) | Outcome::Lost | Outcome::Covered(..))) => false,
                Some(_) => true,
            };
            attempt.forgotten |= is_over && self.hours - attempt.opened_hour >= LIFETIME + KEPT;
        }
    }

    pub(crate) fn reauthenticate(&mut self, customer: u8, name: usize) -> Expected {
        if self.group_named(name, Some(customer)).is_none() {
            return Expected::NotBegun("NotFound");
        }
        let is_own = |t: &Token| t.ours.as_ref().is_some_and(|o| o.customer == Some(customer));
        let own: Vec<usize> = (0..self.tokens.len())
            .filter(|t| self.tokens[*t].name == name && is_own(&self.tokens[*t]))
            .collect();
        let is_gone =
            |model: &Self, t: &usize| model.ours(*t).state == State::Dead || model.is_over(*t);
        if own.iter().all(|t| is_gone(self, t)) {
            return Expected::NotBegun("Ended");
        }
        let mut left = own.iter().filter(|t| !is_gone(self, t));
        if left.all(|t| self.ours(*t).state == State::Closing) {
            return Expected::NotBegun("Disconnecting");
        }
        if self.mode != Mode::Up {
            return Expected::NotBegun("Finch");
        }
        if self.lives(name).is_none() {
            // Finch says no: perhaps the connection has ended there.
            for token in self.visible(self.ours(own[0]).group, Some(customer)) {
                if self.ours(token).state.is_live() {
                    self.ask_about(token, true);
                }
            }
            let ended = own.iter().all(|t| is_gone(self, t));
            return Expected::NotBegun(if ended { "Ended" } else { "Finch" });
        }
        let expected = own.iter().rev().filter_map(|t| self.tokens[*t].finch_customer).next();
        let login = self.login_again(name, expected);
        self.begun(customer, expected, Some(name), login)
    }

    pub(crate) fn complete(&mut self, which: usize, how: How) -> Expected {
        let attempt = self.attempts[which].clone();
        let expired = self.hours - attempt.opened_hour >= LIFETIME;
        if how == How::OtherCustomer || attempt.forgotten {
            return Expected::NotConnected("UnknownState");
        }
        let same_code = (how == How::OtherCode) == attempt.other_code;
        match attempt.exchange {
            Some(_) if !same_code => Expected::NotConnected("StateUsed"),
            Some((_, Outcome::NotSent)) if expired => Expected::NotConnected("NotSent"),
            None if expired => Expected::NotConnected("Expired"),
            None | Some((_, Outcome::NotSent)) => self.exchange(which, how),
            Some((_, Outcome::Failed)) => Expected::NotConnected("Failed"),
            Some((_, Outcome::Lost | Outcome::Covered(..))) => Expected::NotConnected("Unknown"),
            Some((_, Outcome::Cleared | Outcome::Dismissed)) => Expected::NotConnected("StateUsed"),
            Some((_, Outcome::Stored(token))) => self.connected(which, token),
        }
    }

    fn exchange(&mut self, which: usize, how: How) -> Expected {
        let began = self.now();
        self.attempts[which].other_code = how == How::OtherCode;
        self.attempts[which].hour = self.hours;
        // A code that Finch never gave out, or one that is used up.
        let valid = how != How::OtherCode && !self.attempts[which].used;
        let (outcome, name) = match self.mode {
            Mode::Up if valid => {
                let token = self.issue(self.attempts[which].login);
                self.attempts[which].used = true;
                self.attempts[which].exchange = Some((began, Outcome::Stored(token)));
                self.admit(which, token, how == How::Nameless);
                return self.connected(which, token);
            }
            Mode::Mute => {
                if valid {
                    self.attempts[which].issued = Some(self.issue(self.attempts[which].login));
                    self.attempts[which].used = true;
                }
                (Outcome::Lost, "Unknown")
            }
            Mode::Up | Mode::Odd | Mode::Reauth | Mode::Rejecting => (Outcome::Failed, "Failed"),
            Mode::Unpaid | Mode::Limiting | Mode::Unreachable => (Outcome::NotSent, "NotSent"),
            Mode::Busy | Mode::Silent => (Outcome::Lost, "Unknown"),
        };
        self.attempts[which].exchange = Some((began, outcome));
        Expected::NotConnected(name)
    }

    /// A token arrives.
    fn admit(&mut self, which: usize, token: usize, nameless: bool) {
        let attempt = self.attempts[which].clone();
        let (began, _) = attempt.exchange.expect("it has begun");
        let (name, pair) = (self.tokens[token].name, self.tokens[token].pair);
        let company = (!nameless).then_some(pair.1);
        let group = match self.group_named(name, None) {
            Some(group) => {
                if let Some(company) = company {
                    self.name(group, company);
                }
                // It may be part of another one now.
                self.group_named(name, None).expect("it was there")
            }
            None => match company.and_then(|_| self.group_of(pair)) {
                Some(group) => group,
                None => self.new_group(pair.0, company),
            },
        };
        let stranger = self.tokens[token].finch_customer.is_none();
        let stranger = stranger && attempt.finch_customer.is_some();
        let customer = (!stranger).then_some(attempt.customer);
        let among = self.members(group);
        let late = self.groups[group].late;
        let (state, _) = self.stands(&self.groups[group], &among, (began, customer, name), late);
        let state = match state {
            State::Closing => State::Closing,
            _ if stranger => State::Aside,
            state => state,
        };
        let (needs_reauth, vouched, since) = (false, false, began);
        let outlived = state == State::Superseded;
        self.tokens[token].ours =
            Some(Ours { group, customer, state, began, since, needs_reauth, vouched, outlived });
        self.groups[group].changes += 1;
        self.settle(group, Some(attempt.customer), !nameless);
        if self.ours(token).state != State::Dead {
            self.clear_lost(which, token);
        }
    }

    fn new_group(&mut self, provider: u8, company: Option<u8>) -> usize {
        self.groups.push(Group {
            provider,
            company,
            ends: Vec::new(),
            retired: Vec::new(),
            late: false,
            absorbed: false,
            changes: 0,
            touches: 0,
        });
        self.groups.len() - 1
    }

    /// One disconnect ends this token and what was lost: the same customer id, which has one connection
    /// at Finch, or the very connection that the lost exchange was to renew.
    fn clear_lost(&mut self, by: usize, token: usize) {
        let (covering, lives) = (token, self.ours(token).state.is_live());
        let (by, token) = (self.attempts[by].clone(), self.tokens[token].clone());
        let (mut cleared, hours) = (Vec::new(), self.hours);
        for lost in self.attempts.iter_mut().filter(|a| a.customer == by.customer) {
            let Some((began, Outcome::Lost | Outcome::Covered(..))) = lost.exchange else {
                continue;
            };
            let renewed = lost.renews == Some(token.name);
            let same_id = lost.finch_customer.is_some()
                && lost.finch_customer == by.finch_customer
                && lost.finch_customer == token.finch_customer;
            let as_asked = by.renews.is_none_or(|name| name == token.name);
            let same = renewed || (lost.renews.is_none() && same_id && as_asked);
            if began < by.opened && same {
                cleared.push((began, lost));
            }
        }
        // It has taken effect where Finch renewed its connection; or can do so no more.
        let is_alone = cleared.len() == 1;
        for (began, lost) in cleared {
            let took_effect = is_alone && lost.renews.is_none() && by.renews.is_some();
            let over = took_effect || (lost.hour < hours && lives);
            lost.exchange = Some((began, Outcome::Covered(covering, over)));
        }
    }

    fn connected(&self, which: usize, token: usize) -> Expected {
        let ours = self.ours(token);
        if ours.customer.is_none() {
            return Expected::NotConnected("OtherCustomer");
        }
        let scope = Some(self.attempts[which].customer);
        let earlier = self.visible(ours.group, scope).into_iter().filter(|t| *t < token);
        let joined = earlier.filter(|t| self.ours(*t).state != State::Dead).count();
        Expected::Connected { token, state: ours.state, joined }
    }

    /// What a customer gets to call Finch with.
    pub(crate) fn usable(&self, customer: u8, name: usize, granted: bool) -> Expected {
        let Some(group) = self.group_named(name, Some(customer)) else {
            return Expected::NoToken("NotFound");
        };
        let own = self.visible(group, Some(customer));
        let state = |t: &&usize| self.ours(**t).state;
        let good: Vec<_> = own.iter().filter(|t| state(t) == State::Good).collect();
        let newest = good.iter().rev().find(|t| !self.ours(***t).needs_reauth);
        if let Some(token) = newest {
            return if granted {
                Expected::Token(**token)
            } else {
                Expected::NoToken("ProductsNotGranted")
            };
        }
        let ending = |t: &&usize| state(t) == State::Closing && !self.is_over(**t);
        Expected::NoToken(if !good.is_empty() {
            "NeedsReauth"
        } else if own.iter().any(|t| ending(&t)) {
            "Disconnecting"
        } else if own.iter().any(|t| state(&t) == State::Doubted) {
            "Unverified"
        } else {
            "Disconnected"
        })
    }

    /// Whether the access of the token's customer had ended, whatever became of the token since.
    pub(crate) fn is_over(&self, token: usize) -> bool {
        let ours = self.ours(token);
        ours.outlived || self.groups[ours.group].has_retired(ours.customer, ours.began)
    }

    pub(crate) fn report(&mut self, customer: u8, token: usize) -> Expected {
        let ours = self.tokens[token].ours.as_ref();
        let Some(ours) = ours.filter(|o| o.customer == Some(customer)).cloned() else {
            return Expected::NoToken("NotFound");
        };
        match ours.state {
            _ if self.is_over(token) => return Expected::Reported("Disconnecting"),
            State::Dead => return Expected::Reported("Revoked"),
            State::Good | State::Doubted => {}
            _ => return Expected::Reported("Disconnecting"),
        }
        match self.ask_about(token, true) {
            Some(false) => Expected::Reported("StillAccepted"),
            Some(true) => {
                for sibling in self.visible(self.ours(token).group, Some(customer)) {
                    if self.ours(sibling).state.is_live() {
                        self.ask_about(sibling, true);
                    }
                }
                Expected::Reported("Revoked")
            }
            None if self.mode == Mode::Reauth => Expected::Reported("NeedsReauth"),
            None => Expected::Reported("NothingProven"),
        }
    }
}
