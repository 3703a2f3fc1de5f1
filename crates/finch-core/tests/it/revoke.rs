//! Revoke, until every token is refused: each row of the table of answers.

use std::collections::BTreeSet;

use finch_core::{
    Answer, Connection, FinchApiError, Progress, Timestamp, TokenState,
    decide::{
        Call, Step, agenda, close, fence, finish, lacks_a_readable_token, next_step, record,
        unreadable,
    },
};
use finch_testkit::at;

use crate::{answered, changed, connection, fenced, id, intent, lost, operator, refusal, token};

/// The connection after an answer of Finch's is written down.
fn after(
    connection: &Connection,
    n: u64,
    call: Call,
    answer: Result<(), FinchApiError>,
    now: Timestamp,
) -> Connection {
    let answer = answer.as_ref().map(|()| None);
    changed(connection, |draft| record(draft, id(n), call, None, answer, now, 1.0))
}

/// The same for the first token's `/disconnect`, at 0.
fn disconnected(connection: &Connection, answer: Result<(), FinchApiError>) -> Connection {
    after(connection, 2, Call::Disconnect, answer, at(0))
}

fn refused() -> Result<(), FinchApiError> {
    Err(answered(401, "invalid_token"))
}

fn progress(connection: &Connection, n: u64) -> &Progress {
    &connection.token(id(n)).expect("the token").progress
}

fn seconds_until_next(connection: &Connection, n: u64, now: Timestamp) -> i64 {
    progress(connection, n).next_try.expect("another try").duration_since(now).as_secs()
}

#[test]
fn success_is_a_promise_and_each_token_is_proven() {
    let world = fenced(&["k", "k", "k"]);
    assert_eq!(next_step(&world, at(0), None), Step::Call(Call::Disconnect, id(4)), "the newest");
    let mut world = after(&world, 4, Call::Disconnect, Ok(()), at(0));
    assert!(progress(&world, 4).refused.is_none(), "a 200 is no proof");
    for n in [4, 3, 2] {
        assert_eq!(next_step(&world, at(1), None), Step::Call(Call::Introspect, id(n)));
        world = after(&world, n, Call::Introspect, refused(), at(1));
        assert!(progress(&world, n).refused.is_some());
    }
    assert_eq!(next_step(&world, at(1), None), Step::Finish);
}

#[test]
fn an_unknown_401_proves_only_after_a_promise() {
    let world = fenced(&["k"]);
    let odd = || Err(answered(401, "something_new"));
    let before = disconnected(&world, odd());
    assert!(progress(&before, 2).refused.is_none());
    assert!(agenda(&before).attention);
    let promised = disconnected(&world, Ok(()));
    let proven = after(&promised, 2, Call::Introspect, odd(), at(1));
    assert!(progress(&proven, 2).refused.is_some());
}

#[test]
fn other_401s_never_prove_and_the_other_tokens_go_on() {
    let names = ["reauthenticate_user", "account_setup_required", "invalid_client"];
    for name in names.into_iter().chain(["unauthorized_request", "invalid_request", ""]) {
        let promised = after(&fenced(&["k", "k"]), 3, Call::Disconnect, Ok(()), at(0));
        for (world, call) in [(fenced(&["k", "k"]), Call::Disconnect), (promised, Call::Introspect)]
        {
            let world = after(&world, 3, call, Err(answered(401, name)), at(1));
            assert!(progress(&world, 3).refused.is_none(), "{name}");
            assert!(agenda(&world).attention, "{name}");
            let next = next_step(&world, at(1), None);
            assert!(matches!(next, Step::Call(_, token) if token == id(2)), "{name}");
        }
    }
}

#[test]
fn accepted_after_the_promise_is_asked_again_and_again_and_then_disconnected_once_more() {
    let mut world = disconnected(&fenced(&["k"]), Ok(()));
    let mut now = 0;
    for wait in [1, 2, 4, 8, 16, 32, 60] {
        assert_eq!(next_step(&world, at(now), None), Step::Call(Call::Introspect, id(2)));
        world = after(&world, 2, Call::Introspect, Ok(()), at(now));
        assert_eq!(seconds_until_next(&world, 2, at(now)), wait);
        assert!(agenda(&world).attention, "acknowledged, and not proven");
        assert_eq!(next_step(&world, at(now), None), Step::Wait(at(now + wait)));
        now += wait;
    }
    assert_eq!(next_step(&world, at(now), None), Step::Call(Call::Disconnect, id(2)));
    let world = after(&world, 2, Call::Disconnect, Ok(()), at(now));
    assert_eq!(next_step(&world, at(now), None), Step::Call(Call::Introspect, id(2)));
}

