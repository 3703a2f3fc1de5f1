//! What a caller has begun ends without the caller.

use finch_testkit::{Held, Reach};
use finch_tests::{World, customer};

use crate::semantics::{ACME, begin};

#[tokio::test]
async fn an_orderly_end_waits_for_exchanges_whose_caller_has_gone() {
    let world = World::in_memory(Reach::Pair).await;
    world.app.idle().await;
    let (state, code) = begin(&world, ACME, "x").await;
    let hold = world.finch.hold_next_exchange(Held::BeforeItsAnswer);
    let finch = world.app.clone();
    let task = async move { finch.complete_connect(&customer(ACME), state, code).await.is_ok() };
    // The caller goes away.
    drop(world.app.spawn(task));
    hold.reached().await;
    {
        let idle = std::pin::pin!(world.app.idle());
        let waits =
            tokio::select! { biased; () = idle => false, () = tokio::task::yield_now() => true };
        assert!(waits, "an answer is on its way");
    }
    hold.release();
    world.app.idle().await;
    assert_eq!(world.app.connections(&customer(ACME)).all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_task_that_panics_is_over() {
    let world = World::in_memory(Reach::Pair).await;
    assert!(world.app.spawn(async { panic!("as it may") }).await.is_err());
    world.app.idle().await;
}
