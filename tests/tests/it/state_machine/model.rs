//! What the model knows: Finch's truth, what the application has promised, and in which order things
//! happened. Small numbers name customers, providers and companies; tokens are named by their order of
//! issue, connections by their first token's, and connections of ours by their order of appearance.

use finch_core::testing::Reach;

use super::{expected::Expected, moves::Mode};

/// A place in the order of things.
pub(crate) type Tick = u32;

/// A provider and a company.
pub(crate) type Pair = (u8, u8);

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) reach: Reach,
    pub(crate) mode: Mode,
    pub(crate) tick: Tick,
    /// Whole hours since the beginning.
    pub(crate) hours: u32,
    /// Every token that Finch ever issued.
    pub(crate) tokens: Vec<Token>,
    pub(crate) attempts: Vec<Attempt>,
    /// What we take for one connection each, in the order in which they appeared.
    pub(crate) groups: Vec<Group>,
    pub(crate) plan: Option<Planned>,
    /// What the last move must have come to.
    pub(crate) expected: Expected,
}

/// A token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) pair: Pair,
    pub(crate) credentials: u8,
    /// Under which name Finch knows its connection: that of the first token there.
    pub(crate) name: usize,
    /// Which of a customer's ids at Finch it is of; none: a stranger's.
    pub(crate) finch_customer: Option<FinchCustomer>,
    pub(crate) alive: bool,
    /// What we hold; none: its answer was lost.
    pub(crate) ours: Option<Ours>,
}

/// A customer's id at Finch: the customer, and which of its ids.
pub(crate) type FinchCustomer = (u8, u32);

/// A token as we hold it.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) group: usize,
    /// None: nobody's, kept aside.
    pub(crate) customer: Option<u8>,
    pub(crate) state: State,
    /// When its exchange began.
    pub(crate) began: Tick,
    /// From where its generation counts: its exchange, or when a doubt about it was settled.
    pub(crate) since: Tick,
    pub(crate) needs_reauth: bool,
    /// An operator vouched for its end: Finch may still accept it.
    pub(crate) vouched: bool,
    /// It outlived its generation, whatever became of it since.
    pub(crate) outlived: bool,
}

/// What a token is to its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It may be used.
    Good,
    /// It may be dead; Finch is asked first.
    Doubted,
    /// A disconnect is ending it.
    Closing,
    /// Its customer's access ended; others go on.
    Retired,
    /// It outlived its generation.
    Superseded,
    /// Nobody's.
    Aside,
    /// Over.
    Dead,
}

impl State {
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Good | Self::Doubted)
    }
}

/// One connection of ours.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) provider: u8,
    /// None: Finch has not named it.
    pub(crate) company: Option<u8>,
    pub(crate) ends: Vec<End>,
    /// Whose access ended, and when.
    pub(crate) retired: Vec<(u8, Tick)>,
    /// A disconnect went unanswered less than seven minutes ago.
    pub(crate) late: bool,
    /// It has become part of another one.
    pub(crate) absorbed: bool,
    /// Counts what has changed for sure.
    pub(crate) changes: u32,
    /// Counts what may have been written besides.
    pub(crate) touches: u32,
}

/// A disconnect.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) by: By,
    pub(crate) began: Tick,
    pub(crate) ended: Option<Tick>,
    /// It goes on as the one that began then.
    pub(crate) into: Option<Tick>,
}

/// Who wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Customer(u8),
    Operator,
    Finch,
    Reconciler,
}

/// An attempt to connect.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) customer: u8,
    /// The id at Finch of its session.
    pub(crate) finch_customer: Option<FinchCustomer>,
    /// The connection that it renews, by Finch's name.
    pub(crate) renews: Option<usize>,
    pub(crate) opened: Tick,
    pub(crate) opened_hour: u32,
    /// The person's login behind its code, which was not exchanged yet.
    pub(crate) login: Login,
    pub(crate) used: bool,
    /// Its exchange was begun with another code than its login's.
    pub(crate) other_code: bool,
    /// The token that Finch issued for it, whether we heard of it or not.
    pub(crate) issued: Option<usize>,
    /// In which hour its exchange began.
    pub(crate) hour: u32,
    /// When its exchange began, and what came of it.
    pub(crate) exchange: Option<(Tick, Outcome)>,
    /// Nothing can come of it any more, and the store has forgotten it.
    pub(crate) forgotten: bool,
}

