//! `/introspect` of a live token cut at every byte: it proves nothing, and nothing is revoked.

use finch_app::Unauthorized;
use finch_core::AccessToken;
use finch_tests::{Cut, End, Plan};

use super::{
    count::Count,
    disconnect::PROOF,
    exchange::everywhere,
    net::{Kept, Net, of_path},
};

/// How many bytes a question about a live token and its answer have.
pub(super) async fn lengths() -> (usize, usize) {
    let mut net = Net::start(Kept::InMemory).await;
    let person = net.person();
    let id = net.connect(&person).await.connection_id;
    let secret = AccessToken::new(net.usable(&person, &id).await.unwrap());
    net.proxy.take_passed();
    let finding = net.finch.report_unauthorized(&person.scope, &secret).await.unwrap();
    assert_eq!(finding, Unauthorized::StillAccepted);
    let passed = net.proxy.take_passed();
    let only = of_path(&passed, PROOF);
    assert_eq!(only.len(), 1);
    (only[0].request, only[0].answer)
}

#[tokio::test]
async fn a_question_about_a_live_token_cut_at_every_byte_changes_nothing() {
    let mut count = Count::new("network: introspect");
    let mut net = Net::start(Kept::InMemory).await;
    let person = net.person();
    let id = net.connect(&person).await.connection_id;
    let secret = net.usable(&person, &id).await.unwrap();
    let ask = async |net: &Net| {
        let token = AccessToken::new(&*secret);
        net.finch.report_unauthorized(&person.scope, &token).await.unwrap()
    };
    let lengths = lengths().await;
    for (number, cut) in everywhere(lengths).enumerate() {
        let end = [End::Close, End::Reset, End::HalfClose][number % 3];
        for times in [1, usize::MAX] {
            let plan = Plan { path: PROOF, cut, end, times };
            net.proxy.set(plan);
            match ask(&net).await {
                Unauthorized::StillAccepted => count.figures.hit("still_accepted"),
                Unauthorized::NothingProven { .. } => count.figures.hit("nothing_proven"),
                finding => panic!("{plan:?}: {finding:?}"),
            }
            net.proxy.heal();
            assert_eq!(net.usable(&person, &id).await.as_ref(), Some(&secret), "{plan:?}");
            count.figures.hit(match cut {
                Cut::Request(_) => "request_cut",
                Cut::Answer(_) => "answer_cut",
            });
        }
    }
    let (request, answer) = lengths;
    count.finish(&[
        ("request_cut", 2 * (request + 1)),
        ("answer_cut", 2 * (answer + 1)),
        ("still_accepted", request + answer),
        ("nothing_proven", request + answer),
    ]);
}
