//! `POST /disconnect-entity`: disconnects entities of the token's connection, and leaves the others.

use serde_json::json;
use uuid::{Uuid, fmt::Hyphenated};

use crate::{
    answer::{self, Answer},
    call::Call,
    refusal::Refusal,
    world::World,
};

/// All of the entities or, where one is not the connection's, none. The token lives on, even if no entity is
/// left: only `POST /disconnect` ends a connection.
pub(crate) fn disconnect_entity(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let (token, _) = world.live(call.bearer()?).ok_or_else(Refusal::invalid_token)?;
    let connection = token.connection;
    let ids = entity_ids(call).ok_or_else(Refusal::invalid_entity_ids)?;
    world
        .disconnect_entities(connection, &ids)
        .map_err(|unknown| Refusal::entities_not_found(&unknown))?;
    Ok(answer::ok(&json!({ "status": "success" })))
}

/// `DisconnectEntityRequest`: each id once, at least one.
fn entity_ids(call: &Call) -> Option<Vec<Uuid>> {
    let body = call.object().ok()?;
    let mut ids = Vec::new();
    for id in body.get("entity_ids")?.as_array()? {
        let id = id.as_str().filter(|id| id.len() == Hyphenated::LENGTH)?;
        let id = Uuid::try_parse(id).ok()?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some(ids).filter(|ids| !ids.is_empty())
}
