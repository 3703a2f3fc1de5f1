//! What an answer says about a token: the fields that `/auth/token` and `/introspect` share.

use finch_core::{ConnectionId, PartialFacts, Product};

use crate::{reply::Problem, wire::Object};

/// What `answer` says. A field that is missing, null or of a wrong type is left out.
pub(crate) fn facts(answer: &Object<'_>) -> PartialFacts {
    let ids = |ids: Vec<String>| ids.iter().filter_map(|id| id.parse().ok()).collect();
    PartialFacts {
        connection_id: answer.id("connection_id"),
        // The second is the deprecated name of the first.
        provider_id: answer.id("provider_id").or_else(|| answer.id("payroll_provider_id")),
        company_id: answer.id("company_id"),
        finch_customer_id: answer.id("customer_id"),
        customer_name: answer.text("customer_name"),
        products: answer
            .texts("products")
            .map(|products| products.into_iter().map(Product::from).collect()),
        client_type: answer.text("client_type").map(Into::into),
        connection_type: answer.text("connection_type").map(Into::into),
        token_type: answer.text("token_type"),
        account_id: answer.id("account_id"),
        entity_ids: answer.texts("entity_ids").map(ids),
    }
}

/// Why what `answer` says does not place a token.
pub(crate) fn unplaced(answer: &Object<'_>) -> Problem {
    match answer.required_id::<ConnectionId>("connection_id") {
        Err(problem) => problem,
        Ok(_) => answer.no_text("provider_id"),
    }
}
