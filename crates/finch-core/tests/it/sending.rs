//! The sending mark: what may have gone out when a process dies, or loses its lease.

use finch_core::{
    Connection, FinchApiError, Seq, TokenState,
    decide::{Call, fence, finish, lost_calls, record, send},
};
use finch_testkit::at;

use crate::{
    operator,
    revoke::{after, changed, fenced, id},
};

/// `/disconnect` is marked as sending, in the commit of this number.
fn sending(connection: &Connection, n: u64, number: u64) -> Connection {
    let mut sending = changed(connection, |draft| send(draft, id(n)));
    assert_eq!(sending.tokens[0].progress.sending, Some(Seq::OF_COMMIT));
    sending.tokens[0].progress.sending = Some(Seq(number));
    sending
}

#[test]
fn only_the_answer_to_the_very_call_clears_its_mark() {
    let marked = sending(&fenced(&["c1"]), 2, 200);
    let lost = || FinchApiError::NoAnswer { problem: "lost".into(), sent: true };
    let answered = |mark: u64, answer: Result<(), FinchApiError>| {
        let answer = answer.as_ref().map(|()| None);
        changed(&marked, |draft| {
            record(draft, id(2), Call::Disconnect, Some(Seq(mark)), answer, at(9), 1.0);
        })
    };
    let of = |connection: Connection| {
        let progress = connection.tokens[0].progress.clone();
        (progress.sending, progress.acknowledged, progress.ambiguous_at)
    };
    assert_eq!(of(answered(200, Ok(()))), (None, Some(at(9)), None));
    assert_eq!(
        of(answered(200, Err(lost()))),
        (None, None, Some(at(9))),
        "at the time of the loss"
    );
    let (mark, promise, ambiguous) = of(answered(199, Ok(())));
    assert_eq!(
        (mark, promise, ambiguous),
        (Some(Seq(200)), Some(at(9)), None),
        "another call's answer"
    );
    let asked = after(&marked, 2, Call::Introspect, Ok(()), at(9));
    assert_eq!(asked.tokens[0].progress.sending, Some(Seq(200)), "/introspect has no mark");
}

#[test]
fn a_mark_that_is_found_is_a_call_that_may_take_effect_from_now_on() {
    let marked = sending(&fenced(&["c1", "c2"]), 2, 200);
    let mut found = false;
    let noted = changed(&marked, |draft| found = lost_calls(draft, at(50)));
    assert!(found);
    let of = |n: usize| (noted.tokens[n].progress.sending, noted.tokens[n].progress.ambiguous_at);
    assert_eq!((of(0), of(1)), ((None, Some(at(50))), (None, None)), "of no other token");
    changed(&noted, |draft| found = lost_calls(draft, at(60)));
    assert!(!found, "once");
    let mut proven = marked;
    for token in &mut proven.tokens {
        token.progress.refused = Some(finch_core::Refusal { at: at(1), request_id: None });
    }
    let open = proven.open_disconnect().expect("an open one").id;
    let ended = changed(&proven, |draft| finish(draft, open, at(70)));
    assert_eq!(ended.ambiguous_at(), Some(at(70)), "a finish over a mark");
}

#[test]
fn a_mark_stays_through_another_fence() {
    let mut marked = sending(&fenced(&["c1"]), 2, 200);
    marked.tokens[0].state = TokenState::Retired;
    let intent = finch_core::Intent { by: operator(), reason: None, at: at(3) };
    let again = changed(&marked, |draft| fence(draft, intent));
    assert_eq!(again.tokens[0].progress.sending, Some(Seq(200)));
}
