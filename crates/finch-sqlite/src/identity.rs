//! What a database says of itself: what it is, whose it is, and its wrapped keys.

use finch_core::{Application, ClientId, Origin};
use finch_seal::{KeyId, WrappedEpoch, WrappedKeys};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    error::{Result, broken},
    schema::APPLICATION_ID,
};

/// What a database is.
pub(crate) enum Identity {
    Empty,
    Store,
    Other,
}

/// Tells what a database is.
pub(crate) fn identify(db: &Connection) -> rusqlite::Result<Identity> {
    let id: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let objects: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match id {
        APPLICATION_ID => Ok(Identity::Store),
        0 if objects == 0 => Ok(Identity::Empty),
        _ => Ok(Identity::Other),
    }
}

/// The version of the schema.
pub(crate) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The application that the store is bound to.
pub(crate) fn bound_to(db: &Connection) -> Result<Application> {
    let row = db.query_row("SELECT client_id, origin FROM store", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let (client_id, origin) = row?;
    Ok(Application {
        client_id: ClientId::new(client_id).map_err(|_| broken("its client id"))?,
        origin: Origin::new(&origin).map_err(|_| broken("its address"))?,
    })
}

/// Whether a store of the current version holds nothing that Finch has answered: no attempt, no token, no
/// connection and no webhook.
pub(crate) fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM attempts UNION ALL SELECT 1 FROM tokens \
        UNION ALL SELECT 1 FROM connections UNION ALL SELECT 1 FROM webhooks)";
    db.query_row(sql, [], |row| row.get(0))
}

/// Binds the store to `application`.
pub(crate) fn bind(db: &Connection, application: &Application) -> rusqlite::Result<()> {
    let Application { client_id, origin } = application;
    let sql = "UPDATE store SET client_id = ?1, origin = ?2";
    db.execute(sql, params![client_id.as_str(), origin.as_str()]).map(drop)
}

/// The keys, wrapped. None: there are none.
pub(crate) fn wrapped_keys(db: &Connection) -> rusqlite::Result<Option<WrappedKeys>> {
    let mut epochs = db.prepare("SELECT epoch, data_key, key_check FROM keys ORDER BY epoch")?;
    let epochs: Vec<WrappedEpoch> = epochs
        .query_map([], |row| {
            Ok(WrappedEpoch { epoch: row.get(0)?, data_key: row.get(1)?, check: row.get(2)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    if epochs.is_empty() {
        return Ok(None);
    }
    let of_store = db.query_row("SELECT uuid, kek, index_key FROM store", [], |row| {
        let (store, kek, index_key) =
            (row.get(0)?, KeyId::new(row.get::<_, String>(1)?), row.get(2)?);
        Ok(WrappedKeys { store, kek, index_key, epochs })
    });
    of_store.optional()
}
