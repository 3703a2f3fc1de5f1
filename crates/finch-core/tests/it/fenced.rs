//! The tokens that a disconnect has fenced: it ends when each of them is refused, whatever their rows say.

use finch_core::{
    Connection, Draft, Intent, Progress, Refusal, Seq, TokenId, TokenState,
    decide::{Call, Matter, Step, agenda, attention, close, fence, finish, next_step, record},
};
use finch_testkit::at;

use crate::{connection, operator, token};

fn id(number: u64) -> TokenId {
    TokenId(Seq(number))
}

/// What is stored of a decision.
fn committed(connection: &Connection, decide: impl FnOnce(&mut Draft)) -> Connection {
    let mut draft = Draft::of(connection.clone());
    decide(&mut draft);
    let mut after = draft.connection().clone();
    let commit = draft.finish().expect("a commit").numbered(Seq(100));
    for row in commit.disconnects {
        after.disconnects.retain(|disconnect| disconnect.id.0 != Seq::OF_COMMIT);
        after.disconnects.retain(|disconnect| disconnect.id != row.id);
        after.disconnects.push(row);
    }
    after
}

/// Two tokens, fenced by a disconnect.
fn fenced() -> Connection {
    let active = |number| token("acme", "k", 1, number, TokenState::Active);
    let before = connection(vec![active(2), active(3)], Vec::new());
    let intent = Intent { by: operator(), reason: None, at: at(10) };
    committed(&before, |draft| fence(draft, intent))
}

fn refuse(connection: &mut Connection, number: u64) {
    let refused = Some(Refusal { at: at(20), request_id: None });
    let token = connection.tokens.iter_mut().find(|t| t.id == id(number)).expect("the token");
    token.progress = Progress { refused, ..Progress::default() };
}

#[test]
fn a_disconnect_lists_what_it_has_fenced() {
    assert_eq!(fenced().disconnects[0].fenced, [id(2), id(3)]);
}

/// A row was edited, so that its token looks as if it were in use, given up, or dead.
#[test]
fn a_token_whose_row_was_edited_is_still_to_be_refused() {
    let evidence = finch_core::Evidence::Refused { request_id: None };
    for state in [
        TokenState::Active,
        TokenState::Retired,
        TokenState::Quarantined,
        TokenState::Revoked { evidence, at: at(0) },
    ] {
        let mut edited = fenced();
        edited.tokens[0].state = state.clone();
        refuse(&mut edited, 3);
        assert_eq!(next_step(&edited, at(30), None), Step::Call(Call::Disconnect, id(2)));
        assert!(agenda(&edited).due.is_some());
        let answer = finch_core::Answer { status: 401, ..Default::default() };
        let refusal = finch_core::FinchApiError::TokenInvalid(Box::new(answer));
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
    let mut edited = fenced();
    edited.tokens.remove(0);
    refuse(&mut edited, 3);
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
    use finch_core::decide::{AskedAt, Observation, observe};
    let mut asked = fenced();
    refuse(&mut asked, 3);
    let answer = finch_core::Answer { status: 401, ..Default::default() };
    let refusal = finch_core::FinchApiError::TokenInvalid(Box::new(answer));
    let observation = Observation {
        token: id(2),
        asked_at: AskedAt::of(&asked),
        answer: Err(&refusal),
        late: None,
        now: at(30),
        jitter: 0.5,
    };
    let asked = committed(&asked, |draft| {
        observe(draft, None, observation);
    });
    assert_eq!(next_step(&asked, at(31), None), Step::Finish);
}
