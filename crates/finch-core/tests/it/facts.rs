//! What two answers say about a token together.

use finch_core::{PartialFacts, Product};
use finch_testkit::facts;

#[test]
fn each_fact_that_one_answer_leaves_out_comes_from_the_other() {
    let mut own = facts("k", "gusto", "c");
    own.finch_customer_id = "acme".parse().ok();
    own.customer_name = Some("Acme".into());
    own.client_type = Some("sandbox".into());
    own.connection_type = Some("provider".into());
    own.account_id = "a".parse().ok();
    own.entity_ids = vec!["e".parse().expect("an id")];
    let whole = PartialFacts::from(own.clone());
    let leave_out: [fn(&mut PartialFacts); 11] = [
        |facts| facts.connection_id = None,
        |facts| facts.provider_id = None,
        |facts| facts.company_id = None,
        |facts| facts.finch_customer_id = None,
        |facts| facts.customer_name = None,
        |facts| facts.products = None,
        |facts| facts.client_type = None,
        |facts| facts.connection_type = None,
        |facts| facts.token_type = None,
        |facts| facts.account_id = None,
        |facts| facts.entity_ids = None,
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
