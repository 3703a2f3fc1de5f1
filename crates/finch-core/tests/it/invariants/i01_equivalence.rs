//! I1: identity is reflexive, symmetric and transitive, and on histories without a conflict independent of
//! the order of arrival.

use std::collections::BTreeSet;

use finch_core::{
    CustomerId, Draft, Introspection, TokenFacts, TokenId,
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
    let mut numbers = Vec::new();
    let customer: CustomerId = world::customer(0);
    for (number, arriving) in arriving {
        let facts = said(arriving);
        let found = store.find(&facts, &[]);
        let fingerprint = fingerprint(&number.to_string());
        let (by, began) = (world::operator(), store.next());
        let from = Source::Import { customer: &customer, by: &by };
        let arrival = Arrival { facts, fingerprint, from, began, now: at(0), late: false };
        let draft = decide::admit(found, arrival).draft.expect("a new token");
        numbers.push((TokenId(store.commit(draft)), *number));
    }
    for (id, number) in &numbers {
        let (_, Arriving { facts, is_named_later, .. }) =
            arriving.iter().find(|(other, _)| other == number).expect("it has arrived");
        if *is_named_later {
            let connection = store.with(*id).expect("it is stored").clone();
            let said = Introspection { facts: facts.clone().into(), ..Introspection::default() };
            let pair = store.pair(facts).filter(|_| connection.company.is_none()).cloned();
            let asked_at = AskedAt::of(&connection);
            let mut draft = Draft::of(connection);
            let (token, answer, late, now, jitter) = (*id, Ok(&said), None, at(0), 0.0);
            let observation = Observation { token, asked_at, answer, late, now, jitter };
            decide::observe(&mut draft, pair.as_ref(), observation);
            store.commit(draft);
        }
    }
    let number = |id: TokenId| numbers.iter().find(|(other, _)| *other == id).map(|(_, n)| *n);
    let connections = store.connections.iter();
    connections.map(|c| c.tokens.iter().filter_map(|t| number(t.id)).collect()).collect()
}

/// The same by the rules R1 and R2 alone: the smallest equivalence relation that holds them.
fn closure(arriving: &[Numbered]) -> BTreeSet<BTreeSet<usize>> {
    let known = |a: &Arriving| if a.is_named_later { a.facts.clone() } else { said(a) };
    let mut classes: Vec<BTreeSet<usize>> =
        arriving.iter().map(|(number, _)| BTreeSet::from([*number])).collect();
    for (a, of_a) in arriving {
        for (b, of_b) in arriving {
            let (fa, fb) = (known(of_a), known(of_b));
            let same_pair = fa.provider_id == fb.provider_id
                && fa.company_id.is_some()
                && fa.company_id == fb.company_id;
            if same_pair || fa.connection_id == fb.connection_id {
                let (one, rest): (Vec<_>, Vec<_>) =
                    classes.into_iter().partition(|c| c.contains(a) || c.contains(b));
                classes = rest;
                classes.push(one.into_iter().flatten().collect());
            }
        }
    }
    classes.into_iter().collect()
}

#[test]
fn i1_identity_is_an_equivalence_in_any_order() {
    let name = "i1_identity_is_an_equivalence_in_any_order";
    holds(name, arrivals(), |(arriving, shuffled)| {
        prop_assert_eq!(stored(&arriving), closure(&arriving));
        prop_assert_eq!(stored(&shuffled), closure(&arriving), "shuffled");
        for a in arriving.iter().map(|(_, a)| said(a)) {
            prop_assert!(same_connection(&a, &a));
            for b in arriving.iter().map(|(_, b)| said(b)) {
                prop_assert_eq!(same_connection(&a, &b), same_connection(&b, &a));
            }
        }
        Ok::<_, TestCaseError>(())
    });
}
