//! What a webhook leaves to ask.

use std::time::Duration;

use finch_core::{
    Actor, Answer, Connection, Introspection, PartialFacts, Question, Seq, TokenState,
    WebhookEvent,
    decide::{
        AskedAt, Matter, agenda, answered, ask, attention, fence, is_away, speaks_of_health,
        time_mends, unanswered,
    },
};
use finch_testkit::{at, webhook};

use crate::{COMMIT, changed, committed, connection, id, intent, lost, observed, token};

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
    let lost = lost(true);
    let mut found = asked();
    for (failures, seconds) in [(1, 1), (2, 2), (3, 4)] {
        found = changed(&found, |draft| unanswered(draft, Seq(77), &lost, at(100), 1.0));
        let next_try = Some(at(100 + seconds));
        assert_eq!(found.question, Some(Question { number: Seq(77), failures, next_try }));
        assert_eq!(agenda(&found).question, next_try);
    }
    let other = changed(&found, |draft| unanswered(draft, Seq(76), &lost, at(100), 1.0));
    assert_eq!(other.question, found.question, "another question's failure");
}

#[test]
fn a_disconnect_and_an_end_drop_the_question() {
    let fenced = committed(&asked(), |draft| fence(draft, intent(Actor::Reconciler)));
    assert_eq!(fenced.question, None, "the disconnect asks by itself");
    assert_eq!(committed(&fenced, ask).question, None);
    let mut retired = asked();
    retired.tokens[0].state = TokenState::Retired;
    assert_eq!(committed(&retired, ask).question, None, "nothing lives");
    let number = committed(&asked(), ask).question.map(|question| question.number);
    assert_eq!(number, Some(COMMIT), "the number of its commit");
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
        let facts = PartialFacts { company_id: "c".parse().ok(), ..Default::default() };
        let said = Introspection { facts, ..Default::default() };
        let asked_at = AskedAt::of(&nameless);
        let (draft, _) = observed(&nameless, Some(&pair), id(2), asked_at, Ok(&said));
        let one = draft.connection();
        assert_eq!((one.tokens.len(), one.question.map(|q| q.number)), (2, Some(Seq(kept))));
    }
}

#[test]
fn what_time_does_not_mend_ends_the_question_with_attention() {
    let odd = [(id(2), crate::answered(401, "something_new"))];
    let done = changed(&asked(), |draft| answered(draft, Seq(77), &odd, at(9)));
    assert_eq!(done.question, None);
    let found = attention(&done);
    assert_eq!(found.iter().map(|a| a.matter).collect::<Vec<_>>(), [Matter::InDoubt]);
    assert_eq!(done.tokens[0].state, TokenState::Active, "nothing is proven");
}

#[test]
fn only_what_time_mends_is_asked_again_and_only_what_all_share_keeps_all_waiting() {
    use crate::answered;
    for (error, mends, away) in [
        (answered(408, ""), true, false),
        (answered(429, ""), true, true),
        (answered(500, ""), true, false),
        (answered(503, "later"), true, false),
        (answered(402, "unpaid"), true, true),
        (lost(false), true, true),
        (lost(true), true, false),
        (answered(401, "something_new"), false, false),
        (answered(401, "account_setup_required"), false, false),
        (answered(403, "forbidden"), false, false),
        (answered(404, "gone"), false, false),
    ] {
        assert_eq!((time_mends(&error), is_away(&error)), (mends, away), "{error:?}");
    }
    let retry_after = Some(Duration::from_secs(77));
    let patient = Answer { status: 429, retry_after, ..Answer::default() }.into_error();
    let found = changed(&asked(), |draft| unanswered(draft, Seq(77), &patient, at(0), 0.0));
    assert_eq!(agenda(&found).question, Some(at(77)), "Finch's own word wins");
}