#[test]
fn a_402_waits_an_hour_and_needs_attention() {
    let unpaid = Err(answered(402, "payment_required"));
    let world = after(&fenced(&["k", "k"]), 3, Call::Disconnect, unpaid, at(0));
    assert_eq!(seconds_until_next(&world, 3, at(0)), 3600);
    assert!(agenda(&world).attention);
    assert_eq!(next_step(&world, at(0), None), Step::Wait(at(3600)), "the other token waits too");
}

#[test]
fn a_rejection_waits_a_day_and_needs_attention_at_once() {
    for status in [200, 302, 400, 403, 404, 405, 422] {
        let world = disconnected(&fenced(&["k"]), Err(answered(status, "odd")));
        assert_eq!(seconds_until_next(&world, 2, at(0)), 24 * 3600, "{status}");
        assert!(agenda(&world).attention, "{status}");
    }
}

#[test]
fn what_time_mends_is_tried_again_with_jitter_and_without_end() {
    let garbage =
        FinchApiError::Unreadable { problem: String::new(), answer: Some(Box::default()) };
    let mut errors = vec![(lost(true), true), (lost(false), false), (garbage, true)];
    errors.extend([408, 409, 500, 503].map(|status| (answered(status, "x"), true)));
    errors.extend([425, 429].map(|status| (answered(status, "x"), false)));
    errors.push((answered(503, ""), true));
    for (error, ambiguous) in errors {
        let fails = |world: &Connection, jitter| {
            changed(world, |draft| {
                record(draft, id(2), Call::Disconnect, None, Err(&error), at(0), jitter);
            })
        };
        let mut world = fails(&fenced(&["k"]), 1.0);
        assert!(!agenda(&world).attention, "{error:?}");
        assert_eq!(error.is_ambiguous(), ambiguous, "{error:?}");
        assert_eq!(seconds_until_next(&world, 2, at(0)), 1, "{error:?}");
        let least = fails(&fenced(&["k"]), 0.0);
        let next = progress(&least, 2).next_try.expect("another try");
        assert!(next > at(0) && next < at(1), "shorter by jitter, and never a loop: {error:?}");
        for _ in 0..20 {
            world = fails(&world, 1.0);
        }
        assert_eq!(seconds_until_next(&world, 2, at(0)), 3600, "one hour at most: {error:?}");
    }
}

#[test]
fn retry_after_wins_where_time_mends_and_shortens_nothing_else() {
    for (status, asked, waits) in [
        (429, 90, 90.0),
        (429, 1_000_000, 3600.0),
        (429, 0, 0.1),
        (503, 0, 0.1),
        (402, 0, 3600.0),
        (403, 0, 86400.0),
    ] {
        let retry_after = Some(std::time::Duration::from_secs(asked));
        let error = Answer { status, finch_shaped: true, retry_after, ..Answer::default() };
        let world = disconnected(&fenced(&["k"]), Err(error.into_error()));
        let next = progress(&world, 2).next_try.expect("another try");
        assert_eq!(next.duration_since(at(0)).as_secs_f64(), waits, "{status} {asked}");
    }
}

/// Finch has ended one `connection_id`, or refused one token: the next call is for the other.
#[test]
fn a_promise_settles_one_connection_id_and_a_refusal_one_token() {
    for (names, answer) in [(["k1", "k2"], Ok(())), (["k", "k"], refused())] {
        let world = after(&fenced(&names), 3, Call::Disconnect, answer, at(0));
        assert_eq!(next_step(&world, at(0), None), Step::Call(Call::Disconnect, id(2)));
    }
}

#[test]
fn a_secret_that_cannot_be_read_does_not_stop_the_others() {
    let world = fenced(&["k", "k"]);
    let world = changed(&world, |draft| unreadable(draft, id(3), at(0)));
    assert!(agenda(&world).attention);
    assert_eq!(next_step(&world, at(0), None), Step::Call(Call::Disconnect, id(2)));
    let world = disconnected(&world, Ok(()));
    let world = after(&world, 2, Call::Introspect, refused(), at(0));
    let day = Step::Wait(at(24 * 3600));
    assert_eq!(next_step(&world, at(0), None), day, "never settled without its proof");
    assert!(
        !lacks_a_readable_token(&fenced(&["k"]))
            && !lacks_a_readable_token(&connection(vec![], vec![]))
    );
    let none = changed(&fenced(&["k"]), |draft| unreadable(draft, id(2), at(0)));
    assert!(lacks_a_readable_token(&none), "there is a way out");
}

