//! The cases about attempts, and about exchanges whose token may be lost.

use super::{
    listing::read_pages,
    pieces::{StoreFixture, claim_at, customer, end, failure, id},
};
use crate::{at, claimed, facts, fingerprint, new_attempt, sealing};
use finch_core::{
    Attempt, AttemptEnd, Claim, DisconnectId, FailureKind, Flow, Product,
    RedirectUri, Seq, TokenId, decide,
};

/// The first to come with a state begins the exchange; the same code again finds it in progress,
/// another code finds the state used.
pub async fn a_state_is_claimed_once(fixture: &mut dyn StoreFixture) {
    let state = fingerprint("s1");
    let opened = fixture.store().await.open_attempt(new_attempt("acme"), &state).await.unwrap();
    let code = fingerprint("c1");
    let (attempt, claim) =
        claim_at(fixture, &state, &code, 1).await;
    assert_eq!((attempt.id, claim), (opened, Claim::Begin));
    assert_eq!(attempt.purpose, new_attempt("acme"));
    assert!(attempt.exchange.unwrap().began > opened.0, "the exchange took a later number");
    let (_, claim) =
        claim_at(fixture, &state, &code, 2).await;
    assert_eq!(claim, Claim::InProgress);
    let other = fingerprint("c2");
    let (_, claim) =
        claim_at(fixture, &state, &other, 2).await;
    assert_eq!(claim, Claim::StateUsed);
}

/// A thousand may come at once: one begins.
pub async fn of_many_at_once_one_begins(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    store.open_attempt(new_attempt("acme"), &fingerprint("s")).await.unwrap();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let claimed =
                    store.claim_attempt(None, &fingerprint("s"), &fingerprint("c"), at(1)).await;
                claimed.unwrap().unwrap().1
            })
        })
        .collect();
    let mut began = 0;
    for task in tasks {
        match task.await.unwrap() {
            Claim::Begin => began += 1,
            other => assert_eq!(other, Claim::InProgress),
        }
    }
    assert_eq!(began, 1);
}

/// An unknown state, and another customer's, are the same: nothing.
pub async fn another_customers_state_is_not_there(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    store.open_attempt(new_attempt("acme"), &fingerprint("s")).await.unwrap();
    let code = fingerprint("c");
    let other = customer("other");
    assert!(
        store.claim_attempt(Some(&other), &fingerprint("s"), &code, at(1)).await.unwrap().is_none()
    );
    assert!(store.claim_attempt(None, &fingerprint("t"), &code, at(1)).await.unwrap().is_none());
    let own = customer("acme");
    let (_, claim) =
        store.claim_attempt(Some(&own), &fingerprint("s"), &code, at(1)).await.unwrap().unwrap();
    assert_eq!(claim, Claim::Begin, "the refused claims consumed nothing");
}

/// An attempt lives as long as its session.
pub async fn an_attempt_expires(fixture: &mut dyn StoreFixture) {
    fixture.store().await.open_attempt(new_attempt("acme"), &fingerprint("s")).await.unwrap();
    let code = fingerprint("c");
    let (_, claim) = claim_at(fixture, &fingerprint("s"), &code, 3600).await;
    assert_eq!(claim, Claim::Expired);
}

/// A repeated callback gets the result of the first exchange; one that never reached Finch begins
/// again, under a new number, with the same code only.
pub async fn the_end_of_an_exchange_is_repeated(fixture: &mut dyn StoreFixture) {
    let (lost, _) = claimed(&*fixture.store().await, "acme", "lost").await;
    let (unsent, began) = claimed(&*fixture.store().await, "acme", "unsent").await;
    let unknown = AttemptEnd::Unknown(failure(FailureKind::TryLater));
    end(&*fixture.store().await, lost, unknown.clone()).await;
    let not_sent = AttemptEnd::NotSent(failure(FailureKind::NoAnswer));
    end(&*fixture.store().await, unsent, not_sent).await;
    let store = fixture.store().await;
    let (state, code) = (fingerprint("state of lost"), fingerprint("lost"));
    let (_, claim) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
    assert_eq!(claim, Claim::Repeat(unknown));
    let state = fingerprint("state of unsent");
    let (_, claim) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
    assert_eq!(claim, Claim::StateUsed);
    let code = fingerprint("unsent");
    let (attempt, claim) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
    assert_eq!(claim, Claim::Begin);
    assert!(attempt.exchange.unwrap().began > began);
}

