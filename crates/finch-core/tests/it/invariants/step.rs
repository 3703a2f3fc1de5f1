//! What can happen in a history.

use proptest::prelude::*;

use super::finch::{Place, Setting};

/// One thing that happens. The numbers name customers and, counted from the newest, the requests, tokens
/// and connections that there are by then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A customer logs in, and the exchange of its code is sent.
    Connect(u8, Place, Twist),
    /// The same, to renew the connection of one of the customer's tokens.
    Renew(u8, u8, Twist),
    /// A customer has one of its tokens asked about.
    Ask(u8, u8),
    /// A customer disconnects the connection of one of its tokens.
    Disconnect(u8, u8),
    /// An operator disconnects a connection for every customer.
    DisconnectForEveryone(u8),
    /// An operator closes the open disconnect of a connection.
    Close(u8),
    /// The next call that a connection needs is sent, or its disconnect is finished or begun.
    Work(u8),
    /// Finch acts on a request, which may be one that is given up here.
    Act(u8),
    /// The answer to a request arrives; Finch acts first, if it has not.
    Answer(u8, How),
    /// The answer to a request is lost; Finch may act later.
    Lose(u8),
    /// The process that waits for an answer dies.
    Crash(u8),
    /// A token's connection is ended in Finch's dashboard.
    EndAtFinch(u8),
    /// One pass over the lost exchanges.
    Review,
    /// Minutes pass.
    Wait(u8),
}

/// What Finch does with a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    /// The company is left out so often.
    Nameless(u8),
    /// Another company is named under the same `connection_id` (R5).
    OtherCompany,
    NoCustomer,
    OtherCustomer,
    /// The newest token is issued again.
    SameToken,
}

/// How Finch answers where it has not acted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Truly,
    /// With an error of this status and name.
    Failing(u16, &'static str),
    /// Success to `/disconnect`, which takes effect later or never.
    Lying,
    Lost,
}

/// A Finch, and what happens.
pub(super) type History = (Setting, Vec<Step>);

/// Histories of up to 15 turns, each of one step or a few that belong together.
pub(super) fn histories() -> impl Strategy<Value = History> {
    let setting = any::<[bool; 3]>().prop_map(|[reaches_pair, keeps_ids, names_refusals]| {
        Setting { reaches_pair, keeps_ids, names_refusals }
    });
    (setting, prop::collection::vec(turn(), 1..16).prop_map(|turns| turns.concat()))
}

fn turn() -> impl Strategy<Value = Vec<Step>> {
    let (who, small) = (|| 0..3_u8, || 0..4_u8);
    let truly = Step::Answer(0, How::Truly);
    let sent = prop_oneof![
        8 => (who(), place(), twist()).prop_map(|(who, place, twist)| Step::Connect(who, place, twist)),
        2 => (who(), small(), twist()).prop_map(|(who, token, twist)| Step::Renew(who, token, twist)),
        2 => (who(), small()).prop_map(|(who, token)| Step::Ask(who, token)),
    ];
    let alone = prop_oneof![
        4 => (who(), small()).prop_map(|(who, token)| Step::Disconnect(who, token)),
        1 => small().prop_map(Step::DisconnectForEveryone),
        1 => small().prop_map(Step::Close),
        2 => small().prop_map(Step::Work),
        3 => small().prop_map(Step::Act),
        3 => (small(), how()).prop_map(|(request, how)| Step::Answer(request, how)),
        2 => small().prop_map(Step::Lose),
        1 => small().prop_map(Step::Crash),
        1 => small().prop_map(Step::EndAtFinch),
        2 => Just(Step::Review),
        3 => (1..12_u8).prop_map(Step::Wait),
    ];
    prop_oneof![
        12 => (sent, prop::bool::weighted(0.7)).prop_map(move |(step, is_answered)| {
            if is_answered { vec![step, truly] } else { vec![step] }
        }),
        23 => alone.prop_map(|step| vec![step]),
        // A lost exchange, and the same once more.
        2 => (who(), place()).prop_map(move |(who, place)| {
            let connect = Step::Connect(who, place, Twist::None);
            vec![connect, Step::Lose(0), connect, truly]
        }),
        // A contradiction (R5), and a disconnect that asks about it again and again.
        1 => (who(), place()).prop_map(move |(who, place)| {
            let connect = |twist| Step::Connect(who, place, twist);
            let odd = [connect(Twist::None), truly, connect(Twist::OtherCompany), truly];
            let ends = [Step::Work(0), truly].repeat(12);
            [&odd[..], &[Step::DisconnectForEveryone(0)], &ends].concat()
        }),
        // A connection is worked on; one answer is perhaps not the true one.
        5 => (small(), 1..14_usize, 0..14_usize, how()).prop_map(|(connection, calls, odd, how)| {
            let answer = |call| if call == odd { how } else { How::Truly };
            let call = |n| [Step::Work(connection), Step::Answer(0, answer(n))];
            (0..calls).flat_map(call).collect()
        }),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    [0..2_u8, 0..2_u8, 0..2_u8].prop_map(|[provider, company, credentials]| Place {
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
    let failing = prop::sample::select(&[
        How::Failing(401, "new_word"),
        How::Failing(401, "reauthenticate_user"),
        How::Failing(401, "account_setup_required"),
        How::Failing(401, ""),
        How::Failing(402, "payment_required"),
        How::Failing(429, ""),
        How::Failing(403, "forbidden"),
        How::Lost,
    ]);
    prop_oneof![3 => Just(How::Truly), 2 => failing, 1 => Just(How::Lying)]
}
