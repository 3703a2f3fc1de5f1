//! One state of everything: Finch's truth, the durable store, and the processes. Small and canonical:
//! no time, no secret, and numbers of the sequence only by their order.

/// A moment of the sequence. 0: none, or of no more use.
pub(crate) type Moment = u8;

/// One state of everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// Each code with its attempt, its exchange and Finch's truth of its token. The first one's token is
    /// stored from the start.
    pub codes: Vec<Code>,
    /// The connection's tokens as stored, in the order in which they arrived.
    pub tokens: Vec<Stored>,
    /// Its disconnects as stored.
    pub disconnects: Vec<Disconnect>,
    /// When which customer retired.
    pub retirements: Vec<(Moment, u8)>,
    /// The agenda says that there is work.
    pub due: bool,
    /// Who may call Finch for the connection.
    pub lease: Lease,
    /// What each instance works on.
    pub drivers: [Driver; 2],
    /// The codes whose tokens `/disconnect` was sent with, and may take effect although no caller waits.
    pub late: u8,
    /// An instance was thought to be dead, and was not.
    pub stalled: bool,
    /// So many disconnects may still be asked for.
    pub asks: u8,
    /// So many faults may still happen.
    pub faults: u8,
    /// A token came back to life here.
    pub revived: bool,
}

/// A code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// Whose it is.
    pub owner: u8,
    /// The durable record of its exchange.
    pub attempt: Option<Attempt>,
    /// The process that exchanges it.
    pub exchange: Exchange,
    /// Its request may take effect although no caller waits for the answer.
    pub late: bool,
    /// The truth at Finch.
    pub token: Issued,
    /// The `connection_id` that its token was issued under.
    pub connection_id: u8,
    /// A disconnect or a retirement that covers it is durable (or was said to be).
    pub covered: bool,
    /// It was ended outside.
    pub outside: bool,
}

/// An attempt whose exchange has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// When.
    pub began: Moment,
    /// How it ended.
    pub end: End,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It has not, or its process died.
    Open,
    /// Its token is stored.
    Stored,
    /// Finch said no.
    Failed,
    /// Its answer was lost.
    Unknown,
}

/// What the process that exchanges a code does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// There is none.
    Idle,
    /// It has sent the code.
    Waiting,
    /// The token is on its way to it, or with it, and not stored.
    Answered,
}

/// A token at Finch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Issued {
    /// The code was not exchanged.
    Not,
    /// Finch accepts the token.
    Alive,
    /// Finch refuses it.
    Dead,
}

/// A token as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    /// Of which code.
    pub code: u8,
    /// Its state.
    pub mark: Mark,
    /// When its exchange began.
    pub began: Moment,
    /// When it was verified.
    pub verified: Moment,
    /// Finch has promised its end.
    pub acknowledged: bool,
    /// Finch went on accepting it, for so long that it is to be disconnected once more.
    pub polled: bool,
    /// The instance that has marked it as sending.
    pub sending: Option<u8>,
    /// A `/disconnect` with it went unanswered within the last 7 minutes.
    pub ambiguous: bool,
    /// It was superseded before a disconnect fenced it.
    pub superseded: bool,
    /// Finch has refused it.
    pub refused: bool,
    /// Whether it waits for its next try.
    pub wait: Wait,
}

/// A token's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// `Active`.
    Active,
    /// `Unverified`.
    Unverified,
    /// `Fenced`.
    Fenced,
    /// `Retired`.
    Retired,
    /// `Superseded`.
    Superseded,
    /// `Revoked`, for Finch refused it.
    Refused,
    /// `Revoked`, for an operator said so.
    Closed,
}

impl Mark {
    /// Handed out now, or perhaps after a look at Finch.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::Unverified)
    }

    /// Without a secret.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Closed)
    }
}

/// Whether a token waits for its next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// It does not.
    No,
    /// It does, and holds no other one up.
    Alone,
    /// It does, and all others with it.
    All,
}

/// A disconnect as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Disconnect {
    /// When it began.
    pub began: Moment,
    /// Who asked.
    pub by: By,
    /// What became of it.
    pub state: Course,
}

/// What became of a disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Course {
    /// It goes on.
    Open,
    /// It has ended.
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

/// The lease of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lease {
    /// It was lost.
    Free,
    /// This instance has it.
    Of(u8),
    /// An instance has it that has died, or that let it run out.
    OfTheDead,
}

/// What an instance works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Driver {
    /// Nothing.
    Idle,
    /// A call that Finch has not acted on.
    Sent(Call),
    /// A call, and its answer, not yet written down.
    Answered(Call, Answer),
}

/// A call to Finch with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// Of which code the token is.
    pub code: u8,
    /// What is called, and for what.
    pub purpose: Purpose,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `/disconnect`.
    Disconnect,
    /// `/introspect`, to prove an end.
    Prove,
    /// `/introspect`, to settle a doubt; and how the connection was when it was asked.
    Settle {
        /// In this generation.
        generation: u8,
        /// With an open disconnect.
        disconnecting: bool,
    },
}

/// What Finch answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Success.
    Success,
    /// 401, the token is invalid.
    Invalid,
    /// 401, for a reason that it does not name.
    Unnamed,
    /// 401, for a known reason that is not the token.
    Odd,
    /// Nothing.
    Lost,
}

impl World {
    /// The token of this code as stored.
    pub fn stored(&self, code: u8) -> Option<&Stored> {
        self.tokens.iter().find(|t| t.code == code)
    }

    /// Whether Finch accepts the token of this code.
    pub fn is_alive(&self, code: u8) -> bool {
        self.codes[usize::from(code)].token == Issued::Alive
    }

    /// The disconnect that has not ended.
    pub fn open(&self) -> Option<&Disconnect> {
        self.disconnects.iter().find(|d| d.state == Course::Open)
    }

    /// Whether a token is live here.
    pub fn lives(&self) -> bool {
        self.tokens.iter().any(|t| t.mark.is_live())
    }

    /// The moment after everything.
    pub fn next(&mut self) -> Moment {
        self.moments().into_iter().map(|moment| *moment).max().unwrap_or(0) + 1
    }

    /// Makes equal what differs in nothing that matters: moments count by their order alone.
    pub fn canonical(mut self) -> Self {
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
