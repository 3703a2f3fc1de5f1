//! The operator has no tokens, and connects no customer.

use finch_app::{AccessToken, ConnectionId, Finch, OperatorScope};

async fn host(finch: &Finch, operator: &OperatorScope, id: &ConnectionId, token: &AccessToken) {
    let _ = finch.access_token(operator, id, &[]).await;
    let _ = finch.report_unauthorized(operator, token).await;
    let _ = finch.disconnect_all(operator).await;
}

fn main() {}
