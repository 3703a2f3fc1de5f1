//! The tokens that a disconnect has fenced: it ends when each of them is refused, whatever their rows say.

use finch_core::{
    Connection, TokenState,
    decide::{
        AskedAt, Call, Matter, Step, agenda, attention, close, fence, finish, next_step, record,
    },
};
use finch_testkit::at;

use crate::{
    answered, committed, connection, fenced, id, intent, observed, operator, refusal, revoked,
    token,
};

#[test]
fn a_disconnect_lists_what_it_has_fenced() {
    let active = |number| token("acme", "k", 1, number, TokenState::Active);
    let before = connection(vec![active(2), active(3)], Vec::new());
    let after = committed(&before, |draft| fence(draft, intent(operator())));
    assert_eq!(after.disconnects[0].fenced, [id(2), id(3)]);
}

/// Two fenced tokens, of which the second is refused.
fn half_refused() -> Connection {
    let mut found = fenced(&["k", "k"]);
    found.tokens[1].progress.refused = refusal();
    found
}

/// A row was edited, so that its token looks as if it were in use, given up, or dead.
#[test]
fn a_token_whose_row_was_edited_is_still_to_be_refused() {
    for state in [TokenState::Active, TokenState::Retired, TokenState::Quarantined, revoked()] {
        let mut edited = half_refused();
        edited.tokens[0].state = state.clone();
        assert_eq!(next_step(&edited, at(30), None), Step::Call(Call::Disconnect, id(2)));
        assert!(agenda(&edited).due.is_some());
        let refusal = answered(401, "invalid_token");
        let proven = committed(&edited, |draft| {
            record(draft, id(2), Call::Introspect, None, Err(&refusal), at(30), 0.5);
        });
        if state.is_revoked() {
            assert_ne!(next_step(&proven, at(31), None), Step::Finish, "the row proves nothing");
            continue;
        }
        assert_eq!(next_step(&proven, at(31), None), Step::Finish, "{state:?}");
        let open = proven.disconnects[0].id;
        let ended = committed(&proven, |draft| finish(draft, open, at(32)));
        assert!(ended.tokens.iter().all(|token| token.state.is_revoked()));
    }
}

/// A row was deleted: its token may live, and only an operator can end the disconnect.
#[test]
fn a_disconnect_that_lacks_a_token_does_not_end_by_itself() {
    let mut edited = half_refused();
    edited.tokens.remove(0);
    assert!(matches!(next_step(&edited, at(30), None), Step::Wait(_)));
    assert!(agenda(&edited).attention);
    let matters: Vec<_> = attention(&edited).iter().map(|a| (a.matter, a.tokens)).collect();
    assert_eq!(matters, [(Matter::NoReadableToken, 1)]);
    let (open, ops) = (edited.disconnects[0].id, "ops".parse().expect("a name"));
    let closed = committed(&edited, |draft| close(draft, open, &ops, "support says so", at(40)));
    assert!(closed.open_disconnect().is_none());
}

/// Finch has refused a fenced token while it was asked about for another reason.
#[test]
fn a_refusal_outside_of_the_disconnect_counts() {
    let (asked, refusal) = (half_refused(), answered(401, "invalid_token"));
    let (draft, _) = observed(&asked, None, id(2), AskedAt::of(&asked), Err(&refusal));
    assert_eq!(next_step(draft.connection(), at(31), None), Step::Finish);
}
