//! The case about attempts that are forgotten.

use jiff::{SignedDuration, Timestamp};

use super::pieces::{self, StoreFixture, failure};
use crate::{at, claimed, facts, fingerprint, grant, new_attempt, sealing, store_token};
use finch_core::{
    ATTEMPT_KEPT_FOR, Attempt, AttemptEnd, Claim, FORGOTTEN_AT_ONCE, FailureKind, NewAttempt, TokenId, TokenStore,
    decide::{Arrival, Source, admit},
};

/// Opens an attempt at that time, which forgets others.
async fn open(store: &dyn TokenStore, state: &str, opened_at: Timestamp) {
    let expires_at = opened_at + SignedDuration::from_secs(60);
    let finch_customer_id = None;
    let attempt = NewAttempt { opened_at, expires_at, finch_customer_id, ..new_attempt("other") };
    store.open_attempt(attempt, &fingerprint(state)).await.unwrap();
}

/// What the store knows of this state.
async fn known(store: &dyn TokenStore, state: &str, now: Timestamp) -> Option<(Attempt, Claim)> {
    let code = fingerprint("another");
    store.claim_attempt(None, &fingerprint(state), &code, now).await.unwrap()
}

/// Attempts are forgotten once nothing can come of them, and a while later; others never.
pub async fn attempts_that_nothing_can_come_of_are_forgotten(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let lost = || failure(FailureKind::NoAnswer);
    store.open_attempt(new_attempt("acme"), &fingerprint("unused")).await.unwrap();
    let stored = store_token(&*store, "acme", grant("stored", facts("k", "gusto", "c"))).await;
    let (operator, reason) = ("ops".parse().unwrap(), "known".to_owned());
    let ends: [(&str, &[AttemptEnd]); 8] = [
        ("running", &[]),
        ("unknown", &[AttemptEnd::Unknown(lost())]),
        (
            "covered",
            &[
                AttemptEnd::Unknown(lost()),
                AttemptEnd::Covered { failure: lost(), by: stored, over: false },
            ],
        ),
        ("not sent", &[AttemptEnd::NotSent(lost())]),
        ("failed", &[AttemptEnd::Failed(failure(FailureKind::InvalidGrant))]),
        ("foreign", &[AttemptEnd::ForeignToken]),
        ("cleared", &[AttemptEnd::Unknown(lost()), AttemptEnd::Cleared]),
        ("dismissed", &[AttemptEnd::Unknown(lost()), AttemptEnd::Dismissed { operator, reason }]),
    ];
    for (code, ends) in &ends {
        let (id, _) = claimed(&*store, "acme", code).await;
        for end in *ends {
            pieces::end(&*store, id, end.clone()).await;
        }
    }
    let states = ends.map(|(code, _)| format!("state of {code}"));
    let (kept, forgotten) = states.split_at(3);
    let mut forgotten = forgotten.to_vec();
    forgotten.push("unused".to_owned());
    let mut kept = kept.to_vec();
    kept.push("state for stored".to_owned());
    let cleared = known(&*store, "state of cleared", at(9)).await.expect("an attempt").0;

    let over = at(3600) + SignedDuration::try_from(ATTEMPT_KEPT_FOR).unwrap();
    let just_before = over - SignedDuration::from_nanos(1);
    open(&*store, "before", just_before).await;
    let store = fixture.store().await;
    for state in kept.iter().chain(&forgotten) {
        assert!(known(&*store, state, just_before).await.is_some(), "{state} is kept a while");
    }
    open(&*store, "then", over).await;
    let store = fixture.store().await;
    for state in &forgotten {
        assert!(known(&*store, state, over).await.is_none(), "{state} is forgotten");
    }
    for state in &kept {
        assert!(known(&*store, state, over).await.is_some(), "{state} is kept");
    }
    assert_eq!(store.possible_orphans(None, over, None, 9).await.unwrap().len(), 3);

    // An exchange that was given up, and has come to an end after all.
    let arrival = Arrival {
        facts: facts("k", "gusto", "c"),
        fingerprint: fingerprint("late"),
        from: Source::Exchange(&cleared),
        began: cleared.exchange.as_ref().expect("an exchange").began,
        now: over,
        late: false,
    };
    let found = store.find(&arrival.fingerprint, &arrival.facts).await.unwrap();
    let draft = admit(found, arrival).draft.expect("a token to store");
    let commit = sealing(&*store, draft, "late").await.expect("a token to store");
    let late = TokenId(store.commit(commit).await.unwrap());
    assert!(store.sealed(late).await.unwrap().is_some(), "its token is stored all the same");
}

/// Opening one forgets the oldest, a bounded number at once.
pub async fn attempts_are_forgotten_a_few_at_once(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let count = 2 * FORGOTTEN_AT_ONCE + 1;
    for n in 0..count {
        open(&*store, &format!("s{n}"), at(0)).await;
    }
    let later = at(60) + SignedDuration::try_from(ATTEMPT_KEPT_FOR).unwrap();
    for left in [FORGOTTEN_AT_ONCE + 1, 1, 0] {
        open(&*store, &format!("then, {left} left"), later).await;
        let mut found = 0;
        for n in 0..count {
            found += usize::from(known(&*store, &format!("s{n}"), later).await.is_some());
        }
        assert_eq!(found, left);
    }
}
