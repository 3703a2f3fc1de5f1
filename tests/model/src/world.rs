//! One state of everything: Finch's truth, the durable store, and the processes. Small and canonical:
//! no time, no secret, and numbers of the sequence only by their order.

use finch_core::decide::AskedAt;

/// A moment of the sequence. 0: none, or of no more use.
pub(crate) type Moment = u8;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// Each code with its attempt, its exchange and Finch's truth of its token. The first one's token is
    /// stored from the start.
    pub(crate) codes: Vec<Code>,
    /// The connection's tokens as stored, in the order in which they arrived.
    pub(crate) tokens: Vec<Stored>,
    /// Its disconnects as stored.
    pub(crate) disconnects: Vec<Disconnect>,
    /// When which customer retired.
    pub(crate) retirements: Vec<(Moment, u8)>,
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
    pub(crate) began: Moment,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    pub(crate) code: u8,
    pub(crate) mark: Mark,
    pub(crate) began: Moment,
    pub(crate) verified: Moment,
    /// Finch has promised its end.
    pub(crate) acknowledged: bool,
    /// Finch went on accepting it, for so long that it is to be disconnected once more.
    pub(crate) polled: bool,
    /// The instance that has marked it as sending.
    pub(crate) sending: Option<u8>,
    /// A `/disconnect` with it went unanswered within the last 7 minutes.
    pub(crate) ambiguous: bool,
    /// It was superseded before a disconnect fenced it.
    pub(crate) superseded: bool,
    pub(crate) refused: bool,
    /// Whether it waits for its next try.
    pub(crate) wait: Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    Active,
    Unverified,
    Fenced,
    Retired,
    Superseded,
    /// `Revoked`, for Finch refused it.
    Refused,
    /// `Revoked`, for an operator said so.
    Closed,
}

impl Mark {
    /// Handed out now, or perhaps after a look at Finch.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::Unverified)
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Closed)
    }
}

/// Whether a token waits for its next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wait {
    No,
    /// It does, and holds no other one up.
    Alone,
    /// It does, and all others with it.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Disconnect {
    pub(crate) began: Moment,
    pub(crate) by: By,
    pub(crate) state: Course,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Course {
    Open,
    Ended(Moment),
    /// It goes on as the one that began then.
    Merged(Moment),
}

/// Who wants a disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// This customer.
    Customer(u8),
    /// The operator, for everyone.
    Operator,
    /// Finch ended it.
    Finch,
    /// The reconciler, for what was left over.
    Reconciler,
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

impl World {
    pub(crate) fn stored(&self, code: u8) -> Option<&Stored> {
        self.tokens.iter().find(|t| t.code == code)
    }

    pub(crate) fn is_alive(&self, code: u8) -> bool {
        self.codes[usize::from(code)].token == Issued::Alive
    }

    pub(crate) fn open(&self) -> Option<&Disconnect> {
        self.disconnects.iter().find(|d| d.state == Course::Open)
    }

    pub(crate) fn lives(&self) -> bool {
        self.tokens.iter().any(|t| t.mark.is_live())
    }

    /// The moment after everything.
    pub(crate) fn next(&mut self) -> Moment {
        self.moments().into_iter().map(|moment| *moment).max().unwrap_or(0) + 1
    }

    /// Makes equal what differs in nothing that matters: moments count by their order alone.
    pub(crate) fn canonical(mut self) -> Self {
        for code in &mut self.codes {
            if let Some(attempt) = code.attempt.as_mut().filter(|a| a.end != End::Open) {
                attempt.began = 0;
            }
        }
        for token in self.tokens.iter_mut().filter(|t| t.mark.is_final()) {
            (token.acknowledged, token.polled, token.refused) = (false, false, false);
            token.wait = Wait::No;
        }
        let mut order: Vec<Moment> = self.moments().into_iter().map(|moment| *moment).collect();
        order.sort_unstable();
        order.dedup();
        let rank = |moment: Moment| order.partition_point(|known| *known < moment) as Moment + 1;
        for moment in self.moments() {
            *moment = rank(*moment);
        }
        self
    }

    fn moments(&mut self) -> Vec<&mut Moment> {
        let mut all = Vec::with_capacity(16);
        all.extend(self.codes.iter_mut().filter_map(|c| c.attempt.as_mut()).map(|a| &mut a.began));
        for token in &mut self.tokens {
            all.push(&mut token.began);
            all.push(&mut token.verified);
        }
        for disconnect in &mut self.disconnects {
            all.push(&mut disconnect.began);
            match &mut disconnect.state {
                Course::Ended(moment) | Course::Merged(moment) => all.push(moment),
                Course::Open => {}
            }
        }
        all.extend(self.retirements.iter_mut().map(|(moment, _)| moment));
        all.retain(|moment| **moment != 0);
        all
    }
}
