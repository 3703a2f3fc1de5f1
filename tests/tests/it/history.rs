//! Tells a history, and looks at the world after every step.

use finch_core::testing::Reach;
use finch_tests::{Step, World};
use proptest::test_runner::TestCaseError;

/// Tells `steps` in both readings of how far `/disconnect` reaches. `before` sees the world ahead of
/// each step, and `after` what it saw and the world behind it.
pub(crate) fn tell<Seen>(
    steps: &[Step],
    before: impl AsyncFn(&World, Step) -> Seen,
    after: impl AsyncFn(&World, Step, Seen) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for reach in [Reach::Pair, Reach::ConnectionId] {
            tell_in(&World::in_memory(reach).await, steps, &before, &after).await?;
        }
        Ok(())
    })
}

/// The same in a world of the caller's.
pub(crate) async fn tell_in<Seen>(
    world: &World,
    steps: &[Step],
    before: impl AsyncFn(&World, Step) -> Seen,
    after: impl AsyncFn(&World, Step, Seen) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    for step in steps {
        let seen = before(world, *step).await;
        world.step(*step).await;
        after(world, *step, seen).await?;
    }
    Ok(())
}

/// Nothing to see before the step.
pub(crate) async fn nothing(_: &World, _: Step) {}
