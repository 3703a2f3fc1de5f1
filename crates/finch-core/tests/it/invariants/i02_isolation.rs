//! I2: a disconnect changes no token of another provider or company.

use finch_core::TokenId;
use proptest::prelude::*;

use super::holds_after_each_step;

#[test]
fn i2_a_disconnect_changes_no_other_connection() {
    holds_after_each_step(|(): &mut (), before, world, _| {
        // Here: a step changes one connection, and what it absorbs.
        let home = |id: TokenId| world.store.with(id).map(|c| c.key);
        let changed = world.store.connections.iter().flat_map(|c| &c.tokens).filter(|token| {
            let mut known = before.connections.iter().filter_map(|c| c.token(token.id));
            known.next() != Some(token)
        });
        let mut homes: Vec<_> = changed.filter_map(|t| home(t.id)).collect();
        homes.dedup();
        prop_assert!(homes.len() < 2, "{:?} are changed at once", homes);
        // At Finch: a `/disconnect` ends tokens of its connection.
        for (used, ended) in &world.finch.ended[before.ended..] {
            let record = world.records.iter().find(|(_, token)| *token == used);
            let used = record.and_then(|(id, _)| Some((world.store.with(*id)?, *id)));
            let (connection, used) = used.expect("the token that was used is stored");
            let facts = &world.finch.issued[*ended].facts;
            // Before Finch names a token's company, it is not known to be another one.
            let is_named = connection.token(used).is_some_and(|t| t.facts.company_id.is_some());
            let same_pair = connection.provider == facts.provider_id
                && (!is_named || connection.company == facts.company_id);
            let mut names = connection.tokens.iter().map(|t| &t.facts.connection_id);
            prop_assert!(
                same_pair || names.any(|id| *id == facts.connection_id),
                "a disconnect of {:?} of {:?} ends {:?}",
                connection.company,
                connection.provider,
                facts
            );
        }
        Ok(())
    });
}
