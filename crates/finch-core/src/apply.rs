//! Changes, applied to a connection as loaded: what they mean, stated once. A store on disk does the
//! same to its rows.

use crate::{
    Admission, Applied, Changes, Connection, Disconnect, DisconnectChange, DisconnectId,
    DisconnectState, Intent, Progress, Retirement, Seq, Target, Token, TokenChange, TokenId,
};

/// The numbers that were given to what is new.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbered {
    pub(crate) admitted: Option<TokenId>,
    pub(crate) begun: Option<DisconnectId>,
}

impl Changes {
    /// Applies what concerns the target itself (with what it absorbs already in it). `next` gives the
    /// store's next sequence number.
    pub(crate) fn apply_to(
        &self,
        target: &mut Connection,
        mut next: impl FnMut() -> Seq,
    ) -> Numbered {
        let mut numbered = Numbered::default();
        target.company = self.company.clone().or(target.company.take());
        if let Some(admission) = &self.admit {
            let id = TokenId(next());
            numbered.admitted = Some(id);
            target.tokens.push(admission.token(id));
        }
        for change in &self.tokens {
            let verified = change.verified.then(&mut next);
            if let Some(token) = target.token_mut(change.id) {
                change.apply_to(token, verified);
            }
        }
        for change in &self.disconnects {
            apply(change, target, &mut next, &mut numbered.begun);
        }
        if let Some((customer, at)) = &self.retirement {
            let (seq, customer) = (next(), customer.clone());
            target.retirements.push(Retirement { seq, customer, at: *at });
        }
        numbered
    }
}

impl Connection {
    /// The connection after a store has applied `changes` to it: what loading it again would give. None:
    /// it must be loaded again, since something in it took a number that only the store knows.
    pub fn after(mut self, changes: &Changes, applied: &Applied) -> Option<Self> {
        let Changes { target, absorb, company, admit, tokens, disconnects, retirement, .. } =
            changes;
        let takes_no_number = absorb.is_none()
            && company.is_none()
            && admit.is_none()
            && disconnects.is_empty()
            && retirement.is_none()
            && tokens.iter().all(|change| !change.verified);
        if !takes_no_number || *target != Target::Existing(self.key, self.revision) {
            return None;
        }
        changes.apply_to(&mut self, || Seq(u64::MAX));
        self.revision = applied.revision;
        Some(self)
    }
}

impl Admission {
    fn token(&self, id: TokenId) -> Token {
        Token {
            id,
            customer: self.customer.clone(),
            facts: self.facts.clone(),
            finch_token_id: None,
            status: None,
            state: self.state.clone(),
            exchange_began: self.exchange_began,
            verified: None,
            added_at: self.at,
            progress: Progress::default(),
            used_at: None,
        }
    }
}

impl TokenChange {
    fn apply_to(&self, token: &mut Token, verified: Option<Seq>) {
        let Self { state, progress, products, status, finch_token_id, .. } = self.clone();
        token.state = state.unwrap_or_else(|| token.state.clone());
        token.verified = verified.or(token.verified);
        token.progress = progress.unwrap_or_else(|| std::mem::take(&mut token.progress));
        token.facts.products =
            products.unwrap_or_else(|| std::mem::take(&mut token.facts.products));
        token.status = status.or(token.status.take());
        token.finch_token_id = finch_token_id.or(token.finch_token_id.take());
    }
}

fn apply(
    change: &DisconnectChange,
    target: &mut Connection,
    next: &mut impl FnMut() -> Seq,
    begun: &mut Option<DisconnectId>,
) {
    let mut insert = |id: Seq, intent: &Intent, state| {
        let id = DisconnectId(id);
        target.disconnects.push(Disconnect { id, intent: intent.clone(), state });
        id
    };
    let (id, state) = match change {
        DisconnectChange::Begin(intent) => {
            *begun = Some(insert(next(), intent, DisconnectState::Open));
            return;
        }
        DisconnectChange::Join(intent, into) => {
            insert(next(), intent, DisconnectState::Merged { into: *into });
            return;
        }
        DisconnectChange::End(id, at) => {
            (id.or(*begun), DisconnectState::Ended { seq: next(), at: *at })
        }
        DisconnectChange::Reopen(id) => (Some(*id), DisconnectState::Open),
        DisconnectChange::Merge(id, into) => (Some(*id), DisconnectState::Merged { into: *into }),
    };
    if let Some(disconnect) = target.disconnects.iter_mut().find(|d| Some(d.id) == id) {
        disconnect.state = state;
    }
}
