//! Webhooks: from what one says to what is true afterwards. (How it is signed: `finch-http`, `finch-web`.)

mod passes;
mod questions;
mod reauth;

use finch_core::{ConnectionId, ConnectionState};
use finch_tests::{World, customer};

pub(crate) async fn state(world: &World, who: u8, id: &ConnectionId) -> ConnectionState {
    let view = world.app.connection(&customer(who), id).await.expect("the store answers");
    view.expect("the connection").state
}
