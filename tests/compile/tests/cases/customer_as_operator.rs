//! A customer's scope where the operator's is needed.

use finch_app::{AttemptId, ConnectionId, CustomerScope, Finch, Pass, ReconcilerOptions};

async fn host(finch: &Finch, customer: &CustomerScope, id: &ConnectionId, lost: AttemptId) {
    let _ = finch.reconcile(customer, Pass::Due).await;
    let _ = finch.attention(customer);
    let _ = finch.unfinished_connections(customer).await;
    let _ = finch.close_disconnect(customer, id, "reason").await;
    let _ = finch.dismiss_orphan(customer, lost, "reason").await;
    let _ = finch.spawn_reconciler(customer.clone(), ReconcilerOptions::default());
}

fn main() {}
