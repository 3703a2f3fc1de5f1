//! One state of everything: Finch's truth, the durable store, and the processes. Canonical: no time, no secret, and
//! numbers of the sequence only by their order.

use finch_core::{
    Connection, DisconnectState, Draft, FailureKind, Progress, Seq, Token, TokenId, Trouble,
    decide::AskedAt,
};
use jiff::Timestamp;

/// The present. Nothing in the model depends on it: what waits, waits beyond it.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_000_000_000, 0);
const LATER: Timestamp = Timestamp::constant(1_000_000_001, 0);

/// So often Finch was asked when it is to be asked to disconnect once more.
const ENOUGH: u32 = 7;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// Each code with its attempt, its exchange and Finch's truth of its token. The first one's token is
    /// stored from the start.
    pub(crate) codes: Vec<Code>,
    /// The connection as stored.
    pub(crate) connection: Connection,
    /// The agenda says that there is work.
    pub(crate) due: bool,
    pub(crate) lease: Lease,
    pub(crate) drivers: [Driver; 2],
    /// The codes whose tokens `/disconnect` was sent with, and may take effect although no caller waits.
    pub(crate) late: u8,
    /// An instance was thought to be dead, and was not.
    pub(crate) stalled: bool,
    pub(crate) asks: u8,
    pub(crate) faults: u8,
    /// A token came back to life here.
    pub(crate) revived: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Code {
    pub(crate) owner: u8,
    pub(crate) attempt: Option<Attempt>,
    /// The process that exchanges it.
    pub(crate) exchange: Exchange,
    /// Its request may take effect although no caller waits for the answer.
    pub(crate) late: bool,
    pub(crate) token: Issued,
    /// The `connection_id` that its token was issued under.
    pub(crate) connection_id: u8,
    /// A disconnect or a retirement that covers it is durable (or was said to be).
    pub(crate) covered: bool,
    pub(crate) outside: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    /// 0: of no more use.
    pub(crate) began: u64,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// It has not, or its process died.
    Open,
    Stored,
    Failed,
    Unknown,
}

/// What the process that exchanges a code does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Exchange {
    Idle,
    /// It has sent the code.
    Waiting,
    /// The token is on its way to it, or with it, and not stored.
    Answered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Issued {
    Not,
    Alive,
    Dead,
}

