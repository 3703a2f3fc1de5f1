//! I11 customers: no sequence of calls in one customer's scope reads, changes or reveals anything of
//! another's, but for the one bit `shared`.

use finch_tests::{Step, World, cases, steps};
use proptest::prelude::*;

use crate::history::tell;

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
    for who in (0..3).filter(|who| actor(step).is_some_and(|actor| actor != *who)) {
        views.push(world.view(who).await);
    }
    views
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i11_customers(history in steps(30)) {
        let named: Vec<Step> = history.into_iter().filter(|s| !matches!(s, Step::ConnectNameless { .. })).collect();
        tell(&named, views_of_others, async |world, step, before| {
            prop_assert_eq!(before, views_of_others(world, step).await, "after {:?}", step);
            Ok(())
        })?;
    }
}
