//! What a database says of itself: what it is, whose it is, and its wrapped keys.

use finch_core::{Application, ClientId, Origin};
use finch_seal::{KeyId, WrappedKeys};
use rusqlite::{Connection, OptionalExtension as _};

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

/// The keys of the newest epoch. None: there are none.
pub(crate) fn wrapped_keys(db: &Connection) -> rusqlite::Result<Option<WrappedKeys>> {
    let sql = "SELECT uuid, kek, epoch, data_key, index_key, key_check FROM store, keys ORDER BY epoch DESC LIMIT 1";
    db.query_row(sql, [], |row| {
        Ok(WrappedKeys {
            store: row.get(0)?,
            kek: KeyId::new(row.get::<_, String>(1)?),
            epoch: row.get(2)?,
            data_key: row.get(3)?,
            index_key: row.get(4)?,
            check: row.get(5)?,
        })
    })
    .optional()
}
