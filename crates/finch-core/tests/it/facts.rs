//! What two answers say about a token together.

use finch_core::{PartialFacts, Product};
use finch_testkit::facts;

#[test]
fn each_fact_that_one_answer_leaves_out_comes_from_the_other() {
    let mut own = facts("k", "gusto", "c");
    own.finch_customer_id = "acme".parse().ok();
    let whole = PartialFacts::from(own.clone());
    let leave_out: [fn(&mut PartialFacts); 5] = [
        |facts| facts.connection_id = None,
        |facts| facts.provider_id = None,
        |facts| facts.company_id = None,
        |facts| facts.finch_customer_id = None,
        |facts| facts.products = None,
    ];
    for leave_out in leave_out {
        let (mut part, mut rest) = (whole.clone(), PartialFacts::default());
        leave_out(&mut part);
        assert_ne!(part, whole);
        assert_eq!(part.clone().or(whole.clone()), whole);
        assert_eq!(rest.clone().or(part.clone()).or(whole.clone()).complete(), Some(own.clone()));
        rest.products = Some(vec![Product::Ssn]);
        assert_eq!(part.products.is_none(), part.or(rest).products == Some(vec![Product::Ssn]));
    }
}
