//! What a webhook leaves to ask.

use std::time::Duration;

use finch_core::{
    Actor, Answer, Connection, Draft, FinchApiError, Intent, Question, Seq, TokenState,
    WebhookEvent,
    decide::{
        Matter, agenda, answered, ask, attention, fence, is_away, observe, speaks_of_health,
        time_mends, unanswered,
    },
};
use finch_testkit::{at, webhook};

use crate::{
    connection,
    revoke::{changed, id},
    token,
};

#[test]
fn what_speaks_of_a_connections_health_is_a_reason_to_ask() {
    let ended = webhook("e", "k", "disconnected");
    let company = WebhookEvent { company_id: "c".parse().ok(), ..ended.clone() };
    for event in [
        webhook("e", "k", "connected"),
        webhook("e", "k", "error_new"),
        webhook("e", "k", ""),
        company.clone(),
        WebhookEvent { connection_id: None, ..company },
        WebhookEvent { status: None, ..ended.clone() },
        WebhookEvent { event_type: "account.updated.v2".into(), ..ended.clone() },
    ] {
        assert!(speaks_of_health(&event), "{event:?}");
    }
    for event in [
        WebhookEvent { connection_id: None, company_id: None, ..ended.clone() },
        WebhookEvent { event_type: "job.completed".into(), status: None, ..ended },
    ] {
        assert!(!speaks_of_health(&event), "{event:?}");
    }
}

/// A connection with a question of the commit 77.
fn asked() -> Connection {
    let mut found = connection(vec![token("acme", "k", 1, 2, TokenState::Active)], vec![]);
    found.question = Some(Question { number: Seq(77), failures: 0, next_try: None });
    found
}

#[test]
fn a_question_is_work_until_it_is_answered() {
    let fresh = connection(vec![token("acme", "k", 1, 2, TokenState::Active)], vec![]);
    let now = changed(&fresh, ask);
    assert!(now.question.is_some());
    assert_eq!(agenda(&now).question, Some(finch_core::Timestamp::UNIX_EPOCH), "at once");
    assert_eq!(agenda(&now).due, None, "it is no other work");
    let done = changed(&asked(), |draft| answered(draft, Seq(77), &[], at(9)));
    assert_eq!((done.question, agenda(&done).question), (None, None));
    let newer = changed(&asked(), |draft| answered(draft, Seq(76), &[], at(9)));
    assert_eq!(newer.question, asked().question, "a newer webhook is not answered");
}

#[test]
fn a_question_that_finch_cannot_answer_waits_longer_and_longer() {
    let lost = FinchApiError::NoAnswer { problem: "lost".into(), sent: true };
    let waits = |found: &Connection| {
        changed(found, |draft| unanswered(draft, Seq(77), &lost, at(100), 1.0))
    };
    let mut found = asked();
    for (failures, seconds) in [(1, 1), (2, 2), (3, 4)] {
        found = waits(&found);
        let next_try = Some(at(100 + seconds));
        assert_eq!(found.question, Some(Question { number: Seq(77), failures, next_try }));
        assert_eq!(agenda(&found).question, next_try);
    }
    let other = changed(&found, |draft| unanswered(draft, Seq(76), &lost, at(100), 1.0));
    assert_eq!(other.question, found.question, "another question's failure");
}

/// As a store keeps it after a decision.
fn committed(before: &Connection, decide: impl FnOnce(&mut Draft)) -> Connection {
    let mut draft = Draft::of(before.clone());
    decide(&mut draft);
    let Some(commit) = draft.finish() else { return before.clone() };
    commit.numbered(Seq(78)).applied_to(Some(before.clone())).expect("a connection")
}

#[test]
fn a_disconnect_and_an_end_drop_the_question() {
    let intent = Intent { by: Actor::Reconciler, reason: None, at: at(3) };
    let fenced = committed(&asked(), |draft| fence(draft, intent));
    assert_eq!(fenced.question, None, "the disconnect asks by itself");
    assert_eq!(committed(&fenced, ask).question, None);
    let mut retired = asked();
    retired.tokens[0].state = TokenState::Retired;
    assert_eq!(committed(&retired, ask).question, None, "nothing lives");
    let number = committed(&asked(), ask).question.map(|question| question.number);
    assert_eq!(number, Some(Seq(78)), "the number of its commit");
}

#[test]
fn of_two_questions_of_what_becomes_one_connection_the_newer_stays() {
    let mut nameless = asked();
    nameless.company = None;
    let mut pair = connection(vec![token("acme", "k2", 3, 4, TokenState::Active)], vec![]);
    pair.key = finch_core::ConnectionKey(Seq(3));
    for (number, kept) in [(76, 77), (78, 78)] {
        let question = Question { number: Seq(number), failures: 5, next_try: None };
        pair.question = Some(question);
        let said = finch_core::Introspection {
            facts: finch_core::PartialFacts { company_id: "c".parse().ok(), ..Default::default() },
            ..Default::default()
        };
        let mut draft = Draft::of(nameless.clone());
        let asked_at = finch_core::decide::AskedAt::of(&nameless);
        let observation = finch_core::decide::Observation {
            token: id(2),
            asked_at,
            answer: Ok(&said),
            late: None,
            now: at(9),
            jitter: 0.0,
        };
        observe(&mut draft, Some(&pair), observation);
        let one = draft.connection();
        assert_eq!((one.tokens.len(), one.question.map(|q| q.number)), (2, Some(Seq(kept))));
    }
}

#[test]
fn what_time_does_not_mend_ends_the_question_with_attention() {
    let odd = [(id(2), answer(401, "something_new"))];
    let done = changed(&asked(), |draft| answered(draft, Seq(77), &odd, at(9)));
    assert_eq!(done.question, None);
    let found = attention(&done);
    assert_eq!(found.iter().map(|a| a.matter).collect::<Vec<_>>(), [Matter::InDoubt]);
    assert_eq!(done.tokens[0].state, TokenState::Active, "nothing is proven");
}

fn answer(status: u16, name: &str) -> FinchApiError {
    let name = Some(name.to_owned());
    Answer { status, finch_shaped: true, name, ..Answer::default() }.into_error()
}

#[test]
fn only_what_time_mends_is_asked_again() {
    let lost = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
    let later = [408, 429, 500, 503].map(|status| answer(status, "later"));
    for error in later.iter().chain([&lost, &answer(402, "unpaid")]) {
        assert!(time_mends(error), "{error:?}");
    }
    for (status, name) in
        [(401, "something_new"), (401, "account_setup_required"), (403, "forbidden"), (404, "gone")]
    {
        assert!(!time_mends(&answer(status, name)), "{status} {name}");
    }
    let patient =
        Answer { status: 429, retry_after: Some(Duration::from_secs(77)), ..Answer::default() };
    let patient = patient.into_error();
    let found = changed(&asked(), |draft| unanswered(draft, Seq(77), &patient, at(0), 0.0));
    assert_eq!(agenda(&found).question, Some(at(77)), "Finch's own word wins");
}

#[test]
fn only_what_holds_for_all_connections_keeps_all_waiting() {
    let answer = |status| Answer { status, ..Answer::default() }.into_error();
    let lost = |sent| FinchApiError::NoAnswer { problem: "lost".into(), sent };
    for error in [answer(402), answer(429), lost(false)] {
        assert!(is_away(&error), "{error:?}");
    }
    for error in [answer(500), answer(503), answer(408), answer(401), answer(404), lost(true)] {
        assert!(!is_away(&error), "{error:?}");
    }
}