/// Who logged in where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login {
    pub(crate) pair: Pair,
    pub(crate) credentials: u8,
    pub(crate) finch_customer: Option<FinchCustomer>,
}

/// What came of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Stored(usize),
    NotSent,
    Failed,
    Lost,
    /// Was lost, and ends with this token of ours; whether it could take effect no more while that lived.
    Covered(usize, bool),
    /// Was lost, and has ended with something that we held.
    Cleared,
    /// Was lost, and an operator says that nothing is left of it.
    Dismissed,
}

/// A plan that was made, and on what.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) group: usize,
    pub(crate) scope: Option<u8>,
    pub(crate) subject: Subject,
    pub(crate) for_everyone: bool,
    pub(crate) changes: u32,
    pub(crate) touches: u32,
}

/// What is to be disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// By Finch's name.
    Name(usize),
    Token(usize),
}

impl Model {
    pub(crate) fn new(reach: Reach) -> Self {
        Self {
            reach,
            mode: Mode::Up,
            tick: 0,
            hours: 0,
            tokens: Vec::new(),
            attempts: Vec::new(),
            groups: Vec::new(),
            plan: None,
            expected: Expected::Nothing,
        }
    }

    pub(crate) fn now(&mut self) -> Tick {
        self.tick += 1;
        self.tick
    }

    /// What we hold of a token that we hold.
    pub(crate) fn ours(&self, token: usize) -> &Ours {
        self.tokens[token].ours.as_ref().expect("a token that we hold")
    }

    pub(crate) fn ours_mut(&mut self, token: usize) -> &mut Ours {
        self.tokens[token].ours.as_mut().expect("a token that we hold")
    }

    /// The tokens that we hold of one connection, oldest first.
    pub(crate) fn members(&self, group: usize) -> Vec<usize> {
        let of = |t: &Token| t.ours.as_ref().is_some_and(|o| o.group == group);
        (0..self.tokens.len()).filter(|t| of(&self.tokens[*t])).collect()
    }

    /// Of these, a customer's, or all for the operator.
    pub(crate) fn visible(&self, group: usize, scope: Option<u8>) -> Vec<usize> {
        let seen = |t: &usize| scope.is_none() || self.ours(*t).customer == scope;
        self.members(group).into_iter().filter(seen).collect()
    }

    /// Our connection that has a token of this name, of this customer where one asks.
    pub(crate) fn group_named(&self, name: usize, scope: Option<u8>) -> Option<usize> {
        let named = self.tokens.iter().filter(|t| t.name == name).filter_map(|t| t.ours.as_ref());
        named.filter(|o| scope.is_none() || o.customer == scope).map(|o| o.group).next()
    }

    /// The names under which we hold tokens.
    pub(crate) fn names(&self) -> Vec<usize> {
        let held = |n: &usize| self.group_named(*n, None).is_some();
        let mut names: Vec<_> = self.tokens.iter().map(|t| t.name).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(held);
        names
    }
}

impl Group {
    pub(crate) fn open(&self) -> Option<usize> {
        self.ends.iter().position(|e| e.ended.is_none() && e.into.is_none())
    }

    /// The generation at a time.
    pub(crate) fn generation(&self, at: Tick) -> usize {
        self.ends.iter().filter(|e| e.ended.is_some_and(|ended| ended < at)).count()
    }

    /// Whether this customer's access ended after an exchange that began then.
    pub(crate) fn has_retired(&self, customer: Option<u8>, began: Tick) -> bool {
        self.retired.iter().any(|(who, when)| Some(*who) == customer && began < *when)
    }

    /// When a disconnect ended, or the one that it goes on as.
    pub(crate) fn end_of(&self, end: &End) -> Option<Tick> {
        self.root(end).ended
    }

    pub(crate) fn root<'a>(&'a self, end: &'a End) -> &'a End {
        let next = end.into.and_then(|into| self.ends.iter().find(|e| e.began == into));
        next.map_or(end, |next| self.root(next))
    }
}

impl End {
    /// Whether it covers an exchange of this customer that began then.
    pub(crate) fn covers(&self, began: Tick, customer: Option<u8>) -> bool {
        let reaches = match self.by {
            By::Customer(its) => customer.is_none_or(|customer| customer == its),
            By::Operator => true,
            By::Reconciler => customer.is_none(),
            By::Finch => false,
        };
        reaches && began < self.began
    }
}
