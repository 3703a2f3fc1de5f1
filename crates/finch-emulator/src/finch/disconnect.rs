//! `POST /disconnect` and `POST /disconnect-entity`

use serde::Deserialize;
use uuid::{Uuid, fmt::Hyphenated};

use super::live;
use crate::{
    http::{ApiError, Request, Response, success},
    world::World,
};

/// `DisconnectEntityRequest`
#[derive(Deserialize)]
struct DisconnectEntity {
    entity_ids: Vec<Hyphenated>,
}

/// `POST /disconnect`: ends the token's connection, with all its tokens. Which tokens these are was
/// decided when they were issued. The body is ignored: Finch's Python SDK sends the `Content-Type` of
/// one, but no body.
pub(super) fn disconnect(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    let connection = live(world, request)?.0.connection;
    world.disconnect(connection);
    Ok(success())
}

/// `POST /disconnect-entity`: disconnects entities of the token's connection, all or none. The token
/// stays live even without an entity: only `POST /disconnect` ends a connection.
pub(super) fn disconnect_entity(
    world: &mut World,
    request: &Request,
) -> Result<Response, ApiError> {
    let connection = live(world, request)?.0.connection;
    let body: DisconnectEntity = request.json().map_err(|_| ApiError::invalid_entity_ids())?;
    let ids: Vec<Uuid> = body.entity_ids.into_iter().map(Hyphenated::into_uuid).collect();
    if ids.is_empty() {
        return Err(ApiError::invalid_entity_ids());
    }
    let done = world.disconnect_entities(connection, &ids);
    done.map_err(|unknown| ApiError::entities_not_found(&unknown))?;
    Ok(success())
}
