//! `POST /disconnect`: ends the token's connection, with all tokens of it.

use serde_json::json;

use crate::{
    answer::{self, Answer},
    call::Call,
    refusal::Refusal,
    world::World,
};

/// How far it reaches is decided where tokens are admitted: in the `pair` scope all tokens of a
/// provider and company are on one connection. A body is ignored, as Finch's Python SDK sends the
/// `Content-Type` of one, but none.
pub(crate) fn disconnect(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let (token, _) = world.live(call.bearer()?).ok_or_else(Refusal::invalid_token)?;
    let connection = token.connection;
    world.disconnect(connection);
    Ok(answer::ok(&json!({ "status": "success" })))
}
