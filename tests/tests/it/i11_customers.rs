//! I11 customers: no sequence of calls in one customer's scope reads, changes or reveals anything of
//! another's, but for the one bit `shared`.

use std::sync::Arc;

use finch_core::testing::Reach;
use finch_tests::{Step, World, cases, cases_of, steps, steps_of};
use proptest::{prelude::*, test_runner::TestCaseError};

use crate::{
    history::{tell, tell_in},
    model::sqlite,
};

/// The customer in whose scope the step acts. Finch's own doings, the operator's and the clock's are
/// nobody's; an employer that Finch names late is named for everybody.
fn actor(step: Step) -> Option<u8> {
    match step {
        Step::Connect { customer, .. }
        | Step::ConnectAndLoseTheAnswer { customer, .. }
        | Step::ConnectDuringDisconnect { customer, .. }
        | Step::Reauthenticate { customer, .. }
        | Step::Disconnect { customer, .. }
        | Step::ReportUnauthorized { customer, .. } => Some(customer),
        _ => None,
    }
}

async fn views_of_others(world: &World, step: Step) -> Vec<String> {
    let mut views = Vec::new();
    for who in (0..5).filter(|who| actor(step).is_some_and(|actor| actor != *who)) {
        views.push(world.view(who).await);
    }
    views
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i11_customers(history in steps(30)) {
        tell(&named(history), views_of_others, unchanged)?;
    }
}

proptest! {
    #![proptest_config(cases_of(8))]
    #[test]
    fn i11_customers_in_sqlite(history in (2_u8..=5).prop_flat_map(|customers| steps_of(customers, 20)), pair: bool) {
        let reach = if pair { Reach::Pair } else { Reach::ConnectionId };
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new(reach, Arc::new(sqlite(&folder.path().join("finch.db")))).await;
            tell_in(&world, &named(history), views_of_others, unchanged).await
        })?;
    }
}

fn named(history: Vec<Step>) -> Vec<Step> {
    history.into_iter().filter(|step| !matches!(step, Step::ConnectNameless { .. })).collect()
}

async fn unchanged(world: &World, step: Step, before: Vec<String>) -> Result<(), TestCaseError> {
    prop_assert_eq!(before, views_of_others(world, step).await, "after {:?}", step);
    Ok(())
}
