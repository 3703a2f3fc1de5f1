//! What can happen, and how often.

use proptest::prelude::*;

/// How Finch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// 503.
    Busy,
    /// 401 in Finch's shape, with a word that nobody knows.
    Odd,
    /// 402.
    Unpaid,
    /// 401 `reauthenticate_user`.
    Reauth,
    /// 400.
    Rejecting,
    /// 429.
    Limiting,
    /// No connection is made.
    Unreachable,
    /// Nothing is answered, and nothing takes effect.
    Silent,
    /// Everything takes effect, and no answer arrives.
    Mute,
}

pub(crate) const MODES: [Mode; 9] = [
    Mode::Busy,
    Mode::Odd,
    Mode::Unpaid,
    Mode::Reauth,
    Mode::Rejecting,
    Mode::Limiting,
    Mode::Unreachable,
    Mode::Silent,
    Mode::Mute,
];

/// With what an attempt is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// As it should be; again if it was before.
    Right,
    /// By the operator of the application.
    AsOperator,
    OtherCode,
    OtherCustomer,
    /// As it should be, and Finch leaves the employer out of all that it says meanwhile.
    Nameless,
}

/// What is meant: the nth, modulo how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// Of the names under which we hold tokens.
    Name(u8),
    /// Of the tokens that Finch issued.
    Token(u8),
    /// Of the names under which whoever asks has tokens.
    OwnName(u8),
    /// Of the tokens of whoever asks.
    OwnToken(u8),
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// A customer begins, and the person logs in.
    Begin {
        customer: u8,
        pair: (u8, u8),
        credentials: u8,
        stranger: bool,
    },
    /// A customer begins to renew a connection, and the person logs in as before.
    Reauthenticate {
        customer: u8,
        what: What,
    },
    Complete {
        which: u8,
        how: How,
    },
    /// The newest attempt is completed as it should be.
    CompleteNewest {
        nameless: bool,
    },
    /// A data call, for which a product is or isn't granted.
    Use {
        customer: u8,
        what: What,
        granted: bool,
    },
    /// A data call answered 401.
    Report {
        customer: u8,
        what: What,
    },
    Disconnect {
        customer: u8,
        what: What,
    },
    DisconnectAll {
        customer: u8,
    },
    OperatorDisconnects {
        what: What,
        for_everyone: bool,
    },
    /// A dry run; its plan is kept.
    Plan {
        scope: Option<u8>,
        what: What,
        for_everyone: bool,
    },
    /// The plan that was kept.
    CarryOut,
    Close {
        which: u8,
    },
    Dismiss {
        which: u8,
    },
    EndFromDashboard {
        which: u8,
    },
    Becomes(Mode),
    Reconcile,
    AnHour,
    ADay,
    /// The process ends, and another one begins.
    Reopen,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        1 => (0_u8..8).prop_map(What::Name),
        1 => (0_u8..12).prop_map(What::Token),
        4 => (0_u8..8).prop_map(What::OwnName),
        3 => (0_u8..8).prop_map(What::OwnToken),
    ]
}

fn begin() -> impl Strategy<Value = Move> {
    // Mostly at one place, so that customers meet.
    let pair = prop_oneof![2 => Just((0, 0)), 1 => (0_u8..2, 0_u8..2)];
    (0_u8..3, pair, 0_u8..2, prop::bool::weighted(0.03)).prop_map(
        |(customer, pair, credentials, stranger)| Move::Begin {
            customer,
            pair,
            credentials,
            stranger,
        },
    )
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        6 => Just(How::Right),
        1 => Just(How::AsOperator),
        1 => Just(How::OtherCode),
        1 => Just(How::OtherCustomer),
        2 => Just(How::Nameless),
    ]
}

/// Any of them. Finch is up again sooner than it goes down.
pub(crate) fn moves(mode: Mode) -> BoxedStrategy<Move> {
    let up = if mode == Mode::Up { 0 } else { 10 };
    let down = if mode == Mode::Up { 7 } else { 1 };
    let mode = prop_oneof![
        up => Just(Move::Becomes(Mode::Up)),
        down => prop::sample::select(&MODES[..]).prop_map(Move::Becomes),
    ];
    let others = prop_oneof![
        3 => (0_u8..3, what()).prop_map(|(customer, what)| Move::Reauthenticate { customer, what }),
        6 => (any::<u8>(), how()).prop_map(|(which, how)| Move::Complete { which, how }),
        2 => (0_u8..3, what(), any::<bool>())
            .prop_map(|(customer, what, granted)| Move::Use { customer, what, granted }),
        3 => (0_u8..3, what()).prop_map(|(customer, what)| Move::Report { customer, what }),
        8 => (0_u8..3, what()).prop_map(|(customer, what)| Move::Disconnect { customer, what }),
        1 => (0_u8..3).prop_map(|customer| Move::DisconnectAll { customer }),
        3 => (what(), any::<bool>())
            .prop_map(|(what, for_everyone)| Move::OperatorDisconnects { what, for_everyone }),
        2 => (prop::option::of(0_u8..3), what(), any::<bool>())
            .prop_map(|(scope, what, for_everyone)| Move::Plan { scope, what, for_everyone }),
        2 => Just(Move::CarryOut),
        1 => (0_u8..8).prop_map(|which| Move::Close { which }),
        1 => any::<u8>().prop_map(|which| Move::Dismiss { which }),
        2 => (0_u8..8).prop_map(|which| Move::EndFromDashboard { which }),
        5 => Just(Move::Reconcile),
        2 => Just(Move::AnHour),
        1 => Just(Move::Reopen),
    ];
    prop_oneof![
        14 => begin(),
        12 => prop::bool::weighted(0.25).prop_map(|nameless| Move::CompleteNewest { nameless }),
        up + down => mode,
        40 => others,
        1 => Just(Move::ADay),
    ]
    .boxed()
}
