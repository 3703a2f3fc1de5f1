//! I1: identity is reflexive, symmetric and transitive, and on histories without a conflict independent of
//! the order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use finch_core::{
    Connection, Introspection, TokenFacts, TokenId,
    decide::{self, Arrival, AskedAt, Observation, Source, same_connection},
};
use finch_testkit::{at, facts, fingerprint};
use proptest::{prelude::*, test_runner::TestCaseError};

use super::{holds, store::Store, world};

/// A token, and whether its company is left out until Finch is asked about it; if it ever names it.
#[derive(Clone, Debug)]
struct Arriving {
    facts: TokenFacts,
    nameless: bool,
    is_named_later: bool,
}

type Numbered = (usize, Arriving);

/// Tokens of a few pairs, each `connection_id` of one pair, in two orders. Some leave their company out.
fn arrivals() -> impl Strategy<Value = (Vec<Numbered>, Vec<Numbered>)> {
    let token = (0..2_u8, 0..2_u8, 0..3_u8, prop::bool::weighted(0.4), any::<bool>());
    let token = token.prop_map(|(provider, company, id, nameless, is_named_later)| {
        let id = format!("k{provider}{company}-{id}");
        let facts = facts(&id, &format!("p{provider}"), &format!("c{company}"));
        Arriving { facts, nameless, is_named_later }
    });
    prop::collection::vec(token, 1..8).prop_flat_map(|tokens| {
        let tokens: Vec<_> = tokens.into_iter().enumerate().collect();
        (Just(tokens.clone()), Just(tokens).prop_shuffle())
    })
}

/// What Finch says when it issues the token.
fn said(arriving: &Arriving) -> TokenFacts {
    let mut facts = arriving.facts.clone();
    facts.company_id = facts.company_id.filter(|_| !arriving.nameless);
    facts
}

/// Which tokens share a connection in the store, in the end.
fn stored(arriving: &[Numbered]) -> BTreeSet<BTreeSet<usize>> {
    let mut store = Store::default();
    let mut numbers = BTreeMap::new();
    let (customer, by) = (world::customer(0), world::operator());
    for (number, arriving) in arriving {
        let facts = said(arriving);
        let found = store.find(&facts, &[]);
        let (fingerprint, began) = (fingerprint(&number.to_string()), store.next());
        let from = Source::Import { customer: &customer, by: &by };
        let arrival = Arrival { facts, fingerprint, from, began, now: at(0), late: false };
        let draft = decide::admit(found, arrival).draft.expect("a new token");
        numbers.insert(TokenId(store.commit(draft)), *number);
    }
    for (token, number) in &numbers {
        let named = arriving.iter().find(|(other, a)| other == number && a.is_named_later);
        if let Some((_, Arriving { facts, .. })) = named {
            let connection = store.with(*token).expect("it is stored");
            let said = Introspection { facts: facts.clone().into(), ..Introspection::default() };
            let pair = store.pair(facts).filter(|_| connection.company.is_none());
            let (asked_at, answer) = (AskedAt::of(&connection), Ok(&said));
            let (token, late, now, jitter) = (*token, None, at(0), 0.0);
            let observation = Observation { token, asked_at, answer, late, now, jitter };
            store.decided(&connection, |draft| {
                decide::observe(draft, pair.as_deref(), observation);
            });
        }
    }
    let numbers = |c: &Connection| c.tokens.iter().map(|t| numbers[&t.id]).collect();
    store.connections.iter().map(|c| numbers(c)).collect()
}

/// R1 and R2, in other words than core's.
fn same(a: &TokenFacts, b: &TokenFacts) -> bool {
    let pair = |facts: &TokenFacts| Some((facts.provider_id.clone(), facts.company_id.clone()?));
    a.connection_id == b.connection_id || (pair(a).is_some() && pair(a) == pair(b))
}

/// The same by the rules R1 and R2 alone: the smallest equivalence relation that holds them.
fn closure(arriving: &[Numbered]) -> BTreeSet<BTreeSet<usize>> {
    let known = |a: &Arriving| if a.is_named_later { a.facts.clone() } else { said(a) };
    let mut classes: Vec<Vec<(usize, TokenFacts)>> = Vec::new();
    for (number, arriving) in arriving {
        let facts = known(arriving);
        let is_same = |(_, other): &(usize, TokenFacts)| same(&facts, other);
        let (joined, others): (Vec<_>, Vec<_>) =
            classes.into_iter().partition(|class| class.iter().any(is_same));
        classes = others;
        classes.push(joined.into_iter().flatten().chain([(*number, facts)]).collect());
    }
    classes.iter().map(|class| class.iter().map(|(number, _)| *number).collect()).collect()
}

#[test]
fn i1_identity_is_an_equivalence_in_any_order() {
    holds(arrivals(), |(arriving, shuffled)| {
        prop_assert_eq!(stored(&arriving), closure(&arriving));
        prop_assert_eq!(stored(&shuffled), closure(&arriving), "shuffled");
        for a in arriving.iter().map(|(_, a)| said(a)) {
            for b in arriving.iter().map(|(_, b)| said(b)) {
                prop_assert_eq!(same_connection(&a, &b), same(&a, &b));
            }
        }
        Ok::<_, TestCaseError>(())
    });
}
