//! The model of ending: plan, disconnect, retire, close.

use super::{
    expected::{Ended, Expected},
    model::{By, End, Model, Planned, State, Subject, Tick},
    moves::Mode,
};

/// What a plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Disconnects,
    Joins,
    Already,
    Retires,
    Shared,
}

impl Model {
    /// The connection that is meant, as far as this scope may know of it.
    fn meant(&self, scope: Option<u8>, subject: Subject) -> Option<usize> {
        match subject {
            Subject::Name(name) => self.group_named(name, scope),
            Subject::Token(token) => {
                let ours = self.tokens[token].ours.as_ref();
                ours.filter(|o| scope.is_none() || o.customer == scope).map(|o| o.group)
            }
        }
    }

    /// What a disconnect would do.
    pub(crate) fn verdict(
        &self,
        group: usize,
        scope: Option<u8>,
        subject: Subject,
        for_everyone: bool,
    ) -> (Verdict, usize, bool) {
        let all = self.members(group);
        let own = self.visible(group, scope);
        let over = |t: usize| scope.is_some() && self.is_over(t);
        let left: Vec<usize> = own
            .iter()
            .copied()
            .filter(|t| self.ours(*t).state != State::Dead && !over(*t))
            .collect();
        let lives = |t: &&usize| self.ours(**t).state.is_live();
        let present = self.groups[group].generation(Tick::MAX);
        let has_ended = |t: usize| match self.ours(t).state {
            _ if over(t) => true,
            State::Superseded => all.iter().any(|t| lives(&t)),
            State::Dead => self.groups[group].generation(self.ours(t).since) < present,
            _ => false,
        };
        let named = own.iter().copied().filter(|t| match subject {
            Subject::Name(name) => self.tokens[*t].name == name,
            Subject::Token(token) => *t == token,
        });
        let using: std::collections::BTreeSet<u8> = all
            .iter()
            .filter(|t| lives(t) || self.ours(**t).state == State::Closing)
            .filter_map(|t| self.ours(*t).customer)
            .collect();
        let others = |t: &&usize| self.ours(**t).customer.is_some_and(|c| Some(c) != scope);
        let shared = match scope {
            Some(_) => all.iter().filter(others).any(|t| lives(&t)),
            None => using.len() > 1,
        };
        let open = self.groups[group].open().is_some();
        let ending = |t: &&usize| self.ours(**t).state == State::Closing && !over(**t);
        let under_way = open && own.iter().any(|t| ending(&t)) && !own.iter().any(|t| lives(&t));
        let verdict = if left.is_empty() || named.into_iter().all(has_ended) {
            Verdict::Already
        } else if scope.is_some() && under_way {
            Verdict::Joins
        } else if shared && scope.is_some() {
            Verdict::Retires
        } else if shared && !for_everyone {
            Verdict::Shared
        } else if open {
            Verdict::Joins
        } else {
            Verdict::Disconnects
        };
        let tokens = if verdict == Verdict::Already { 0 } else { left.len() };
        (verdict, tokens, shared)
    }

    /// A plan asks Finch for the employer, where that is not known.
    fn prepare(&mut self, scope: Option<u8>, subject: Subject) -> Option<usize> {
        let group = self.meant(scope, subject)?;
        if self.groups[group].company.is_none() {
            let mut own = self.visible(group, scope).into_iter().rev();
            if let Some(token) = own.find(|t| self.ours(*t).state.is_live()) {
                self.ask_about(token, true);
            }
        }
        self.meant(scope, subject)
    }

    pub(crate) fn plan(
        &mut self,
        scope: Option<u8>,
        subject: Subject,
        for_everyone: bool,
    ) -> Expected {
        self.plan = None;
        let for_everyone = for_everyone && scope.is_none();
        let Some(group) = self.prepare(scope, subject) else {
            return Expected::Ended(Ended::NotFound);
        };
        let (verdict, tokens, shared) = self.verdict(group, scope, subject, for_everyone);
        let (changes, touches) = (self.groups[group].changes, self.groups[group].touches);
        self.plan = Some(Planned { group, scope, subject, for_everyone, changes, touches });
        let verdict = match verdict {
            Verdict::Disconnects => "disconnects",
            Verdict::Joins => "joins",
            Verdict::Already => "already_disconnected",
            Verdict::Retires => "retires",
            Verdict::Shared => "shared_with_others",
        };
        Expected::Planned { verdict, tokens, shared }
    }

    /// Carries out the plan that was kept. Where it is not certain whether the connection has changed
    /// since, nothing is asked.
    pub(crate) fn carry_out_plan(&mut self) -> Ended {
        let Some(plan) = self.plan.take() else {
            return Ended::Unasked;
        };
        let group = &self.groups[plan.group];
        if group.absorbed || group.changes != plan.changes {
            return Ended::PlanChanged;
        }
        if group.touches != plan.touches {
            return Ended::Unasked;
        }
        self.carry_out(plan.group, plan.scope, plan.subject, plan.for_everyone)
    }

    pub(crate) fn disconnect(
        &mut self,
        scope: Option<u8>,
        subject: Subject,
        for_everyone: bool,
    ) -> Ended {
        match self.prepare(scope, subject) {
            Some(group) => self.carry_out(group, scope, subject, for_everyone),
            None => Ended::NotFound,
        }
    }

