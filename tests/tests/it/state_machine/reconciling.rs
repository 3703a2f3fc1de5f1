//! The model of what is left: lost exchanges, tokens that nobody has, and a pass over all of it.

use std::collections::{BTreeMap, BTreeSet};

use finch_core::testing::Reach;

use super::{
    expected::{Ended, Expected},
    model::{By, Model, Ours, Outcome, State, Token},
};

impl Model {
    /// The exchanges whose token may exist without anybody having it.
    pub(crate) fn lost(&self, customer: Option<u8>) -> Vec<usize> {
        let own = |a: &usize| customer.is_none_or(|c| self.attempts[*a].customer == c);
        let lost = |a: &usize| match self.attempts[*a].exchange {
            Some((_, Outcome::Lost)) => true,
            Some((_, Outcome::Covered(by, over))) => {
                let by = self.ours(by);
                if over { by.vouched } else { !by.state.is_live() }
            }
            _ => false,
        };
        (0..self.attempts.len()).filter(own).filter(lost).collect()
    }

    pub(crate) fn dismiss(&mut self, which: usize) -> Expected {
        let lost = self.lost(None);
        let Some(which) = lost.get(which % lost.len().max(1)) else { return Expected::Nothing };
        if let Some((began, _)) = self.attempts[*which].exchange {
            self.attempts[*which].exchange = Some((began, Outcome::Dismissed));
        }
        Expected::Dismissed
    }

    fn is_left_over(&self, group: usize) -> bool {
        let states: Vec<_> = self.members(group).iter().map(|t| self.ours(*t).state).collect();
        self.groups[group].open().is_none()
            && !states.iter().any(|s| s.is_live())
            && states.iter().any(|s| matches!(s, State::Retired | State::Superseded))
    }

    fn has_work(&self, group: usize) -> bool {
        let doubts = self.members(group).iter().any(|t| self.ours(*t).state == State::Doubted);
        self.groups[group].open().is_some()
            || doubts
            || self.asks_for_a_name(group).is_some()
            || self.is_left_over(group)
    }

    /// One pass over everything: what is listed, and what comes to be listed behind it meanwhile.
    pub(crate) fn reconcile(&mut self) -> Expected {
        let mut report = (0, 0, 0, 0);
        let mut from = 0;
        let mut done = BTreeSet::new();
        loop {
            let listed: Vec<_> = (from..self.groups.len()).filter(|g| self.has_work(*g)).collect();
            let Some(last) = listed.last() else { break };
            from = last + 1;
            for group in listed {
                if !done.contains(&group) {
                    done.extend(
                        self.reconcile_one(group, &mut report).filter(|kept| *kept != group),
                    );
                }
            }
        }
        self.clear_lost_for_good(&mut report);
        let (disconnected, pending, verified, refused) = report;
        Expected::Reconciled { disconnected, pending, verified, refused }
    }

    /// What was to renew a connection that has ended since has ended with it; and what could take effect no
    /// more has ended with the token that covered it. Whether Finch accepts that one, it is asked until it is
    /// silent.
    fn clear_lost_for_good(&mut self, report: &mut (usize, usize, usize, usize)) {
        let mut asks = true;
        for lost in 0..self.attempts.len() {
            let began = match self.attempts[lost].exchange {
                Some((began, Outcome::Lost)) => began,
                Some((began, Outcome::Covered(by, over))) => {
                    let ours = self.ours(by);
                    if over && ours.state == State::Dead && !ours.vouched {
                        self.attempts[lost].exchange = Some((began, Outcome::Cleared));
                    } else if !over && self.attempts[lost].hour < self.hours && asks {
                        match self.ask_about_cover(by, report) {
                            Some(true) => {
                                let covered = Outcome::Covered(by, true);
                                self.attempts[lost].exchange = Some((began, covered));
                            }
                            Some(false) => {}
                            None => asks = false,
                        }
                    }
                    began
                }
                _ => continue,
            };
            let renewed = self.attempts[lost].renews.and_then(|n| self.group_named(n, None));
            let Some(renewed) = renewed else { continue };
            // An operator's word for the others says nothing of this one.
            let refused = self.members(renewed).into_iter().any(|t| {
                let (name, ours) = (self.tokens[t].name, self.ours(t));
                Some(name) == self.attempts[lost].renews
                    && ours.state == State::Dead
                    && !ours.vouched
            });
            let group = &self.groups[renewed];
            let later = group.ends.iter().filter(|e| e.began > began);
            if refused && later.into_iter().any(|e| group.end_of(e).is_some()) {
                self.attempts[lost].exchange = Some((began, Outcome::Cleared));
            }
        }
    }

