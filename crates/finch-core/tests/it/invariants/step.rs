//! What can happen in a history.

use proptest::prelude::*;

use super::finch::{Place, Setting};

/// One thing that happens. Small numbers name customers and, counted from the newest, the requests, tokens
/// and connections that there are by then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A customer logs in, and the exchange of its code is sent.
    Connect { who: u8, place: Place, twist: Twist },
    /// The same, to renew one of the customer's connections.
    Renew { who: u8, token: u8, twist: Twist },
    /// A customer has one of its tokens asked about.
    Ask { who: u8, token: u8 },
    /// A customer disconnects the connection of one of its tokens.
    Disconnect { who: u8, token: u8 },
    /// An operator disconnects a connection for every customer.
    DisconnectForEveryone { connection: u8 },
    /// An operator closes the open disconnect of a connection.
    Close { connection: u8 },
    /// The next call that a connection needs is sent, or its disconnect is finished or begun.
    Work { connection: u8 },
    /// Finch acts on a request, which may be one that is given up here.
    Act { request: u8 },
    /// The answer to a request arrives; Finch acts first, if it has not.
    Answer { request: u8, how: How },
    /// The answer to a request is lost; Finch may act later.
    Lose { request: u8 },
    /// The process that waits for an answer dies.
    Crash { request: u8 },
    /// A token's connection is ended in Finch's dashboard.
    EndAtFinch { token: u8 },
    /// One pass over the lost exchanges.
    Review,
    /// Minutes pass.
    Wait { minutes: u8 },
}

/// What Finch does with a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    /// The company is left out so often.
    Nameless(u8),
    /// Another company is named under the same `connection_id` (R5).
    OtherCompany,
    /// No customer id is named.
    NoCustomer,
    /// Another customer id is named.
    OtherCustomer,
    /// The newest token is issued again.
    SameToken,
}

/// How Finch answers where it has not acted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Truly,
    /// With this error.
    Failing(u8),
    /// Success to `/disconnect`, which takes effect later or never.
    Lying,
}

/// A Finch, and what happens.
pub(super) type History = (Setting, Vec<Step>);

/// Histories of up to 15 turns, each of one step or a few that belong together.
pub(super) fn histories() -> impl Strategy<Value = History> {
    let setting = (any::<bool>(), any::<bool>(), any::<bool>());
    let setting = setting.prop_map(|(reaches_pair, keeps_ids, names_refusals)| Setting {
        reaches_pair,
        keeps_ids,
        names_refusals,
    });
    let turns = prop::collection::vec(turn(), 1..16);
    (setting, turns).prop_map(|(setting, turns)| (setting, turns.concat()))
}

fn turn() -> impl Strategy<Value = Vec<Step>> {
    let (who, small) = (|| 0..3_u8, || 0..4_u8);
    let truly = Step::Answer { request: 0, how: How::Truly };
    // A request, and perhaps its answer at once.
    let sent = move |step, is_answered| {
        if is_answered { vec![step, truly] } else { vec![step] }
    };
    let likely = || prop::bool::weighted(0.7);
    prop_oneof![
        8 => (who(), place(), twist(), likely()).prop_map(move |(who, place, twist, answered)| {
            sent(Step::Connect { who, place, twist }, answered)
        }),
        // A lost exchange, and the same once more.
        2 => (who(), place()).prop_map(move |(who, place)| {
            let connect = Step::Connect { who, place, twist: Twist::None };
            vec![connect, Step::Lose { request: 0 }, connect, truly]
        }),
        // A contradiction (R5), and a disconnect that asks about it again and again.
        1 => (who(), place()).prop_map(move |(who, place)| {
            let connect = |twist| Step::Connect { who, place, twist };
            let odd = [connect(Twist::None), truly, connect(Twist::OtherCompany), truly];
            let ends = [Step::Work { connection: 0 }, truly].repeat(12);
            [&odd[..], &[Step::DisconnectForEveryone { connection: 0 }], &ends].concat()
        }),
        2 => (who(), small(), twist(), likely()).prop_map(move |(who, token, twist, answered)| {
            sent(Step::Renew { who, token, twist }, answered)
        }),
        2 => (who(), small(), likely()).prop_map(move |(who, token, answered)| {
            sent(Step::Ask { who, token }, answered)
        }),
        4 => (who(), small()).prop_map(|(who, token)| vec![Step::Disconnect { who, token }]),
        1 => small().prop_map(|connection| vec![Step::DisconnectForEveryone { connection }]),
        1 => small().prop_map(|connection| vec![Step::Close { connection }]),
        2 => small().prop_map(|connection| vec![Step::Work { connection }]),
        // A connection is worked on; one answer is perhaps no true one.
        5 => (small(), 1..14_usize, 0..14_usize, how()).prop_map(|(connection, calls, odd, how)| {
            let answer = |call| if call == odd { how } else { How::Truly };
            let call = |n| [Step::Work { connection }, Step::Answer { request: 0, how: answer(n) }];
            (0..calls).flat_map(call).collect()
        }),
        3 => small().prop_map(|request| vec![Step::Act { request }]),
        3 => (small(), how()).prop_map(|(request, how)| vec![Step::Answer { request, how }]),
        2 => small().prop_map(|request| vec![Step::Lose { request }]),
        1 => small().prop_map(|request| vec![Step::Crash { request }]),
        1 => small().prop_map(|token| vec![Step::EndAtFinch { token }]),
        2 => Just(vec![Step::Review]),
        3 => (1..12_u8).prop_map(|minutes| vec![Step::Wait { minutes }]),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    (0..2_u8, 0..2_u8, 0..2_u8).prop_map(|(provider, company, credentials)| Place {
        provider,
        company,
        credentials,
    })
}

fn twist() -> impl Strategy<Value = Twist> {
    prop_oneof![
        8 => Just(Twist::None),
        3 => (1..3_u8).prop_map(Twist::Nameless),
        2 => Just(Twist::OtherCompany),
        1 => Just(Twist::NoCustomer),
        1 => Just(Twist::OtherCustomer),
        1 => Just(Twist::SameToken),
    ]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        3 => Just(How::Truly),
        2 => (0..8_u8).prop_map(How::Failing),
        1 => Just(How::Lying),
    ]
}