/// A definite end stays, whatever comes later.
pub async fn a_definite_end_stays(fixture: &mut dyn StoreFixture) {
    let (attempt, _) = claimed(&*fixture.store().await, "acme", "c").await;
    let failed = AttemptEnd::Failed(failure(FailureKind::InvalidGrant));
    end(&*fixture.store().await, attempt, failed.clone()).await;
    end(&*fixture.store().await, attempt, AttemptEnd::Cleared).await;
    let (state, code) = (fingerprint("state of c"), fingerprint("c"));
    let (_, claim) =
        claim_at(fixture, &state, &code, 9).await;
    assert_eq!(claim, Claim::Repeat(failed));
}

/// Every field of an attempt comes back as it went in.
pub async fn an_attempt_keeps_every_field(fixture: &mut dyn StoreFixture) {
    let mut attempt = new_attempt("Zoë & Søn / 1");
    attempt.flow = Flow::Redirect(RedirectUri::new("https://host.example/cb?a=b%20c").unwrap());
    attempt.products = vec![Product::Ssn, Product::Other("new_one".into())];
    attempt.reauthenticates = Some(id("k"));
    attempt.for_disconnect = Some(DisconnectId(Seq(7)));
    fixture.store().await.open_attempt(attempt.clone(), &fingerprint("s")).await.unwrap();
    let code = fingerprint("c");
    let (kept, _) = claim_at(fixture, &fingerprint("s"), &code, 1).await;
    assert_eq!(kept.purpose, attempt);
}

/// Lost answers are listed at once, abandoned exchanges after a while, others never; page by page,
/// each customer's own.
pub async fn possible_orphans_are_listed(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let (lost, _) = claimed(&*store, "acme", "lost").await;
    let (failed, _) = claimed(&*store, "acme", "failed").await;
    let (abandoned, _) = claimed(&*store, "other", "abandoned").await;
    store.open_attempt(new_attempt("acme"), &fingerprint("never used")).await.unwrap();
    end(&*store, lost, AttemptEnd::Unknown(failure(FailureKind::NoAnswer))).await;
    end(&*store, failed, AttemptEnd::Failed(failure(FailureKind::InvalidGrant))).await;
    let ids = |page: Vec<Attempt>| page.iter().map(|a| a.id).collect::<Vec<_>>();
    let store = fixture.store().await;
    let later = at(1 + 600);
    let listed = read_pages("possible_orphans", 2, async |after, limit| {
        ids(store.possible_orphans(None, later, after, limit).await.unwrap())
    });
    assert_eq!(listed.await, [lost, abandoned]);
    assert_eq!(ids(store.possible_orphans(None, at(2), None, 10).await.unwrap()), [lost]);
    let acme = customer("acme");
    assert_eq!(ids(store.possible_orphans(Some(&acme), later, None, 10).await.unwrap()), [lost]);
}

/// An exchange that was given up while it ran, and comes to its own end after all: it is listed again if its
/// answer was lost, and ends with its token.
pub async fn what_was_given_up_may_still_end(fixture: &mut dyn StoreFixture) {
    let (id, began) = claimed(&*fixture.store().await, "acme", "t1").await;
    let store = fixture.store().await;
    end(&*store, id, AttemptEnd::Unknown(failure(FailureKind::NoAnswer))).await;
    end(&*store, id, AttemptEnd::Cleared).await;
    let (state, code) = (fingerprint("state of t1"), fingerprint("t1"));
    let (unknown, by) = (failure(FailureKind::NoAnswer), TokenId(Seq(99)));
    let covered = AttemptEnd::Covered { failure: unknown.clone(), by, over: true };
    end(&*store, id, covered).await;
    let (_, repeat) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
    assert_eq!(repeat, Claim::Repeat(AttemptEnd::Cleared), "no other token brings it back");
    end(&*store, id, AttemptEnd::Unknown(unknown)).await;
    let listed = store.possible_orphans(None, at(9), None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|lost| lost.id).collect::<Vec<_>>(), [id]);
    end(&*store, id, AttemptEnd::Cleared).await;
    let (attempt, _) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
    let (fingerprint, facts) = (fingerprint("t1"), facts("k", "gusto", "c"));
    let found = store.find(&fingerprint, &facts).await.unwrap();
    let arrival = decide::Arrival {
        facts,
        fingerprint,
        from: decide::Source::Exchange(&attempt),
        began,
        now: at(9),
        late: false,
    };
    let draft = decide::admit(found, arrival).draft.unwrap();
    let commit = sealing(&*store, draft, "t1").await.unwrap();
    let stored = TokenId(store.commit(commit).await.unwrap());
    let (_, repeat) =
        claim_at(fixture, &state, &code, 9).await;
    assert_eq!(repeat, Claim::Repeat(AttemptEnd::Stored(stored)));
}
