//! Settings: who connects, which of its two readings Finch follows, and what may go wrong how often.

use crate::{
    store::connection,
    world::{Attempt, By, Code, Driver, End, Exchange, Issued, Lease, World},
};

/// How far `/disconnect` reaches. Finch's documents disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All tokens of the pair of provider and company.
    Pair,
    /// The tokens of one `connection_id`.
    ConnectionId,
}

/// Which `connection_id` a token is issued under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// The same one for ever.
    Same,
    /// The one that lives, or a new one.
    Fresh,
    /// Each its own.
    Own,
}

/// What a history may hold.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// For people.
    pub name: &'static str,
    /// How far `/disconnect` reaches.
    pub reach: Reach,
    /// Under which `connection_id` tokens come.
    pub ids: Ids,
    /// Whose codes these are. The first is exchanged at the start.
    pub owners: &'static [u8],
    /// Who may ask for a disconnect.
    pub askers: &'static [By],
    /// How often, together.
    pub asks: u8,
    /// How many faults may happen, together.
    pub faults: u8,
    /// How many instances run.
    pub instances: u8,
    /// A fault may be the end of the connection from Finch's dashboard.
    pub outside: bool,
    /// An operator may close an open disconnect.
    pub closes: bool,
    /// After a promise Finch refuses with no more than "Unauthorized".
    pub unnamed: bool,
}

const A: By = By::Customer(0);
const B: By = By::Customer(1);

/// One customer, and all the rest as the others differ from it.
const PLAIN: Setting = Setting {
    name: "one connection_id for ever",
    reach: Reach::Pair,
    ids: Ids::Same,
    owners: &[0, 0, 0],
    askers: &[A],
    asks: 2,
    faults: 1,
    instances: 1,
    outside: false,
    closes: false,
    unnamed: false,
};

/// Two codes, of which one is exchanged at the start; or three.
const TWO: Setting = Setting { owners: &[0, 0], ..PLAIN };
const EACH_ALONE: Setting = Setting { ids: Ids::Own, reach: Reach::ConnectionId, ..PLAIN };

/// For every day: two codes or three, two disconnects, one fault or two. The small ones first.
pub const SMALL: &[Setting] = &[
    Setting { name: "ended outside", outside: true, ..TWO },
    Setting { name: "two customers", owners: &[0, 1], askers: &[A, B, By::Operator], ..PLAIN },
    Setting { name: "two instances", instances: 2, ..TWO },
    Setting {
        name: "two instances, each connection_id ends alone",
        owners: &[0, 0],
        instances: 2,
        asks: 1,
        ..EACH_ALONE
    },
    Setting { name: "two faults", faults: 2, ..TWO },
    Setting {
        name: "two faults, each connection_id ends alone",
        owners: &[0, 0],
        faults: 2,
        ..EACH_ALONE
    },
    Setting { name: "closed by an operator", closes: true, ..TWO },
    Setting { name: "a new connection_id each time", ids: Ids::Fresh, asks: 1, ..PLAIN },
    Setting { name: "each connection_id ends alone, unnamed", unnamed: true, ..EACH_ALONE },
    Setting { name: "a connection_id for each, the pair ends", ids: Ids::Own, ..PLAIN },
    PLAIN,
];

/// For a soak: more of everything.
pub const LARGE: &[Setting] = &[
    Setting { name: "ended outside", outside: true, faults: 3, ..TWO },
    Setting { name: "closed by an operator", closes: true, faults: 3, ..TWO },
    Setting { name: "two customers", owners: &[0, 1, 0], askers: &[A, B, By::Operator], ..PLAIN },
    Setting { name: "two instances", instances: 2, faults: 3, ..TWO },
    Setting {
        name: "two instances, each connection_id ends alone",
        owners: &[0, 0],
        instances: 2,
        faults: 2,
        ..EACH_ALONE
    },
    Setting { name: "three codes and the first one", owners: &[0, 0, 0, 0], asks: 1, ..PLAIN },
    Setting { name: "a new connection_id each time", ids: Ids::Fresh, faults: 2, ..PLAIN },
    Setting {
        name: "each connection_id ends alone, unnamed",
        unnamed: true,
        faults: 2,
        ..EACH_ALONE
    },
    Setting { name: "a connection_id for each, the pair ends", ids: Ids::Own, faults: 2, ..PLAIN },
    Setting { name: "three codes, two faults", faults: 2, ..PLAIN },
];

impl Setting {
    /// How a history begins: one token is stored, and in use.
    pub(crate) fn begin(&self) -> World {
        let code = |owner: &u8| Code {
            owner: *owner,
            attempt: None,
            exchange: Exchange::Idle,
            late: false,
            token: Issued::Not,
            connection_id: 0,
            covered: false,
            outside: false,
        };
        let mut codes: Vec<Code> = self.owners.iter().map(code).collect();
        codes[0].attempt = Some(Attempt { began: 0, end: End::Stored });
        codes[0].token = Issued::Alive;
        World {
            codes,
            connection: connection(self.owners[0]),
            due: false,
            lease: Lease::Free,
            drivers: [Driver::Idle, Driver::Idle],
            late: 0,
            stalled: false,
            asks: self.asks,
            faults: self.faults,
            revived: false,
        }
    }
}