    fn carry_out(
        &mut self,
        group: usize,
        scope: Option<u8>,
        subject: Subject,
        for_everyone: bool,
    ) -> Ended {
        let (verdict, tokens, _) = self.verdict(group, scope, subject, for_everyone);
        match verdict {
            Verdict::Already => return Ended::Already,
            Verdict::Shared => return Ended::Shared,
            Verdict::Retires => {
                self.retire(group, scope.expect("a customer's"));
                return Ended::Retired(tokens);
            }
            Verdict::Disconnects | Verdict::Joins => {}
        }
        let under_way_for_others = self.groups[group].open().is_some()
            && self.members(group).iter().any(|t| {
                let ours = self.ours(*t);
                let another = ours.customer.is_some_and(|c| Some(c) != scope);
                scope.is_some() && another && ours.state == State::Closing
            });
        self.fence(group, scope.map_or(By::Operator, By::Customer));
        if under_way_for_others {
            return Ended::Pending(self.closing(group, scope));
        }
        self.drive(group, scope).unwrap_or(Ended::Already)
    }

    fn closing(&self, group: usize, scope: Option<u8>) -> usize {
        let closing = |t: &usize| self.ours(*t).state == State::Closing;
        self.visible(group, scope).into_iter().filter(closing).count()
    }

    /// Ends a customer's access, while others go on.
    fn retire(&mut self, group: usize, customer: u8) {
        let now = self.now();
        self.groups[group].retired.push((customer, now));
        self.groups[group].changes += 1;
        for token in self.visible(group, Some(customer)) {
            if self.ours(token).state.is_live() {
                self.ours_mut(token).state = State::Retired;
            }
        }
    }

    /// From here on nobody gets any token that this reaches.
    pub(super) fn fence(&mut self, group: usize, by: By) {
        let began = self.now();
        let open = self.groups[group].open().map(|at| self.groups[group].ends[at].began);
        let mut fenced = 0;
        for token in self.members(group) {
            let ours = self.ours_mut(token);
            let reached = match by {
                By::Customer(customer) if open.is_some() => {
                    ours.customer.is_none_or(|its| its == customer)
                }
                _ => true,
            };
            if reached && !matches!(ours.state, State::Dead | State::Closing) {
                ours.state = State::Closing;
                fenced += 1;
            }
        }
        let group = &mut self.groups[group];
        let asked_for_already = group
            .ends
            .iter()
            .filter(|e| group.root(e).ended.is_none())
            .any(|e| e.by == by || e.by == By::Operator);
        match open {
            Some(_) if fenced == 0 && asked_for_already => group.touches += 1,
            into => {
                group.ends.push(End { by, began, ended: None, into });
                group.changes += 1;
            }
        }
    }

    /// Finch is called, until it has refused every token, or cannot.
    pub(super) fn drive(&mut self, group: usize, scope: Option<u8>) -> Option<Ended> {
        let open = self.groups[group].open()?;
        let closing: Vec<usize> = self
            .members(group)
            .into_iter()
            .filter(|t| self.ours(*t).state == State::Closing)
            .collect();
        self.groups[group].touches += 1;
        if self.mode == Mode::Up || closing.is_empty() {
            for token in &closing {
                self.kill(*token);
            }
            let ended = self.closing(group, scope);
            for token in closing {
                self.ours_mut(token).state = State::Dead;
            }
            let now = self.now();
            self.groups[group].ends[open].ended = Some(now);
            self.groups[group].changes += 1;
            return Some(Ended::Disconnected(ended));
        }
        if self.mode == Mode::Mute {
            // The newest first, what is aside last; the rest waits for its answer.
            let own = closing.iter().rev().find(|t| self.ours(**t).customer.is_some());
            let first = *own.or(closing.last()).expect("there is one");
            self.kill(first);
        }
        if matches!(self.mode, Mode::Mute | Mode::Silent | Mode::Busy) {
            self.groups[group].late = true;
        }
        Some(Ended::Pending(self.closing(group, scope)))
    }

    /// Each connection, in the order of their appearance: what is listed, and what comes to be listed
    /// behind it meanwhile. (One that proves to be a later one is told of twice.)
    pub(crate) fn disconnect_all(&mut self, customer: u8) -> Vec<(usize, Ended)> {
        let mut outcomes = Vec::new();
        let mut from = 0;
        loop {
            let own = |model: &Self, group| model.visible(group, Some(customer));
            let listed: Vec<_> =
                (from..self.groups.len()).filter(|g| !own(self, *g).is_empty()).collect();
            let Some(last) = listed.last() else { return outcomes };
            from = last + 1;
            let left = |t: &usize| self.ours(*t).state != State::Dead && !self.is_over(*t);
            let newest = |group| own(self, group).into_iter().rev().find(left);
            let names: Vec<_> =
                listed.into_iter().filter_map(newest).map(|t| self.tokens[t].name).collect();
            for name in names {
                let ended = self.disconnect(Some(customer), Subject::Name(name), false);
                outcomes.push((name, ended));
            }
        }
    }

    /// An operator vouches for the end.
    pub(crate) fn close(&mut self, name: usize) -> Expected {
        let Some(group) = self.group_named(name, None) else {
            return Expected::NotClosed("NotFound");
        };
        let Some(open) = self.groups[group].open() else {
            return Expected::NotClosed("NotDisconnecting");
        };
        let mut vouched = 0;
        for token in self.members(group) {
            let ours = self.ours_mut(token);
            if ours.state == State::Closing {
                (ours.state, ours.vouched) = (State::Dead, true);
                vouched += 1;
            }
        }
        let now = self.now();
        self.groups[group].ends[open].ended = Some(now);
        self.groups[group].changes += 1;
        // A call may have been on its way.
        self.groups[group].late |= vouched > 0;
        Expected::Closed(vouched)
    }
}
