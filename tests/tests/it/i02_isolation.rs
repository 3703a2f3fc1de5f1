//! I2 isolation: a disconnect changes no token of another provider or company.

use finch_core::{CompanyId, ProviderId, Token};
use finch_tests::{Step, World, cases, steps};
use proptest::prelude::*;

use crate::history::tell;

type Pair = (ProviderId, Option<CompanyId>);

/// All tokens, and what Finch accepts, but for those of `pair`.
async fn others(world: &World, pair: &Pair) -> (Vec<(Pair, Token)>, Vec<String>) {
    let mut tokens = world.tokens().await;
    tokens.retain(|(of, _)| of != pair);
    let mut alive = world.alive_by_pair();
    alive.retain(|(provider, company), _| (provider, Some(company)) != (&pair.0, pair.1.as_ref()));
    (tokens, alive.into_values().flatten().collect())
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i2_isolation(history in steps(30)) {
        tell(
            &history,
            async |world: &World, step| match step {
                Step::Disconnect { .. } | Step::DisconnectForEveryone { .. } => {
                    Some((world.tokens().await, world.alive_by_pair()))
                }
                _ => None,
            },
            async |world, _, seen| {
                let ended = world.ended.lock().unwrap().clone();
                let (Some((mut tokens, mut alive)), Some(ended)) = (seen, ended) else { return Ok(()) };
                let pair = ended.pair;
                if pair.1.is_none() {
                    return Ok(()); // Its employer was named meanwhile, and it may have been merged.
                }
                tokens.retain(|(of, _)| *of != pair);
                alive.retain(|(provider, company), _| (provider, Some(company)) != (&pair.0, pair.1.as_ref()));
                let before = (tokens, alive.into_values().flatten().collect());
                prop_assert_eq!(before, others(world, &pair).await);
                Ok(())
            },
        )?;
    }
}
