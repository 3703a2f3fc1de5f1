//! Stores whose listings break the contract: the conformance suite says so, and the application does not read
//! them for ever.

mod application;
mod broken;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use async_trait::async_trait;
use finch_core::TokenStore;
use finch_testkit::{StoreFixture, token_store};

use broken::{Fault, broken_store};

struct Fixture(Arc<dyn TokenStore>);

#[async_trait]
impl StoreFixture for Fixture {
    async fn store(&mut self) -> Arc<dyn TokenStore> {
        self.0.clone()
    }
}

type Case = for<'a> fn(&'a mut dyn StoreFixture) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Each listing of the port, and the case that reads it.
const LISTINGS: [(&str, Case); 7] = [
    ("connections", |fixture| Box::pin(token_store::listings_come_in_pages(fixture))),
    ("due whenever", |fixture| Box::pin(token_store::work_is_found_when_it_is_due(fixture))),
    ("sealed_before", |fixture| Box::pin(token_store::secrets_of_older_keys_are_found(fixture))),
    ("attention", |fixture| Box::pin(token_store::attention_is_found(fixture))),
    ("possible_orphans", |fixture| Box::pin(token_store::possible_orphans_are_listed(fixture))),
    ("events", |fixture| Box::pin(token_store::events_are_kept_in_order(fixture))),
    ("questions", |fixture| Box::pin(token_store::a_question_is_kept_and_found(fixture))),
];

#[test]
fn a_listing_that_breaks_its_contract_fails_its_case_at_once_and_the_case_says_why() {
    for (fault, why) in [
        (Fault::IgnoresAfter, "a row that does not come after"),
        (Fault::ReturnsTheSameRowAgain, "a row that does not come after"),
        (Fault::IsNeverEmpty, "a row that does not come after"),
        (Fault::ReturnsMoreThanTheLimit, "more than the limit of 0 rows"),
        (Fault::IsInTheWrongOrder, "rows out of order, or one row twice"),
        (Fault::IsAlwaysEmpty, " rows were returned, of "),
        (Fault::ReturnsHalfOfAPage, " rows were returned, of "),
    ] {
        for (listing, case) in LISTINGS {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut store = Fixture(broken_store(fault));
            let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(case(&mut store))));
            let failure = ran.expect_err("the case passes");
            let failure = failure.downcast_ref::<String>().expect("a message");
            let begins = failure.starts_with(&format!("{listing}: "));
            assert!(begins && failure.contains(why), "{fault:?}, {listing}: {failure}");
        }
    }
}