    /// Whether Finch accepts the token that covers a lost exchange; none: it does not say.
    fn ask_about_cover(
        &mut self,
        by: usize,
        report: &mut (usize, usize, usize, usize),
    ) -> Option<bool> {
        let Ours { group, state, .. } = *self.ours(by);
        if !state.is_live() || self.groups[group].open().is_some() {
            return Some(false);
        }
        let refused = self.ask_about(by, true)?;
        match (state, self.ours(by).state) {
            (State::Doubted, State::Good) => report.2 += 1,
            (_, State::Dead) => report.3 += 1,
            _ => {}
        }
        Some(!refused)
    }

    /// The tokens that Finch issued, that nobody has, and that nothing here leads to: no list, no token of
    /// ours that a disconnect would end together with it.
    pub(crate) fn forgotten(&self) -> Vec<usize> {
        let leads = |to: usize| {
            let ends = |t: &Token| match self.reach {
                Reach::Pair => t.pair == self.tokens[to].pair,
                Reach::ConnectionId => t.name == self.tokens[to].name,
            };
            let held = self.tokens.iter().filter(|t| ends(t)).filter_map(|t| t.ours.as_ref());
            held.into_iter().any(|o| o.state != State::Dead)
        };
        let listed = self.lost(None);
        let unlisted = (0..self.attempts.len())
            .filter(|a| !listed.contains(a))
            .filter(|a| !matches!(self.attempts[*a].exchange, Some((_, Outcome::Dismissed))));
        let issued = unlisted.filter_map(|a| self.attempts[a].issued);
        let issued = issued.filter(|t| self.tokens[*t].alive);
        // Of a stranger's, Finch itself would have broken its word: one connection for each customer id.
        let issued = issued.filter(|t| self.tokens[*t].finch_customer.is_some());
        issued.filter(|t| self.tokens[*t].ours.is_none() && !leads(*t)).collect()
    }

    /// Goes on with a group until a round leaves nothing new to do. Returns the group into which it has
    /// merged, or itself.
    fn reconcile_one(
        &mut self,
        group: usize,
        report: &mut (usize, usize, usize, usize),
    ) -> Option<usize> {
        let anchor = self.members(group).first().copied()?;
        loop {
            let group = self.ours(anchor).group;
            if self.is_left_over(group) {
                self.fence(group, By::Reconciler);
            }
            match self.drive(group, None) {
                Some(Ended::Disconnected(_)) => report.0 += 1,
                Some(_) => {
                    report.1 += 1;
                    return Some(group);
                }
                None => {}
            }
            let before = self.states(group);
            self.settle(group, None, true);
            let group = self.ours(anchor).group;
            let after = self.states(group);
            for (token, was) in before.iter().filter(|(token, _)| after.contains_key(token)) {
                match (was, self.ours(*token).state) {
                    (State::Doubted, State::Good) => report.2 += 1,
                    (State::Dead, State::Dead) => {}
                    // Doubted, or asked for the name of its employer.
                    (_, State::Dead) => report.3 += 1,
                    _ => {}
                }
            }
            let moved = self.has_work(group) && before != after;
            if self.groups[group].open().is_none() && !self.is_left_over(group) && !moved {
                return Some(group);
            }
        }
    }

    fn states(&self, group: usize) -> BTreeMap<usize, State> {
        self.members(group).into_iter().map(|t| (t, self.ours(t).state)).collect()
    }
}
