//! I6 idempotence: disconnect twice = once, however late the second; reconcile and repeated callbacks
//! change nothing that is settled.

use finch_app::{DisconnectOutcome, Pass};
use finch_tests::{Step, World, cases, customer, operator, steps};
use proptest::prelude::*;

use crate::history::{nothing, tell};

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i6_idempotence(history in steps(30)) {
        tell(&history, nothing, async |world: &World, _, ()| {
            let ended = world.ended.lock().unwrap().clone();
            let Some(ended) = ended else { return Ok(()) };
            if !matches!(ended.outcome, DisconnectOutcome::Disconnected { .. }) {
                return Ok(());
            }
            let before = world.tokens().await;
            world.finch.take_calls();
            let again = match ended.customer {
                Some(who) => world.app.disconnect(&customer(who), ended.connection_id.clone()).await,
                None => world.app.disconnect(&operator(), ended.connection_id.clone()).await,
            };
            prop_assert_eq!(again.unwrap(), DisconnectOutcome::AlreadyDisconnected);
            prop_assert!(world.finch.take_calls().is_empty(), "nothing is sent");
            prop_assert_eq!(before, world.tokens().await);
            Ok(())
        })?;
    }

    #[test]
    fn i6_a_settled_world_stays_as_it_is(history in steps(30), repeated in 0_u8..8) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::in_memory(finch_core::testing::Reach::Pair).await;
            for step in &history {
                world.step(*step).await;
            }
            // Failures that are still queued are used up; then everything settles.
            for _ in 0..40 {
                world.step(Step::Reconcile).await;
                world.step(Step::Wait).await;
            }
            let before = world.tokens().await;
            let work = world.store.work(None, None, 100).await.unwrap();
            prop_assert!(work.is_empty(), "nothing is left to do");
            world.finch.take_calls();
            let report = world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
            prop_assert_eq!(report, finch_app::Reconciled::default());
            world.step(Step::CompleteAgain { which: repeated }).await;
            prop_assert_eq!(world.finch.take_calls(), Vec::<String>::new());
            prop_assert_eq!(before, world.tokens().await);
            Ok::<_, TestCaseError>(())
        })?;
    }
}