#[test]
fn a_person_who_asks_does_not_wait_for_the_schedule() {
    let world = disconnected(&fenced(&["k"]), Err(answered(403, "odd")));
    assert_eq!(next_step(&world, at(60), None), Step::Wait(at(24 * 3600)));
    let mut tried = BTreeSet::new();
    assert_eq!(next_step(&world, at(60), Some(&tried)), Step::Call(Call::Disconnect, id(2)));
    tried.insert(id(2));
    let waits = matches!(next_step(&world, at(60), Some(&tried)), Step::Wait(_));
    assert!(waits, "once for one request");
}

#[test]
fn a_token_of_another_pair_is_asked_about_and_never_used_to_disconnect() {
    let mut world = fenced(&["k", "k"]);
    let odd = &mut world.tokens[1];
    odd.customer = None;
    odd.facts.company_id = "another".parse().ok();
    assert_eq!(next_step(&world, at(0), None), Step::Call(Call::Disconnect, id(2)));
    let mut world = disconnected(&world, Ok(()));
    world = after(&world, 2, Call::Introspect, refused(), at(0));
    for _ in 0..7 {
        let now = progress(&world, 3).next_try.unwrap_or(at(0));
        assert_eq!(next_step(&world, now, None), Step::Call(Call::Introspect, id(3)));
        world = after(&world, 3, Call::Introspect, Ok(()), now);
    }
    let now = progress(&world, 3).next_try.expect("tomorrow");
    assert!(agenda(&world).attention);
    assert_eq!(next_step(&world, now, None), Step::Call(Call::Introspect, id(3)), "only asked");
}

#[test]
fn a_quarantined_token_of_the_same_pair_is_used_last() {
    let mut world = fenced(&["k", "k"]);
    world.tokens[1].customer = None;
    assert_eq!(next_step(&world, at(0), None), Step::Call(Call::Disconnect, id(2)));
    let world = disconnected(&world, refused());
    assert_eq!(next_step(&world, at(0), None), Step::Call(Call::Disconnect, id(3)));
}

#[test]
fn the_fence_takes_every_token_that_is_not_revoked() {
    let states = [
        TokenState::Active,
        TokenState::Unverified,
        TokenState::Retired,
        TokenState::Superseded,
        TokenState::Quarantined,
    ];
    let numbered = states.into_iter().zip(2..);
    let world =
        connection(numbered.map(|(state, n)| token("acme", "k", 1, n, state)).collect(), vec![]);
    let world = changed(&world, |draft| fence(draft, intent(operator())));
    assert!(world.tokens.iter().all(|t| t.state == TokenState::Fenced));
}

#[test]
fn finish_writes_the_evidence_of_each_token() {
    let request_id = Some("req-9".parse().expect("an id"));
    let mut said = answered(401, "invalid_token").answer().expect("an answer").clone();
    said.request_id = request_id.clone();
    let said = Err(said.into_error());
    let world = after(&fenced(&["k"]), 2, Call::Disconnect, said, at(7));
    let open = world.open_disconnect().expect("it is open").id;
    let world = changed(&world, |draft| finish(draft, open, at(8)));
    let evidence = finch_core::Evidence::Refused { request_id };
    assert_eq!(world.tokens[0].state, TokenState::Revoked { evidence, at: at(7) });
}

#[test]
fn what_an_operator_closes_may_yet_take_effect() {
    let mut connection = fenced(&["c1", "c2"]);
    connection.tokens[0].progress.refused = refusal();
    let open = connection.open_disconnect().expect("an open one").id;
    let name = "ops".parse().expect("a name");
    let closed = changed(&connection, |draft| close(draft, open, &name, "gone", at(9)));
    assert!(closed.tokens.iter().all(|t| t.state.is_revoked()));
    assert_eq!(closed.tokens[0].progress.ambiguous_at, None);
    assert_eq!(closed.ambiguous_at(), Some(at(9)));
}
