//! The store in memory and the SQLite store give the same results for the same history.

use finch_core::{ConnectionFilter, Timestamp, TokenStore};
use finch_testkit::{Reach, application};
use finch_tests::{World, all_events, cases_of, folder, secret, sqlite, steps};
use proptest::prelude::*;

/// Everything that a store can be asked, and the secret behind every token; without the keyed hashes, which
/// are another store's under other keys.
async fn contents(store: &dyn TokenStore) -> String {
    let mut seen = Vec::new();
    for connection in finch_testkit::connections(store, None).await.unwrap() {
        for token in &connection.tokens {
            let secret = secret(store, token).await;
            seen.push(format!("{:?}", secret.map(|s| s.expose().to_owned())));
        }
        seen.push(format!("{connection:#?}"));
    }
    let orphans = store.possible_orphans(None, Timestamp::MAX, None, 1000).await.unwrap();
    seen.push(format!("{orphans:#?}"));
    seen.push(format!("{:#?}", store.events(&all_events()).await.unwrap()));
    let due = store.connections(&ConnectionFilter::Due(None), None, 1000).await.unwrap();
    seen.push(format!("{due:?}"));
    let seen = seen.join("\n");
    let is_hash =
        |line: &&str| line.contains("fingerprint: Fingerprint(") || line.contains("hash: ");
    seen.lines().filter(|line| !is_hash(line)).collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(cases_of(4))]
    #[test]
    fn the_stores_are_the_same(history in steps(12), pair in any::<bool>()) {
        let reach = if pair { Reach::Pair } else { Reach::Connection };
        let folder = folder();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let model = World::in_memory(reach).await;
            let real = World::new(reach, sqlite(&folder.path().join("finch.db"), application())).await;
            for step in &history {
                model.step(*step).await;
                real.step(*step).await;
                prop_assert_eq!(contents(&*model.store).await, contents(&*real.store).await, "after {:?}", step);
                for who in 0..3 {
                    prop_assert_eq!(model.view(who).await, real.view(who).await);
                }
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
