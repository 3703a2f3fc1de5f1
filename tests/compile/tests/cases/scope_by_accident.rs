//! A scope is made of a customer's id, by name: of no text, and of nothing else that has an id.

use finch_app::{ConnectionId, CustomerId, CustomerScope, Finch, OperatorName, OperatorScope, Scope};

fn made(text: &str, connection: ConnectionId, customer: CustomerId) {
    let _ = CustomerScope::new(text);
    let _ = CustomerScope::new(text.to_owned());
    let _ = CustomerScope::new(connection);
    let _ = CustomerScope(customer.clone());
    let _: CustomerScope = text.into();
    let _: CustomerScope = customer.clone().into();
    let _ = CustomerScope::default();
    let _ = OperatorScope::acting_as(customer);
    let _ = OperatorScope::acting_as("operator");
    let _ = OperatorScope::default();
}

async fn used(finch: &Finch, customer: &CustomerId, id: &ConnectionId) {
    let _ = finch.access_token(customer, id, &[]).await;
    let _ = finch.access_token("acme", id, &[]).await;
    let _ = finch.access_token(id, id, &[]).await;
}

fn scoped(_: &impl Scope) {}

fn generic(customer: &CustomerId, operator: &OperatorName, id: &ConnectionId) {
    scoped(customer);
    scoped(operator);
    scoped(id);
    scoped(&"acme");
}

fn main() {}
