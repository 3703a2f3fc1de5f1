//! I1 equivalence: identity is reflexive, symmetric and transitive, and on conflict-free histories
//! independent of the order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use finch_core::{
    MemoryTokenStore, Query, TokenFacts, TokenStore,
    testing::{application, facts, grant, store_token},
};
use finch_tests::cases;
use proptest::prelude::*;

/// Tokens of a few pairs. Each `connection_id` belongs to one pair; any token may leave its employer
/// out, as long as one of the same `connection_id` names it.
fn conflict_free() -> impl Strategy<Value = Vec<TokenFacts>> {
    let token = (0_u8..2, 0_u8..2, 0_u8..3, prop::bool::weighted(0.4));
    prop::collection::vec(token, 1..8).prop_map(|tokens| {
        let all = tokens.iter().map(|(provider, company, id, nameless)| {
            let name = format!("k-{provider}-{company}-{id}");
            let company = if *nameless { String::new() } else { format!("c{company}") };
            facts(&name, &format!("p{provider}"), &company)
        });
        let all: Vec<_> = all.collect();
        let named: BTreeSet<_> = all
            .iter()
            .filter(|f| f.company_id.is_some())
            .map(|f| f.connection_id.clone())
            .collect();
        all.into_iter().filter(|f| named.contains(&f.connection_id)).collect()
    })
}

/// Which tokens share a connection, by the store.
async fn partition(tokens: &[(usize, TokenFacts)]) -> BTreeSet<BTreeSet<usize>> {
    let store = MemoryTokenStore::new(application());
    let mut numbers = BTreeMap::new();
    for (number, what) in tokens {
        let id = store_token(&store, "acme", grant(&format!("t{number}"), what.clone())).await;
        numbers.insert(id, *number);
    }
    let query = Query { customer: None, connection: None, after: None, limit: 1000 };
    let connections = store.connections(&query).await.unwrap();
    connections.iter().map(|c| c.tokens.iter().map(|t| numbers[&t.id]).collect()).collect()
}

/// Which tokens share a connection, by the rules alone: the smallest equivalence relation that holds
/// R1 and R2.
fn closure(tokens: &[(usize, TokenFacts)]) -> BTreeSet<BTreeSet<usize>> {
    let mut classes: Vec<BTreeSet<usize>> =
        tokens.iter().map(|(number, _)| BTreeSet::from([*number])).collect();
    for (a, fa) in tokens {
        for (b, fb) in tokens {
            if finch_core::decide::same_connection(fa, fb) {
                let (of_a, rest): (Vec<_>, Vec<_>) =
                    classes.into_iter().partition(|c| c.contains(a) || c.contains(b));
                classes = rest;
                classes.push(of_a.into_iter().flatten().collect());
            }
        }
    }
    classes.into_iter().collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn i1_equivalence_in_any_order(tokens in conflict_free(), seed in any::<u64>()) {
        let tokens: Vec<_> = tokens.into_iter().enumerate().collect();
        let mut shuffled = tokens.clone();
        let mut random = seed;
        for i in (1..shuffled.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, (random >> 33) as usize % (i + 1));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (one, other) = runtime.block_on(async { (partition(&tokens).await, partition(&shuffled).await) });
        prop_assert_eq!(&one, &closure(&tokens));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn i1_same_connection_is_reflexive_and_symmetric(tokens in conflict_free()) {
        for a in &tokens {
            prop_assert!(finch_core::decide::same_connection(a, a));
            for b in &tokens {
                let (ab, ba) = (finch_core::decide::same_connection(a, b), finch_core::decide::same_connection(b, a));
                prop_assert_eq!(ab, ba);
            }
        }
    }
}
