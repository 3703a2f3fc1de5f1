//! States and codes that do not work, and what to do about each.

use std::{sync::Arc, time::Duration};

use finch_app::{ConnectRequest, Finch, OsSystem, System};
use finch_core::{
    ClientId, ClientSecret, CustomerId, CustomerScope, FinchApi, Flow, Product, Timestamp,
};
use finch_http::{HttpFinch, HttpFinchConfig};
use finch_seal::keyfile;
use finch_sqlite::{SqliteOptions, SqliteTokenStore};

use crate::support::{Place, SECRET, block_on};

fn no_exchange(place: &Place) {
    assert!(place.calls("POST /auth/token") == 0, "nothing was sent");
}

#[test]
fn an_unknown_state_sends_nothing() {
    let place = Place::new();
    place.connect("acme");
    let code = place.code("acme");
    place
        .run_with(&["exchange", "--state", "made-up"], &code)
        .code(3)
        .says("no attempt to connect has this state");
    let failure =
        place.run_with(&["exchange", "--state", "made-up", "--json"], &code).code(3).failure();
    assert_eq!(failure["kind"], "unknown_state");
    no_exchange(&place);
}

#[test]
fn a_state_works_with_one_code() {
    let place = Place::new();
    let (state, finch_customer) = place.connect("acme");
    let code = place.code(&finch_customer);
    place.run_with(&["exchange", "--state", &state], &code).code(0);
    let other = place.code(&finch_customer);
    let failure =
        place.run_with(&["exchange", "--state", &state, "--json"], &other).code(7).failure();
    assert_eq!(failure["kind"], "state_used");
    assert_eq!(place.calls("POST /auth/token"), 1);
}

#[test]
fn a_wrong_or_used_or_expired_code_issues_nothing() {
    let place = Place::new();
    let (state, finch_customer) = place.connect("acme");
    let used = place.code(&finch_customer);
    place.run_with(&["exchange", "--state", &state], &used).code(0);
    let expired = place.code(&finch_customer);
    place.finch.advance(Duration::from_secs(601));
    for code in [used.as_str(), &expired, "made-up-code"] {
        place.guard(code);
        let (state, _) = place.connect("acme");
        let ran = place
            .run_with(&["exchange", "--state", &state], code)
            .code(6)
            .says("issued no token")
            .says("finch connect");
        assert!(ran.err.contains("request id"), "{}", ran.err);
        // Asked again, it is the same answer, and Finch is not.
        let calls = place.calls("POST /auth/token");
        place.run_with(&["exchange", "--state", &state], code).code(6).says("earlier");
        assert_eq!(place.calls("POST /auth/token"), calls);
    }
    assert_eq!(place.finch.state().tokens.len(), 1);
}

/// A machine whose clock is two days behind.
#[derive(Debug)]
struct Behind;

#[async_trait::async_trait]
impl System for Behind {
    fn now(&self) -> Timestamp {
        let two_days = Duration::from_secs(48 * 3600);
        OsSystem.now().checked_sub(two_days).expect("a time")
    }

    fn monotonic(&self) -> Duration {
        OsSystem.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        OsSystem.sleep(duration).await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        OsSystem.fill(bytes);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: the state goes to the command")]
fn an_expired_attempt_sends_nothing() {
    let place = Place::new();
    let state = block_on(async {
        let id = ClientId::new(place.finch.client_id()).expect("an id");
        let mut config = HttpFinchConfig::new(id, ClientSecret::new(SECRET));
        config.base_url = place.finch.url().to_owned();
        let http = HttpFinch::new(config).expect("a client");
        let key = keyfile::read(place.path("finch.db.key")).expect("a key");
        let options = SqliteOptions::new(place.path("finch.db"), http.application().clone());
        let store = SqliteTokenStore::open(options.create(true)).expect("a store");
        let finch = Finch::builder(Arc::new(http), Arc::new(store), Arc::new(key));
        let finch = finch.system(Arc::new(Behind)).open().await.expect("wired");
        let scope = CustomerScope::new(CustomerId::new("acme").expect("an id"));
        let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
        let begun = finch.begin_connect(&scope, request).await.expect("begun");
        begun.state.expose().to_owned()
    });
    let code = place.code("acme");
    let failure =
        place.run_with(&["exchange", "--state", &state, "--json"], &code).code(7).failure();
    assert_eq!(failure["kind"], "expired");
    place
        .run_with(&["exchange", "--state", &state], &code)
        .code(7)
        .says("has expired")
        .says("finch connect");
    no_exchange(&place);
}

#[test]
fn a_missing_state_or_code_is_said_before_anything_is_sent() {
    let place = Place::new();
    let (state, _) = place.connect("acme");
    place.cli("exchange").code(2).says("the state is missing").says("FINCH_STATE");
    place.run_with(&["exchange", "--state", &state], "\n").code(2).says("the code is empty");
    place.run_with(&["exchange", "--state", &state], "").code(2).says("the code is empty");
    place
        .run(&["exchange", "--state", &state, "--code", "two\nlines"])
        .code(2)
        .says("has a line break");
    finch!(place, "exchange --state {state} --code-file missing").code(2).says("could not be read");
    no_exchange(&place);
}