/// Who wants a disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// This customer.
    Customer(u8),
    /// The operator, for everyone.
    Operator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lease {
    Free,
    /// This instance has it.
    Of(u8),
    /// An instance has it that has died, or that let it run out.
    OfTheDead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Driver {
    Idle,
    /// A call that Finch has not acted on.
    Sent(Call),
    /// A call, and its answer, not yet written down.
    Answered(Call, Answer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) code: u8,
    pub(crate) purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    Disconnect,
    /// `/introspect`, to prove an end.
    Prove,
    /// `/introspect`, to settle a doubt; and how the connection was when it was asked.
    Settle(AskedAt),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Success,
    /// 401, the token is invalid.
    Invalid,
    /// 401, for a reason that it does not name.
    Unnamed,
    /// 401, for a known reason that is not the token.
    Odd,
    Lost,
}

/// Of which code a token is.
pub(crate) fn code_of(token: &Token) -> u8 {
    token.fingerprint.0[0]
}

impl World {
    pub(crate) fn stored(&self, code: u8) -> Option<&Token> {
        self.connection.tokens.iter().find(|t| code_of(t) == code)
    }

    pub(crate) fn id_of(&self, code: u8) -> Option<TokenId> {
        self.stored(code).map(|token| token.id)
    }

    pub(crate) fn is_alive(&self, code: u8) -> bool {
        self.codes[usize::from(code)].token == Issued::Alive
    }

    pub(crate) fn is_open(&self) -> bool {
        self.connection.open_disconnect().is_some()
    }

    pub(crate) fn lives(&self) -> bool {
        self.connection.tokens.iter().any(|t| t.state.is_live())
    }

    /// Applies changes; a worker that has just loaded the connection will find that it moved.
    pub(crate) fn change(&mut self, decide: impl FnOnce(&mut Draft)) {
        let mut draft = Draft::of(self.connection.clone());
        decide(&mut draft);
        self.write(draft);
    }

    /// Writes a draft as a store does: whole, and what is new under the next number.
    pub(crate) fn write(&mut self, draft: Draft) {
        let Some(commit) = draft.finish() else { return };
        let commit = commit.numbered(Seq(self.next()));
        self.due = commit.connection.as_ref().is_some_and(|row| row.agenda.due.is_some());
        let after = commit.applied_to(Some(self.connection.clone())).expect("a connection");
        self.revived |= self.connection.tokens.iter().any(|before| {
            let after = after.token(before.id).map(|token| &token.state);
            after.is_none_or(|after| {
                (!before.state.is_live() && after.is_live())
                    || (before.state.is_revoked() && *after != before.state)
            })
        });
        self.connection = after;
    }

    /// The moment after everything.
    pub(crate) fn next(&mut self) -> u64 {
        self.moments().into_iter().map(|moment| *moment).max().unwrap_or(0) + 1
    }

    /// Makes equal what differs in nothing that matters: moments count by their order alone.
    pub(crate) fn canonical(mut self) -> Self {
        for code in &mut self.codes {
            if let Some(attempt) = code.attempt.as_mut().filter(|a| a.end != End::Open) {
                attempt.began = 0;
            }
        }
        self.connection.revision.0 = 0;
        for disconnect in &mut self.connection.disconnects {
            (disconnect.intent.reason, disconnect.fenced) = (None, Vec::new());
        }
        for (place, token) in (0..).zip(&mut self.connection.tokens) {
            (token.id, token.status) = (TokenId(Seq(place)), None);
            token.progress = canonical_progress(&token.progress, token.state.is_revoked());
        }
        let mut order: Vec<u64> = self.moments().into_iter().map(|moment| *moment).collect();
        order.sort_unstable();
        order.dedup();
        let rank = |moment: u64| order.partition_point(|known| *known < moment) as u64 + 1;
        for moment in self.moments() {
            *moment = rank(*moment);
        }
        self
    }

    fn moments(&mut self) -> Vec<&mut u64> {
        let mut all = Vec::with_capacity(16);
        all.extend(self.codes.iter_mut().filter_map(|c| c.attempt.as_mut()).map(|a| &mut a.began));
        for token in &mut self.connection.tokens {
            all.push(&mut token.exchange_began.0);
            all.extend(token.verified.as_mut().map(|verified| &mut verified.0));
        }
        for disconnect in &mut self.connection.disconnects {
            all.push(&mut disconnect.id.0.0);
            match &mut disconnect.state {
                DisconnectState::Ended { seq, .. } => all.push(&mut seq.0),
                DisconnectState::Merged { into } => all.push(&mut into.0.0),
                DisconnectState::Open => {}
            }
        }
        all.extend(self.connection.retirements.iter_mut().map(|r| &mut r.seq.0));
        all.retain(|moment| **moment != 0);
        all
    }
}

/// Whether a token waits matters, and whether all others wait with it; not how often it was tried.
fn canonical_progress(progress: &Progress, is_over: bool) -> Progress {
    let kept = Progress {
        sending: progress.sending,
        ambiguous_at: progress.ambiguous_at,
        superseded: progress.superseded,
        ..Progress::default()
    };
    if is_over {
        return kept;
    }
    let trouble = progress.trouble.as_ref();
    let kind = match trouble.is_none_or(|t| t.failure.kind.is_of_one_token()) {
        true => FailureKind::StillAccepted,
        false => FailureKind::PaymentRequired,
    };
    let waits = progress.next_try.is_some_and(|next| next > NOW);
    Progress {
        acknowledged: progress.acknowledged,
        polls: if progress.polls > 0 { ENOUGH } else { 0 },
        refused: progress.refused.clone(),
        next_try: waits.then_some(LATER),
        trouble: waits.then(|| Trouble { failure: kind.into(), at: NOW }),
        ..kept
    }
}
