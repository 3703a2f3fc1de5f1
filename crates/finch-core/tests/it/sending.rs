//! The sending mark: what may have gone out when a process dies, or loses its lease.

use finch_core::{
    Connection, FinchApiError, Seq, TokenState,
    decide::{Call, close, fence, finish, lost_calls, record, send},
};
use finch_testkit::at;

use crate::{changed, fenced, id, intent, lost, operator, refusal};

/// `/disconnect` with the first token is marked as sending, in the commit 200.
fn sending(names: &[&str]) -> Connection {
    let mut sending = changed(&fenced(names), |draft| assert!(send(draft, id(2))));
    assert_eq!(sending.tokens[0].progress.sending, Some(Seq::OF_COMMIT));
    sending.tokens[0].progress.sending = Some(Seq(200));
    sending
}

/// Each row: the call and its mark, what Finch says, and then the mark, the acknowledgement and the doubt.
#[test]
fn only_the_answer_to_the_very_call_clears_its_mark() {
    let marked = sending(&["c1"]);
    let ok = || Ok::<(), FinchApiError>(());
    let (mark, now) = (Some(Seq(200)), Some(at(9)));
    for (what, call, sent, said, expected) in [
        ("success", Call::Disconnect, mark, ok(), (None, now, None)),
        ("at the time of the loss", Call::Disconnect, mark, Err(lost(true)), (None, None, now)),
        ("another call's answer", Call::Disconnect, Some(Seq(199)), ok(), (mark, now, None)),
        ("/introspect has no mark", Call::Introspect, None, ok(), (mark, None, None)),
    ] {
        let after = changed(&marked, |draft| {
            record(draft, id(2), call, sent, said.as_ref().map(|()| None), at(9), 1.0);
        });
        let progress = &after.tokens[0].progress;
        let found = (progress.sending, progress.acknowledged, progress.ambiguous_at);
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_mark_that_is_found_is_a_call_that_may_take_effect_from_now_on() {
    let marked = sending(&["c1", "c2"]);
    let mut found = false;
    let noted = changed(&marked, |draft| found = lost_calls(draft, at(50)));
    assert!(found);
    let of = |n: usize| (noted.tokens[n].progress.sending, noted.tokens[n].progress.ambiguous_at);
    assert_eq!((of(0), of(1)), ((None, Some(at(50))), (None, None)), "of no other token");
    changed(&noted, |draft| found = lost_calls(draft, at(60)));
    assert!(!found, "once");
    let mut proven = marked;
    proven.tokens.iter_mut().for_each(|token| token.progress.refused = refusal());
    let open = proven.open_disconnect().expect("an open one").id;
    let ended = changed(&proven, |draft| finish(draft, open, at(70)));
    assert_eq!(ended.ambiguous_at(), Some(at(70)), "a finish over a mark");
}

#[test]
fn only_a_token_that_waits_for_its_proof_may_be_sent() {
    let fenced = fenced(&["c1"]);
    let mut proven = fenced.clone();
    proven.tokens[0].progress.refused = refusal();
    let open = fenced.open_disconnect().expect("an open one").id;
    let closed = changed(&fenced, |draft| {
        close(draft, open, &"ops".parse().expect("a name"), "ticket", at(9));
    });
    for (what, connection) in [("refused", proven), ("closed by an operator", closed)] {
        let same = changed(&connection, |draft| assert!(!send(draft, id(2)), "{what}"));
        assert_eq!(same.tokens[0].progress.sending, None, "{what}");
    }
}

#[test]
fn a_mark_stays_through_another_fence() {
    let mut marked = sending(&["c1"]);
    marked.tokens[0].state = TokenState::Retired;
    let again = changed(&marked, |draft| fence(draft, intent(operator())));
    assert_eq!(again.tokens[0].progress.sending, Some(Seq(200)));
}
