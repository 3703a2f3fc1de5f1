//! `/auth/token` cut at every byte: a code goes out once, and no token is lost.

use finch_app::CompleteConnectError;
use finch_core::TokenState;
use finch_testkit::Figures;
use finch_tests::{Cut, End, Plan};

use super::{
    count::Count,
    net::{Kept, Net, PEOPLE, Person, of_path},
};

pub(super) const PATH: &str = "/auth/token";

/// How many bytes a request and its answer have.
pub(super) async fn lengths() -> (usize, usize) {
    let mut net = Net::start(Kept::InMemory).await;
    let person = net.person();
    net.connect(&person).await;
    let passed = net.proxy.take_passed();
    let only = of_path(&passed, PATH);
    assert_eq!(only.len(), 1);
    (only[0].request, only[0].answer)
}

/// Every place where a request of so many bytes, or its answer, can be cut; and the answer at its end,
/// where nothing is.
pub(super) fn everywhere((request, answer): (usize, usize)) -> impl Iterator<Item = Cut> {
    (0..=request).map(Cut::Request).chain((0..=answer).map(Cut::Answer))
}

/// One exchange that is cut, and what must be true then.
pub(super) async fn cut_exchange(net: &mut Net, plan: Plan, figures: &mut Figures) -> Person {
    let person = net.person();
    let (state, code) = net.log_in(&person).await;
    net.proxy.take_passed();
    net.proxy.set(plan);
    let finch = if plan.end == End::Silence { &net.hasty } else { &net.finch };
    let what = format!("{plan:?}");
    let first = finch.complete_connect(&person.scope, state.clone(), code.clone()).await;
    net.proxy.heal();
    check(net, &person, &first, &what, figures).await;
    // The same callback again sends nothing, and says the same.
    let again = net.finch.complete_connect(&person.scope, state, code).await;
    match (&first, &again) {
        (Ok(first), Ok(again)) => assert_eq!(first, again, "{what}"),
        (Err(first), Err(again)) => {
            assert_eq!(std::mem::discriminant(first), std::mem::discriminant(again), "{what}")
        }
        _ => panic!("{what}: {first:?}, then {again:?}"),
    }
    let passed = net.proxy.take_passed();
    assert_eq!(of_path(&passed, PATH).len(), 1, "{what}: a code went out twice");
    person
}

async fn check(
    net: &Net,
    person: &Person,
    done: &Result<finch_app::CompletedConnect, CompleteConnectError>,
    what: &str,
    figures: &mut Figures,
) {
    let issued = net.issued(person);
    assert!(issued.len() <= 1, "{what}");
    match (done, issued.first()) {
        (Ok(connected), Some(token)) => {
            assert_eq!(connected.token_state, TokenState::Active, "{what}");
            let usable = net.usable(person, &connected.connection_id).await;
            assert_eq!(usable.as_ref(), Some(&token.secret), "{what}");
            figures.hit("exchanged");
        }
        (Err(CompleteConnectError::Unknown(_)), issued) => {
            assert_eq!(net.possible_orphans(person).await, 1, "{what}");
            figures.hit(if issued.is_some() {
                "lost_with_a_token"
            } else {
                "lost_without_a_token"
            });
        }
        (done, issued) => panic!("{what}: {done:?}, and Finch issued {issued:?}"),
    }
    net.assert_nothing_wiped_that_lives(person, what).await;
}

/// The way out that the list of orphans tells: connect again, and disconnect.
pub(super) async fn assert_recovers(net: &Net, person: &Person, what: &str) {
    let connected = net.connect(person).await;
    let outcome = net.finch.disconnect(&person.scope, connected.connection_id).await.unwrap();
    assert!(
        matches!(outcome, finch_app::DisconnectOutcome::Disconnected { .. }),
        "{what}: {outcome:?}"
    );
    let issued = net.issued(person);
    assert!(!issued.is_empty() && issued.iter().all(|token| !token.is_alive()), "{what}");
    if issued.len() == 2 {
        assert_eq!(net.possible_orphans(person).await, 0, "{what}");
    }
}

#[tokio::test]
async fn an_exchange_cut_at_every_byte_loses_no_token() {
    let mut count = Count::new("network: exchange");
    let lengths = lengths().await;
    let mut net = Net::start(Kept::InMemory).await;
    for (number, cut) in everywhere(lengths).enumerate() {
        if net.people >= PEOPLE {
            let kept = if number % 3 == 0 { Kept::InSqlite } else { Kept::InMemory };
            net = Net::start(kept).await;
        }
        let mut ends = vec![[End::Close, End::Reset, End::HalfClose][number % 3]];
        if number % 64 == 0 {
            ends.push(End::Silence);
        }
        for end in ends {
            let plan = Plan { path: PATH, cut, end, times: usize::MAX };
            let person = cut_exchange(&mut net, plan, &mut count.figures).await;
            assert_recovers(&net, &person, &format!("{plan:?}")).await;
            count.figures.hit(match cut {
                Cut::Request(_) => "request_cut",
                Cut::Answer(_) => "answer_cut",
            });
        }
    }
    let (request, answer) = lengths;
    count.finish(&[
        ("request_cut", request + 1),
        ("answer_cut", answer + 1),
        ("exchanged", 1),
        ("lost_with_a_token", answer),
        ("lost_without_a_token", request),
    ]);
}
