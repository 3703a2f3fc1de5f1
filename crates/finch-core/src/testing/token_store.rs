// Long because each case is stated once, and one macro must see them all.
//! The conformance suite of [`TokenStore`]: each case is stated once, and the macro
//! [`token_store_conformance!`](crate::token_store_conformance) runs every one of them.

mod forgetting;
mod pieces;
mod record;
mod turns;
mod webhooks;

pub use pieces::StoreFixture;
use pieces::{all, by_id, customer, failure, id, intent, moved};

use super::{application, at, claimed, facts, grant, new_attempt, store_token};
use crate::{
    Actor, Agenda, AttemptEnd, AuthorizationCode, Changes, Claim, ConnectionKey, CustomerId,
    DisconnectChange, Due, FailureKind, FinchCustomerId, Flow, Product, Progress, Query,
    RedirectUri, Refusal, Selector, State, Target, TokenChange, TokenId, TokenState, TokenStore,
    Wanted,
    decide::{self, Call},
};

macro_rules! cases {
    ($dollar:tt $($(#[doc = $doc:literal])* async fn $name:ident($fixture:ident) $body:block)*) => {
        $($(#[doc = $doc])* pub async fn $name($fixture: &mut dyn StoreFixture) $body)*

        /// Runs every case of the [`TokenStore`](crate::TokenStore) conformance suite as a
        /// `tokio::test`. Takes an expression (it may await) that gives a fresh
        /// [`StoreFixture`](crate::testing::StoreFixture).
        #[macro_export]
        macro_rules! token_store_conformance {
            ($dollar fixture:expr) => {
                $(#[tokio::test]
                async fn $name() {
                    $crate::testing::token_store::$name(&mut $dollar fixture).await;
                })*
            };
        }
    };
}

cases! { $
    /// The store speaks for the application it was made for.
    async fn the_application_is_kept(fixture) {
        assert_eq!(*fixture.store().await.application(), application());
    }

    /// The first to come with a state begins the exchange; the same code again finds it in progress,
    /// another code finds the state used.
    async fn a_state_is_claimed_once(fixture) {
        let state = State::new("s1");
        let opened = fixture.store().await.open_attempt(new_attempt("acme"), &state).await.unwrap();
        let code = AuthorizationCode::new("c1");
        let (attempt, claim) = fixture.store().await.claim_attempt(None, &state, &code, at(1)).await.unwrap().unwrap();
        assert_eq!((attempt.id, claim), (opened, Claim::Begin));
        assert_eq!(attempt.purpose, new_attempt("acme"));
        assert!(attempt.exchange.unwrap().began > opened.0, "the exchange took a later number");
        let (_, claim) = fixture.store().await.claim_attempt(None, &state, &code, at(2)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::InProgress);
        let other = AuthorizationCode::new("c2");
        let (_, claim) = fixture.store().await.claim_attempt(None, &state, &other, at(2)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::StateUsed);
    }
    /// A thousand may come at once: one begins.
    async fn of_many_at_once_one_begins(fixture) {
        let store = fixture.store().await;
        store.open_attempt(new_attempt("acme"), &State::new("s")).await.unwrap();
        let tasks: Vec<_> = (0..1000).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let claimed = store.claim_attempt(None, &State::new("s"), &AuthorizationCode::new("c"), at(1)).await;
                claimed.unwrap().unwrap().1
            })
        }).collect();
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
    async fn a_state_of_somebody_else_is_not_there(fixture) {
        let store = fixture.store().await;
        store.open_attempt(new_attempt("acme"), &State::new("s")).await.unwrap();
        let code = AuthorizationCode::new("c");
        let other = customer("other");
        assert!(store.claim_attempt(Some(&other), &State::new("s"), &code, at(1)).await.unwrap().is_none());
        assert!(store.claim_attempt(None, &State::new("t"), &code, at(1)).await.unwrap().is_none());
        let own = customer("acme");
        let (_, claim) = store.claim_attempt(Some(&own), &State::new("s"), &code, at(1)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::Begin, "the refused claims consumed nothing");
    }

    /// An attempt lives as long as its session.
    async fn an_attempt_expires(fixture) {
        fixture.store().await.open_attempt(new_attempt("acme"), &State::new("s")).await.unwrap();
        let code = AuthorizationCode::new("c");
        let (_, claim) = fixture.store().await.claim_attempt(None, &State::new("s"), &code, at(3600)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::Expired);
    }

    /// How an exchange ended is told to whoever repeats it; one that never reached Finch begins
    /// again, under a new number, with the same code only.
    async fn the_end_of_an_exchange_is_repeated(fixture) {
        let (lost, _) = claimed(&*fixture.store().await, "acme", "lost").await;
        let (unsent, began) = claimed(&*fixture.store().await, "acme", "unsent").await;
        let unknown = AttemptEnd::Unknown(failure(FailureKind::TryLater));
        fixture.store().await.end_attempt(lost, unknown.clone()).await.unwrap();
        fixture.store().await.end_attempt(unsent, AttemptEnd::NotSent(failure(FailureKind::NoAnswer))).await.unwrap();
        let store = fixture.store().await;
        let (state, code) = (State::new("state of lost"), AuthorizationCode::new("lost"));
        let (_, claim) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::Repeat(unknown));
        let state = State::new("state of unsent");
        let (_, claim) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::StateUsed);
        let code = AuthorizationCode::new("unsent");
        let (attempt, claim) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::Begin);
        assert!(attempt.exchange.unwrap().began > began);
    }

    /// A definite end stays, whatever comes later.
    async fn a_definite_end_stays(fixture) {
        let (attempt, _) = claimed(&*fixture.store().await, "acme", "c").await;
        let failed = AttemptEnd::Failed(failure(FailureKind::InvalidGrant));
        fixture.store().await.end_attempt(attempt, failed.clone()).await.unwrap();
        fixture.store().await.end_attempt(attempt, AttemptEnd::Cleared).await.unwrap();
        let (state, code) = (State::new("state of c"), AuthorizationCode::new("c"));
        let (_, claim) = fixture.store().await.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::Repeat(failed));
    }

    /// Every field of an attempt comes back as it went in.
    async fn an_attempt_keeps_every_field(fixture) {
        let mut attempt = new_attempt("Zoë & Søn / 1");
        attempt.flow = Flow::Redirect(RedirectUri::new("https://host.example/cb?a=b%20c").unwrap());
        attempt.products = vec![Product::Ssn, Product::Other("new_one".into())];
        attempt.reauthenticates = Some(id("k"));
        attempt.for_disconnect = Some(crate::DisconnectId(crate::Seq(7)));
        fixture.store().await.open_attempt(attempt.clone(), &State::new("s")).await.unwrap();
        let code = AuthorizationCode::new("c");
        let (kept, _) = fixture.store().await.claim_attempt(None, &State::new("s"), &code, at(1)).await.unwrap().unwrap();
        assert_eq!(kept.purpose, attempt);
    }

    /// Lost answers are listed at once, abandoned exchanges after a while, others never; page by page,
    /// each customer's own.
    async fn possible_orphans_are_listed(fixture) {
        let store = fixture.store().await;
        let (lost, _) = claimed(&*store, "acme", "lost").await;
        let (failed, _) = claimed(&*store, "acme", "failed").await;
        let (abandoned, _) = claimed(&*store, "other", "abandoned").await;
        store.open_attempt(new_attempt("acme"), &State::new("never used")).await.unwrap();
        store.end_attempt(lost, AttemptEnd::Unknown(failure(FailureKind::NoAnswer))).await.unwrap();
        store.end_attempt(failed, AttemptEnd::Failed(failure(FailureKind::InvalidGrant))).await.unwrap();
        let ids = |page: Vec<crate::Attempt>| page.iter().map(|a| a.id).collect::<Vec<_>>();
        let store = fixture.store().await;
        assert_eq!(ids(store.possible_orphans(None, at(2), None, 10).await.unwrap()), [lost]);
        let later = at(1 + 600);
        assert_eq!(ids(store.possible_orphans(None, later, None, 10).await.unwrap()), [lost, abandoned]);
        assert_eq!(ids(store.possible_orphans(None, later, None, 1).await.unwrap()), [lost]);
        assert_eq!(ids(store.possible_orphans(None, later, Some(lost), 10).await.unwrap()), [abandoned]);
        let acme = customer("acme");
        assert_eq!(ids(store.possible_orphans(Some(&acme), later, None, 10).await.unwrap()), [lost]);
    }

    /// A customer id that Finch has seen on a token, or that another customer's session used, is
    /// taken; one's own abandoned session does not count.
    async fn customer_ids_that_were_used_are_taken(fixture) {
        let store = fixture.store().await;
        let mut on_token = facts("k", "gusto", "c");
        on_token.finch_customer_id = Some(FinchCustomerId::new("acme").unwrap());
        store_token(&*store, "acme", grant("t1", on_token)).await;
        store.open_attempt(new_attempt("other"), &State::new("o")).await.unwrap();
        let candidates = ["acme", "other", "free"].map(|c| FinchCustomerId::new(c).unwrap());
        let store = fixture.store().await;
        let taken = store.taken_customer_ids(&customer("acme"), &candidates).await.unwrap();
        assert_eq!(taken.iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["acme", "other"]);
        let taken = store.taken_customer_ids(&customer("other"), &candidates).await.unwrap();
        assert_eq!(taken.iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["acme"]);
    }

    /// A stored token is found by its pair, its `connection_id` and itself, with everything that was
    /// stored of it.
    async fn a_stored_token_is_found(fixture) {
        let mut what = facts("k1", "gusto", "c");
        what.customer_name = Some("Zoë & Søn \u{1f600}".into());
        what.account_id = Some("acc".parse().unwrap());
        what.entity_ids = vec!["e1".parse().unwrap(), "e2".parse().unwrap()];
        what.client_type = Some(crate::ClientType::Other("lunar".into()));
        what.connection_type = Some(crate::ConnectionType::Provider);
        let first = store_token(&*fixture.store().await, "acme", grant("t1", what.clone())).await;
        let store = fixture.store().await;
        let found = store.find(&grant("t1", what.clone())).await.unwrap();
        let (known, connection) = found.known.expect("the token itself");
        assert_eq!(known, first);
        assert_eq!(found.by_pair.as_ref(), Some(&connection));
        assert_eq!(found.by_connection_id.as_ref(), Some(&connection));
        assert!(!found.revoked_before);
        let token = connection.token(first).unwrap();
        assert_eq!(token.facts, what);
        assert_eq!((token.state.clone(), token.added_at), (TokenState::Active, at(2)));
        assert_eq!(token.customer, Some(customer("acme")));
        assert!(token.exchange_began < token.id.0, "an exchange begins before it ends");
        let other = store.find(&grant("t2", facts("k2", "gusto", "d"))).await.unwrap();
        assert!(other.known.is_none() && other.by_pair.is_none() && other.by_connection_id.is_none());
        let other_provider = store.find(&grant("t2", facts("k2", "justworks", "c"))).await.unwrap();
        assert!(other_provider.by_pair.is_none());
        let second = store_token(&*store, "acme", grant("t2", facts("k2", "gusto", "c"))).await;
        assert!(second > first);
        assert_eq!(by_id(&*store, "k2").await.tokens.len(), 2, "one pair, one connection");
        assert_eq!(store.secret(second).await.unwrap().unwrap().expose(), "t2");
        assert!(store.secret(TokenId(crate::Seq(9999))).await.unwrap().is_none());
    }

    /// A decision on an old revision changes nothing.
    async fn an_old_revision_changes_nothing(fixture) {
        store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let old = by_id(&*fixture.store().await, "k").await;
        let applied = fixture.store().await.apply(decide::fence(&old, intent(Actor::Finch))).await.unwrap();
        assert!(applied.revision > old.revision);
        let fenced = by_id(&*fixture.store().await, "k").await;
        assert_eq!(fenced.revision, applied.revision);
        moved(&*fixture.store().await, decide::fence(&old, intent(Actor::Finch))).await;
        assert_eq!(by_id(&*fixture.store().await, "k").await, fenced);
    }

    /// Two decisions race for the same revision: one holds.
    async fn of_two_decisions_one_holds(fixture) {
        store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let store = fixture.store().await;
        let seen = by_id(&*store, "k").await;
        let (a, b) = tokio::join!(
            store.apply(decide::fence(&seen, intent(Actor::Finch))),
            store.apply(decide::fence(&seen, intent(Actor::Finch))),
        );
        assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);
        assert_eq!(by_id(&*store, "k").await.disconnects.len(), 1);
    }

    /// Two first tokens of one pair, or of one `connection_id`, decided at once, make one connection.
    async fn a_connection_is_made_once(fixture) {
        let store = fixture.store().await;
        let admit = async |secret: &str, what: crate::TokenFacts| {
            let attempt = crate::Attempt { id: crate::AttemptId(crate::Seq(0)), purpose: new_attempt("acme"), exchange: None };
            let arrival = decide::Arrival { grant: grant(secret, what), from: decide::Source::Exchange(&attempt), began: crate::Seq(0), now: at(2), late: false };
            decide::admit(crate::Found::default(), arrival).changes.unwrap()
        };
        store.apply(admit("t1", facts("k1", "gusto", "c")).await).await.unwrap();
        moved(&*store, admit("t2", facts("k2", "gusto", "c")).await).await;
        moved(&*store, admit("t3", facts("k1", "gusto", "")).await).await;
        moved(&*store, admit("t1", facts("k9", "gusto", "z")).await).await;
        assert_eq!(store.connections(&all(None)).await.unwrap().len(), 1);
    }

    /// The customer's newest active token that covers what is wanted is handed out, under any
    /// `connection_id` that the customer has in the connection; and to nobody else.
    async fn the_newest_token_is_handed_out_to_its_customer(fixture) {
        let store = fixture.store().await;
        let mut narrow = facts("k2", "gusto", "c");
        narrow.products = vec![Product::Company];
        store_token(&*store, "acme", grant("t1", facts("k1", "gusto", "c"))).await;
        store_token(&*store, "acme", grant("t2", narrow)).await;
        store_token(&*store, "other", grant("t3", facts("k3", "gusto", "c"))).await;
        let store = fixture.store().await;
        let (acme, other) = (customer("acme"), customer("other"));
        let usable = async |who: &CustomerId, name: &str, products: &[Product]| {
            let wanted = Wanted { products: products.to_vec() };
            let token = store.usable_token(who, &id(name), &wanted).await.unwrap();
            token.map(|t| (t.secret.expose().to_owned(), t.connection_id.as_str().to_owned()))
        };
        let token = |secret: &str, name: &str| Some((secret.to_owned(), name.to_owned()));
        assert_eq!(usable(&acme, "k1", &[]).await, token("t2", "k2"));
        assert_eq!(usable(&acme, "k2", &[Product::Directory]).await, token("t1", "k1"));
        assert_eq!(usable(&acme, "k1", &[Product::Ssn]).await, None);
        assert_eq!(usable(&acme, "k3", &[]).await, None, "a handle of somebody else's");
        assert_eq!(usable(&other, "k3", &[]).await, token("t3", "k3"));
        assert_eq!(usable(&other, "k1", &[]).await, None);
        assert_eq!(usable(&acme, "nothing", &[]).await, None);
    }

    /// A token that needs a new authentication is not handed out.
    async fn a_token_in_reauth_is_not_handed_out(fixture) {
        let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let seen = by_id(&*fixture.store().await, "k").await;
        let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
        let status = Some(crate::ConnectionStatus::Reauth);
        changes.tokens.push(TokenChange { status, ..TokenChange::to(token) });
        fixture.store().await.apply(changes).await.unwrap();
        let usable = fixture.store().await.usable_token(&customer("acme"), &id("k"), &Wanted::default()).await;
        assert!(usable.unwrap().is_none());
    }

    /// From the fence on no call hands out a token; secrets stay, for Finch wants them.
    async fn a_fence_holds(fixture) {
        let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let seen = by_id(&*fixture.store().await, "k").await;
        let applied = fixture.store().await.apply(decide::fence(&seen, intent(Actor::Customer(customer("acme"))))).await.unwrap();
        let store = fixture.store().await;
        assert!(store.usable_token(&customer("acme"), &id("k"), &Wanted::default()).await.unwrap().is_none());
        assert!(store.secret(token).await.unwrap().is_some());
        let fenced = by_id(&*store, "k").await;
        let open = fenced.open_disconnect().expect("an open disconnect");
        assert_eq!(Some(open.id), applied.begun);
        assert_eq!(open.intent, intent(Actor::Customer(customer("acme"))));
        assert!(open.began() > token.0);
    }

    /// Evidence, wipe and end are written in one; the record and its fingerprint stay.
    async fn a_finished_disconnect_wipes_the_secret(fixture) {
        let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let seen = by_id(&*fixture.store().await, "k").await;
        fixture.store().await.apply(decide::fence(&seen, intent(Actor::Finch))).await.unwrap();
        let seen = by_id(&*fixture.store().await, "k").await;
        let invalid = crate::FinchApiError::TokenInvalid(Box::new(crate::Answer {
            status: 401,
            request_id: Some("req-1".parse().unwrap()),
            ..crate::Answer::default()
        }));
        let refused = decide::record(&seen, token, Call::Introspect, Err(&invalid), at(20), 0.5);
        fixture.store().await.apply(refused).await.unwrap();
        let seen = by_id(&*fixture.store().await, "k").await;
        let refusal = Refusal { at: at(20), request_id: Some("req-1".parse().unwrap()) };
        assert_eq!(seen.token(token).unwrap().progress.refused, Some(refusal));
        let open = seen.open_disconnect().unwrap().clone();
        fixture.store().await.apply(decide::finish(&seen, &open, at(21))).await.unwrap();
        let store = fixture.store().await;
        let ended = by_id(&*store, "k").await;
        assert!(ended.open_disconnect().is_none());
        assert!(ended.disconnects[0].ended().unwrap() > open.began());
        assert!(ended.token(token).unwrap().state.is_revoked());
        assert!(store.secret(token).await.unwrap().is_none());
        assert_eq!(store.token_of(&crate::AccessToken::new("t1"), None).await.unwrap(), Some(token));
        let found = store.find(&grant("t1", facts("k", "gusto", "c"))).await.unwrap();
        assert!(found.known.is_none() && found.revoked_before);
        let again = store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        assert_ne!(again, token);
        assert_eq!(by_id(&*store, "k").await.token(again).unwrap().state, TokenState::Unverified);
        assert_eq!(store.token_of(&crate::AccessToken::new("t1"), None).await.unwrap(), Some(again));
    }

    /// A revoked token stays revoked, and a change that says otherwise changes nothing.
    async fn a_revoked_token_stays_revoked(fixture) {
        let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let revoke = TokenState::Revoked {
            evidence: crate::Evidence::Refused { request_id: None },
            at: at(3),
        };
        for (state, allowed) in [(revoke, true), (TokenState::Active, false), (TokenState::Fenced, false)] {
            let seen = by_id(&*fixture.store().await, "k").await;
            let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
            changes.tokens.push(TokenChange::state(token, state));
            let applied = fixture.store().await.apply(changes).await;
            assert_eq!(applied.is_ok(), allowed);
        }
        let seen = by_id(&*fixture.store().await, "k").await;
        assert!(seen.token(token).unwrap().state.is_revoked());
    }

    /// A disconnect ends, is reopened, and ends again; it keeps its number.
    async fn a_disconnect_is_reopened(fixture) {
        store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let store = fixture.store().await;
        let mut last = None;
        for change in [
            vec![DisconnectChange::Begin(intent(Actor::Finch)), DisconnectChange::End(None, at(11))],
            vec![],
            vec![],
        ] {
            let seen = by_id(&*store, "k").await;
            let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
            changes.disconnects = match (change.is_empty(), seen.open_disconnect(), seen.disconnects.first()) {
                (true, Some(open), _) => vec![DisconnectChange::End(Some(open.id), at(12))],
                (true, None, Some(ended)) => vec![DisconnectChange::Reopen(ended.id)],
                _ => change,
            };
            store.apply(changes).await.unwrap();
            let seen = by_id(&*store, "k").await;
            assert_eq!(seen.disconnects.len(), 1);
            if let Some(ended) = seen.disconnects[0].ended() {
                assert!(last.is_none_or(|last| ended > last), "each end takes a number of its own");
                last = Some(ended);
            }
        }
    }

    /// A request that joins an open disconnect is kept, and goes on as that one.
    async fn a_request_joins_an_open_disconnect(fixture) {
        store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let seen = by_id(&*fixture.store().await, "k").await;
        let first = intent(Actor::Customer(customer("acme")));
        let begun = fixture.store().await.apply(decide::fence(&seen, first)).await.unwrap().begun;
        let seen = by_id(&*fixture.store().await, "k").await;
        let second = intent(Actor::Operator("ops".parse().unwrap()));
        let applied = fixture.store().await.apply(decide::fence(&seen, second.clone())).await.unwrap();
        assert_eq!(applied.begun, None, "none began");
        let seen = by_id(&*fixture.store().await, "k").await;
        assert_eq!(seen.disconnects.len(), 2);
        assert_eq!(seen.open_disconnect().map(|d| d.id), begun);
        let joined = &seen.disconnects[1];
        assert_eq!(joined.intent, second);
        assert_eq!(joined.state, crate::DisconnectState::Merged { into: begun.unwrap() });
    }

    /// A provisional connection is absorbed: tokens, disconnects and events move, names stay.
    async fn two_connections_become_one(fixture) {
        let store = fixture.store().await;
        store_token(&*store, "acme", grant("t1", facts("k1", "gusto", ""))).await;
        store_token(&*store, "acme", grant("t2", facts("k2", "gusto", "c"))).await;
        let before = by_id(&*store, "k1").await;
        store.apply(decide::fence(&before, intent(Actor::Operator("ops".parse().unwrap())))).await.unwrap();
        let before = by_id(&*store, "k1").await;
        assert_eq!(store.connections(&all(None)).await.unwrap().len(), 2);
        let third = store_token(&*fixture.store().await, "acme", grant("t3", facts("k1", "gusto", "c"))).await;
        let store = fixture.store().await;
        assert_eq!(store.connections(&all(None)).await.unwrap().len(), 1);
        let one = by_id(&*store, "k2").await;
        assert_eq!(one, by_id(&*store, "k1").await);
        assert_eq!(one.tokens.len(), 3);
        assert_eq!(one.disconnects, before.disconnects);
        assert!(one.tokens.iter().filter(|t| t.id != third).all(|t| t.state == TokenState::Fenced));
        assert_eq!(one.token(third).unwrap().state, TokenState::Unverified);
        assert_eq!(store.secret(one.tokens[0].id).await.unwrap().unwrap().expose(), "t1", "it still opens");
        assert!(store.load(Selector::Key(before.key), None).await.unwrap().is_none());
        assert!(store.events(&record::of(Some(&id("k1")), None)).await.unwrap().len() >= 4);
        moved(&*store, decide::fence(&before, intent(Actor::Operator("ops".parse().unwrap())))).await;
    }

    /// A provisional connection gets its employer; from then on its pair finds it.
    async fn an_employer_is_named(fixture) {
        store_token(&*fixture.store().await, "acme", grant("t1", facts("k1", "gusto", ""))).await;
        assert_eq!(by_id(&*fixture.store().await, "k1").await.company, None);
        store_token(&*fixture.store().await, "acme", grant("t2", facts("k1", "gusto", "c"))).await;
        let store = fixture.store().await;
        let found = store.find(&grant("t3", facts("k3", "gusto", "c"))).await.unwrap();
        assert_eq!(found.by_pair.unwrap().tokens.len(), 2);
    }

    /// A conflict is stored, quarantined, under the `connection_id` that is known; it is nobody's.
    async fn a_conflict_is_quarantined(fixture) {
        let store = fixture.store().await;
        store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        store_token(&*store, "acme", grant("t2", facts("k2", "gusto", "d"))).await;
        let odd = store_token(&*store, "other", grant("t3", facts("k", "gusto", "d"))).await;
        let store = fixture.store().await;
        let connection = by_id(&*store, "k").await;
        assert_eq!(connection.company.as_ref().unwrap().as_str(), "c");
        let token = connection.token(odd).unwrap();
        assert_eq!((token.state.clone(), token.customer.clone()), (TokenState::Quarantined, None));
        assert!(store.connections(&all(Some(&customer("other")))).await.unwrap().is_empty());
        assert!(store.usable_token(&customer("other"), &id("k"), &Wanted::default()).await.unwrap().is_none());
        assert_eq!(store.secret(odd).await.unwrap().unwrap().expose(), "t3");
    }

    /// A connection is loaded by anything that names it, and by a customer only through that
    /// customer's own tokens.
    async fn a_connection_is_loaded_through_ones_own_tokens(fixture) {
        let store = fixture.store().await;
        let mine = store_token(&*store, "acme", grant("t1", facts("k1", "gusto", "c"))).await;
        let theirs = store_token(&*store, "other", grant("t2", facts("k2", "gusto", "c"))).await;
        let key = by_id(&*store, "k1").await.key;
        let acme = customer("acme");
        let store = fixture.store().await;
        let (token1, token2) = (crate::AccessToken::new("t1"), crate::AccessToken::new("t2"));
        let (k1, k2) = (id("k1"), id("k2"));
        let (gusto, c) = ("gusto".parse().unwrap(), "c".parse().unwrap());
        for (selector, own) in [
            (Selector::Key(key), true),
            (Selector::ConnectionId(&k1), true),
            (Selector::ConnectionId(&k2), false),
            (Selector::Pair(&gusto, &c), true),
            (Selector::TokenId(mine), true),
            (Selector::TokenId(theirs), false),
        ] {
            let whole = store.load(selector, None).await.unwrap().expect("it is there for the operator");
            assert_eq!(whole.tokens.len(), 2);
            let found = store.load(selector, Some(&acme)).await.unwrap();
            assert_eq!(found.is_some(), own, "{selector:?}");
        }
        assert_eq!(store.token_of(&token2, Some(&acme)).await.unwrap(), None);
        assert_eq!(store.token_of(&token1, Some(&acme)).await.unwrap(), Some(mine));
        let stranger = customer("stranger");
        assert!(store.load(Selector::Key(key), Some(&stranger)).await.unwrap().is_none());
    }

    /// Listings come in pages, in order, and show a customer that customer's tokens only.
    async fn listings_come_in_pages(fixture) {
        let store = fixture.store().await;
        for n in 0..5 {
            let who = if n % 2 == 0 { "acme" } else { "other" };
            store_token(&*store, who, grant(&format!("t{n}"), facts(&format!("k{n}"), "gusto", &format!("c{n}")))).await;
        }
        store_token(&*store, "other", grant("extra", facts("k0", "gusto", "c0"))).await;
        let store = fixture.store().await;
        let first = store.connections(&Query { limit: 2, ..all(None) }).await.unwrap();
        let after = first.last().map(|c| c.key);
        let rest = store.connections(&Query { after, ..all(None) }).await.unwrap();
        let names = |page: &[crate::Connection]| page.iter().map(|c| c.tokens[0].facts.connection_id.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&first), ["k0", "k1"]);
        assert_eq!(names(&rest), ["k2", "k3", "k4"]);
        assert_eq!(first[0].tokens.len(), 2);
        let acme = customer("acme");
        let own = store.connections(&all(Some(&acme))).await.unwrap();
        assert_eq!(names(&own), ["k0", "k2", "k4"]);
        assert_eq!(own[0].tokens.len(), 1, "the other customer's token is not shown");
        let one = id("k1");
        let named = Query { connection: Some(&one), ..all(None) };
        assert_eq!(names(&store.connections(&named).await.unwrap()), ["k1"]);
        let named = Query { connection: Some(&one), ..all(Some(&acme)) };
        assert!(store.connections(&named).await.unwrap().is_empty());
    }

    /// Work is found when it is due, in pages, and not after it is done.
    async fn work_is_found_when_it_is_due(fixture) {
        let store = fixture.store().await;
        let mut keys: Vec<ConnectionKey> = Vec::new();
        for n in 0..3_i64 {
            let name = format!("k{n}");
            store_token(&*store, "acme", grant(&name, facts(&name, "gusto", &name))).await;
            let seen = by_id(&*store, &name).await;
            keys.push(seen.key);
            let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
            changes.agenda = Some(Agenda { due: Some(at(100 + n)), attention: n == 0 });
            store.apply(changes).await.unwrap();
        }
        let store = fixture.store().await;
        assert!(store.work(Some(Due::at(at(99))), None, 10).await.unwrap().is_empty());
        assert_eq!(store.work(Some(Due::at(at(101))), None, 10).await.unwrap(), keys[..2]);
        assert_eq!(store.work(None, None, 10).await.unwrap(), keys);
        assert_eq!(store.work(None, Some(keys[0]), 1).await.unwrap(), keys[1..2]);
        let seen = by_id(&*store, "k0").await;
        let mut done = Changes::to(Target::Existing(seen.key, seen.revision));
        done.agenda = Some(Agenda::default());
        store.apply(done).await.unwrap();
        assert_eq!(fixture.store().await.work(None, None, 10).await.unwrap(), keys[1..]);
    }

    /// Work of a clock that ran a year ahead is not lost when the clock is set back.
    async fn work_of_a_clock_that_ran_ahead_is_due(fixture) {
        let store = fixture.store().await;
        store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let seen = by_id(&*store, "k").await;
        let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
        changes.agenda = Some(Agenda { due: Some(at(365 * 24 * 3600)), attention: false });
        store.apply(changes).await.unwrap();
        let store = fixture.store().await;
        assert_eq!(store.work(Some(Due::at(at(10))), None, 10).await.unwrap(), [seen.key]);
        let tomorrow = Due::at(at(364 * 24 * 3600));
        assert!(store.work(Some(tomorrow), None, 10).await.unwrap().is_empty());
    }
    /// What needs a person is found, in pages, and not after it is mended.
    async fn attention_is_found(fixture) {
        let store = fixture.store().await;
        let mut keys: Vec<ConnectionKey> = Vec::new();
        for name in ["k0", "k1", "k2"] {
            store_token(&*store, "acme", grant(name, facts(name, "gusto", name))).await;
            keys.push(by_id(&*store, name).await.key);
        }
        let set = async |store: &dyn TokenStore, name, attention| {
            let seen = by_id(store, name).await;
            let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
            changes.agenda = Some(Agenda { due: None, attention });
            store.apply(changes).await.unwrap();
        };
        set(&*store, "k0", true).await;
        set(&*store, "k2", true).await;
        let store = fixture.store().await;
        assert_eq!(store.attention(None, 10).await.unwrap(), [keys[0], keys[2]]);
        assert_eq!(store.attention(None, 1).await.unwrap(), [keys[0]]);
        assert_eq!(store.attention(Some(keys[0]), 10).await.unwrap(), [keys[2]]);
        set(&*store, "k0", false).await;
        assert_eq!(fixture.store().await.attention(None, 10).await.unwrap(), [keys[2]]);
    }
    /// A lease is one instance's at a time, until it is released or runs out, and changes no revision.
    async fn a_lease_is_one_instances_at_a_time(fixture) {
        turns::a_lease_is_one_instances_at_a_time(fixture).await;
    }
    /// Turns to call Finch are apart, whoever takes them.
    async fn turns_are_apart(fixture) {
        turns::turns_are_apart(fixture).await;
    }
    /// A retirement is kept, and in a customer's listing only that customer's.
    async fn retirements_are_kept(fixture) {
        let store = fixture.store().await;
        let token = store_token(&*store, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        store_token(&*store, "beta", grant("t2", facts("k", "gusto", "c"))).await;
        let seen = by_id(&*store, "k").await;
        store.apply(decide::retire(&seen, &customer("acme"), at(20))).await.unwrap();
        let store = fixture.store().await;
        let after = by_id(&*store, "k").await;
        assert_eq!(after.token(token).unwrap().state, TokenState::Retired);
        assert_eq!(after.retirements.len(), 1);
        assert!(after.retirements[0].seq > token.0 && after.is_retired(after.token(token).unwrap()));
        assert_eq!((&after.retirements[0].customer, after.retirements[0].at), (&customer("acme"), at(20)));
        assert!(store.secret(token).await.unwrap().is_some(), "it may still be needed");
        for (who, kept) in [("acme", 1), ("beta", 0)] {
            let who = customer(who);
            assert_eq!(store.connections(&all(Some(&who))).await.unwrap()[0].retirements.len(), kept);
        }
    }
    /// What a change does not name stays; what it names is kept whole.
    async fn a_change_keeps_what_it_does_not_name(fixture) {
        let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let seen = by_id(&*fixture.store().await, "k").await;
        let progress = Progress {
            acknowledged: Some(at(3)),
            polls: 4,
            failures: 2,
            next_try: Some(at(6)),
            trouble: Some(crate::Trouble {
                failure: failure(FailureKind::PaymentRequired),
                at: at(5),
                attention: true,
                this_token_only: false,
                ambiguous: true,
            }),
            ..Progress::default()
        };
        let mut changes = Changes::to(Target::Existing(seen.key, seen.revision));
        changes.tokens.push(TokenChange {
            progress: Some(progress.clone()),
            finch_token_id: Some("finch-token".parse().unwrap()),
            verified: true,
            ..TokenChange::to(token)
        });
        fixture.store().await.apply(changes).await.unwrap();
        let after = by_id(&*fixture.store().await, "k").await;
        let (old, new) = (seen.token(token).unwrap(), after.token(token).unwrap());
        assert_eq!(new.progress, progress);
        assert_eq!(new.finch_token_id.as_ref().unwrap().as_str(), "finch-token");
        assert!(new.verified.unwrap() > token.0);
        assert_eq!((&new.facts, &new.state, new.status.as_ref()), (&old.facts, &old.state, None));
    }
    /// An exchange that was given up, and has come to an end after all, ends with its token.
    async fn what_was_given_up_may_still_be_stored(fixture) {
        let (id, began) = super::claimed(&*fixture.store().await, "acme", "t1").await;
        let store = fixture.store().await;
        store.end_attempt(id, AttemptEnd::Unknown(failure(FailureKind::NoAnswer))).await.unwrap();
        store.end_attempt(id, AttemptEnd::Cleared).await.unwrap();
        store.end_attempt(id, AttemptEnd::Unknown(failure(FailureKind::NoAnswer))).await.unwrap();
        let (state, code) = (State::new("state of t1"), AuthorizationCode::new("t1"));
        let (attempt, repeat) = store.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
        assert_eq!(repeat, Claim::Repeat(AttemptEnd::Cleared), "it is not listed again");
        let grant = grant("t1", facts("k", "gusto", "c"));
        let found = store.find(&grant).await.unwrap();
        let arrival = decide::Arrival { grant, from: decide::Source::Exchange(&attempt), began, now: at(9), late: false };
        let changes = decide::admit(found, arrival).changes.unwrap();
        let stored = store.apply(changes).await.unwrap().admitted.unwrap();
        let (_, repeat) = fixture.store().await.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
        assert_eq!(repeat, Claim::Repeat(AttemptEnd::Stored(stored)));
    }
    /// An attempt ends with its token, in one.
    async fn an_attempt_ends_with_its_token(fixture) {
        let token = store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", "c"))).await;
        let (state, code) = (State::new("state for t1"), AuthorizationCode::new("t1"));
        let (_, claim) = fixture.store().await.claim_attempt(None, &state, &code, at(9)).await.unwrap().unwrap();
        assert_eq!(claim, Claim::Repeat(AttemptEnd::Stored(token)));
    }
    /// Events come back in the order in which they were written.
    async fn events_are_kept_in_order(fixture) {
        record::events_are_kept_in_order(fixture).await;
    }
    /// A customer reads what names that customer, and nothing else.
    async fn events_are_read_by_whom_they_concern(fixture) {
        record::events_are_read_by_whom_they_concern(fixture).await;
    }
    /// The use of a token is noted, and recorded the first time only.
    async fn a_first_use_is_recorded_once(fixture) {
        record::a_first_use_is_recorded_once(fixture).await;
    }
    /// A number that is taken is given to nobody else.
    async fn numbers_are_taken_once(fixture) {
        record::numbers_are_taken_once(fixture).await;
    }
    /// A webhook is kept once by its id, whatever else it says the second time.
    async fn a_webhook_is_kept_once(fixture) {
        webhooks::a_webhook_is_kept_once(fixture).await;
    }
    /// However many bring it at once, for one of them it is new.
    async fn a_webhook_is_new_for_one_of_many(fixture) {
        webhooks::a_webhook_is_new_for_one_of_many(fixture).await;
    }
    /// Webhooks wait in the order in which they came, page by page, each for what it awaits, until done.
    async fn webhooks_wait_until_they_are_done(fixture) {
        webhooks::webhooks_wait_until_they_are_done(fixture).await;
    }
    /// An id is known for 30 days; then what is done, or was the host's, is forgotten, and nothing else.
    async fn old_webhooks_are_forgotten(fixture) {
        webhooks::old_webhooks_are_forgotten(fixture).await;
    }
    /// Attempts are forgotten once nothing can come of them, and a while later; others never.
    async fn attempts_that_nothing_can_come_of_are_forgotten(fixture) { forgetting::attempts_that_nothing_can_come_of_are_forgotten(fixture).await; }
    /// Opening one forgets the oldest, a bounded number at once.
    async fn attempts_are_forgotten_a_few_at_once(fixture) { forgetting::attempts_are_forgotten_a_few_at_once(fixture).await; }
}
