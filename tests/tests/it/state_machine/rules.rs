//! What the application promises of one token and one connection, from the design's tables.

use super::{
    model::{By, End, Group, Model, Ours, State, Tick},
    moves::Mode,
};

impl Model {
    /// What a token of this customer is beside these disconnects and retirements, when its exchange began
    /// then. `among`: the tokens of the whole connection.
    pub(crate) fn stands(
        &self,
        beside: &Group,
        among: &[usize],
        (began, customer, name): (Tick, Option<u8>, usize),
        late: bool,
    ) -> (State, Option<Tick>) {
        let covering: Vec<_> = beside.ends.iter().filter(|e| e.covers(began, customer)).collect();
        let retired = beside.has_retired(customer, began);
        if beside.open().is_some() {
            let covered = retired || !covering.is_empty();
            return (if covered { State::Closing } else { State::Doubted }, None);
        }
        let last = covering.iter().filter_map(|e| Some((beside.end_of(e)?, *e)));
        if let Some((ended, end)) = last.max_by_key(|(ended, _)| *ended) {
            let newer = |t: &&usize| self.ours(**t).state.is_live() && self.ours(**t).since > ended;
            return match among.iter().find(newer) {
                Some(_) => (State::Superseded, None),
                None => (State::Closing, Some(beside.root(end).began)),
            };
        }
        if retired {
            return (State::Retired, None);
        }
        let during = beside.ends.iter().filter_map(|e| beside.end_of(e)).any(|ended| began < ended);
        let present = beside.generation(Tick::MAX);
        let of_an_earlier_one = among
            .iter()
            .filter(|t| self.tokens[**t].name == name)
            .any(|t| beside.generation(self.ours(*t).since) < present);
        let doubt = during || of_an_earlier_one || late;
        (if doubt { State::Doubted } else { State::Good }, None)
    }

    /// A connection without an employer proves to be another one.
    pub(crate) fn merge(&mut self, into: usize, absorbed: usize) {
        let late = self.groups[into].late || self.groups[absorbed].late;
        let all = [self.members(into), self.members(absorbed)].concat();
        let mut becomes = Vec::new();
        let mut reopened = Vec::new();
        for (side, other) in [(into, absorbed), (absorbed, into)] {
            let other = self.groups[other].clone();
            for token in self.members(side) {
                let ours = self.ours(token);
                if ours.state == State::Dead {
                    continue;
                }
                let what = (ours.since, ours.customer, self.tokens[token].name);
                let (state, reopens) = self.stands(&other, &all, what, late);
                let stays = match state {
                    State::Closing if reopens.is_none() => false,
                    _ => !ours.state.is_live() || state == State::Good,
                };
                if !stays {
                    reopened.extend(reopens);
                    becomes.push((token, state));
                }
            }
        }
        for (token, state) in becomes {
            let ours = self.ours_mut(token);
            ours.outlived |= state == State::Superseded;
            ours.state = state;
        }
        for token in self.members(absorbed) {
            self.ours_mut(token).group = into;
        }
        // What the holder of the absorbed one's lease has sent may yet take effect.
        let late = late || self.groups[absorbed].open().is_some();
        let gone = std::mem::take(&mut self.groups[absorbed].ends);
        let retired = std::mem::take(&mut self.groups[absorbed].retired);
        self.groups[absorbed].absorbed = true;
        let group = &mut self.groups[into];
        group.retired.extend(retired);
        group.ends.extend(gone);
        group.ends.sort_by_key(|e| e.began);
        group.late = late;
        group.changes += 1;
        for end in group.ends.iter_mut().filter(|e| reopened.contains(&e.began)) {
            end.ended = None;
        }
        // Of those that are open the oldest goes on.
        if let Some(oldest) = group.open().map(|at| group.ends[at].began) {
            let open = |e: &&mut End| e.ended.is_none() && e.into.is_none() && e.began != oldest;
            group.ends.iter_mut().filter(open).for_each(|e| e.into = Some(oldest));
        }
    }

    /// Finch is asked about a token, and its answer written down. `names`: Finch says the employer.
    /// Returns whether Finch refused it; none: nothing was proven.
    pub(crate) fn ask_about(&mut self, token: usize, names: bool) -> Option<bool> {
        let group = self.ours(token).group;
        self.groups[group].touches += 1;
        match self.mode {
            Mode::Up if self.tokens[token].alive => {
                self.accepted(token, names);
                Some(false)
            }
            Mode::Up => {
                self.refused(token);
                Some(true)
            }
            Mode::Reauth => {
                self.ours_mut(token).needs_reauth = true;
                None
            }
            _ => None,
        }
    }

    fn accepted(&mut self, token: usize, names: bool) {
        let before = &self.groups[self.ours(token).group];
        let asked = (before.open().is_some(), before.generation(Tick::MAX));
        if names {
            self.name(self.ours(token).group, self.tokens[token].pair.1);
        }
        let group = &self.groups[self.ours(token).group];
        let since = (group.open().is_some(), group.generation(Tick::MAX)) != asked || asked.0;
        let settled = !since && !group.late;
        let now = self.now();
        let ours = self.ours_mut(token);
        ours.needs_reauth = false;
        if ours.state == State::Doubted && settled {
            (ours.state, ours.since) = (State::Good, now);
        }
    }

    fn refused(&mut self, token: usize) {
        let group = self.ours(token).group;
        let was_live = self.ours(token).state.is_live();
        self.ours_mut(token).state = State::Dead;
        self.groups[group].changes += 1;
        let others = self.members(group).iter().any(|t| self.ours(*t).state.is_live());
        if was_live && !others && self.groups[group].open().is_none() {
            let (began, ended) = (self.now(), self.now());
            let end = End { by: By::Finch, began, ended: Some(ended), into: None };
            self.groups[group].ends.push(end);
        }
    }

    /// Finch names the employer of a connection that had none.
    pub(crate) fn name(&mut self, group: usize, company: u8) {
        if self.groups[group].company.is_some() {
            return;
        }
        match self.group_of((self.groups[group].provider, company)) {
            Some(pair) => self.merge(pair, group),
            None => {
                self.groups[group].company = Some(company);
                self.groups[group].changes += 1;
            }
        }
    }

    /// Our connection of this pair.
    pub(crate) fn group_of(&self, (provider, company): (u8, u8)) -> Option<usize> {
        let of = |g: &Group| !g.absorbed && g.provider == provider && g.company == Some(company);
        self.groups.iter().position(of)
    }

    /// The token by which Finch is asked for an employer's name: the newest that is good.
    pub(crate) fn asks_for_a_name(&self, group: usize) -> Option<usize> {
        let nameless = self.groups[group].company.is_none();
        let mut members = self.members(group).into_iter().rev();
        members.find(|t| self.ours(*t).state == State::Good).filter(|_| nameless)
    }

    /// Asks about what is in doubt in a connection, unless a disconnect is open. With a customer, about
    /// that one's tokens only.
    pub(crate) fn settle(&mut self, group: usize, customer: Option<u8>, names: bool) {
        for token in self.members(group).into_iter().rev() {
            let Ours { group, customer: its, state, .. } = *self.ours(token);
            let nameless = self.asks_for_a_name(group) == Some(token);
            let own = customer.is_none() || its == customer;
            let doubtful = nameless || state == State::Doubted;
            if own && doubtful && self.groups[group].open().is_none() {
                self.ask_about(token, names);
            }
        }
    }
}
