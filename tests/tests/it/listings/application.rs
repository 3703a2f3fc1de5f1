//! The application on a store that ignores the cursor.

use std::error::Error;

use finch_app::{AuditOptions, DisconnectError, EventFilter, KeysError, Pass};
use finch_core::StoreError;
use finch_testkit::Reach;
use finch_tests::{World, customer, operator};

use super::broken::{Fault, broken_store};
use crate::semantics::*;

/// A world with two connections whose disconnects Finch does not end.
async fn world() -> World {
    let world = World::new(Reach::Pair, broken_store(Fault::IgnoresAfter)).await;
    for company in ["c1", "c2"] {
        let id = connect_to(&world, ACME, company).await;
        disconnect_in_vain(&world, ACME, &id, || answer(402, "payment_required")).await;
    }
    world
}

/// The error names the listing and its fault.
#[track_caller]
fn assert_out_of_order<T: std::fmt::Debug>(found: Result<T, StoreError>, listing: &str) {
    let error = found.expect_err(listing);
    let why = error.source().expect(listing).to_string();
    let named = why.starts_with(&format!("the store's listing of {listing} returned "));
    assert!(named && why.contains("must come in ascending order"), "{why}");
}

/// The second page of a listing is the first one again.
macro_rules! assert_pages_out_of_order {
    ($listed:expr, $listing:literal) => {{
        let listed = $listed;
        let first = listed.page(None, 1).await.unwrap();
        assert_out_of_order(listed.page(first.next, 1).await, $listing);
    }};
}

#[tokio::test]
async fn a_store_that_ignores_the_cursor_is_not_read_for_ever() {
    let world = world().await;
    world.fail(2, || answer(402, "payment_required"));
    let report = everything(&world).await;
    assert_eq!((report.pending.len(), report.failed), (2, 1), "{report:?}");
    let (app, operator) = (&world.app, operator());
    assert_pages_out_of_order!(app.connections(&operator), "connections");
    assert_pages_out_of_order!(app.attention(&operator), "connections");
    assert_pages_out_of_order!(app.events(&operator, EventFilter::default()), "events");
    assert_out_of_order(app.unfinished_connections(&operator).await, "connections");
    assert_out_of_order(app.begin_audit(&operator, AuditOptions::default()).await, "connections");
    assert_out_of_order(app.verify(&operator, |_| {}).await, "connections");
    assert_out_of_order(app.doubt_all(&operator).await, "connections");
    let Err(KeysError::Store(error)) = app.rotate(&operator, |_| {}).await else { panic!() };
    assert_out_of_order(Err::<(), _>(error), "connections");
    let all = app.disconnect_all(&customer(ACME)).await;
    let Err(DisconnectError::Store(error)) = all else { panic!("{all:?}") };
    assert_out_of_order(Err::<(), _>(error), "connections");
}

#[tokio::test]
async fn lost_exchanges_of_a_store_that_ignores_the_cursor_are_not_read_for_ever() {
    let world = World::new(Reach::Pair, broken_store(Fault::IgnoresAfter)).await;
    lose_an_exchange(&world, false).await;
    let operator = operator();
    assert_pages_out_of_order!(world.app.possible_orphans(&operator), "possible_orphans");
    let pass = world.app.reconcile(&operator, Pass::Due).await;
    assert_out_of_order(pass, "possible_orphans");
}
