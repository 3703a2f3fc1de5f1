//! Sealed secrets, unsealed: the hot path.

use finch_core::{
    AccessToken, ConnectionId, ConnectionStatus, CustomerId, TokenId, UsableToken, Wanted,
};
use rusqlite::Connection;

use crate::{
    error::{Result, broken},
    rows::products,
    sealer::Sealer,
    values::{number, seq, time},
};

const SECRET: &str = "SELECT customer, sealed FROM tokens LEFT JOIN secrets ON token = id \
    WHERE id = ?1 AND state <> 'revoked'";

pub(crate) fn secret(
    db: &Connection,
    sealer: &Sealer,
    token: TokenId,
) -> Result<Option<AccessToken>> {
    let mut statement = db.prepare_cached(SECRET)?;
    let mut rows = statement.query([number(token.0)])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let customer = row
        .get_ref(0)?
        .as_str_or_null()
        .map_err(|_| broken(format_args!("the customer of {token}")))?;
    sealer.unseal(db, token, customer, sealed(row, 1)?).map(Some)
}

/// Newest first, out of the connection in which the customer has a token under the `connection_id`.
pub(crate) const USABLE: &str = "SELECT id, sealed, connection_id, products, status, used_at \
    FROM tokens LEFT JOIN secrets ON token = id \
    WHERE customer = ?2 AND connection = \
        (SELECT connection FROM tokens WHERE connection_id = ?1 AND customer = ?2 LIMIT 1) \
    AND state = 'active' ORDER BY id DESC";

pub(crate) fn usable_token(
    db: &Connection,
    sealer: &Sealer,
    customer: &CustomerId,
    connection: &ConnectionId,
    wanted: &Wanted,
) -> Result<Option<UsableToken>> {
    let mut statement = db.prepare_cached(USABLE)?;
    let mut rows = statement.query([connection.as_str(), customer.as_str()])?;
    while let Some(row) = rows.next()? {
        let token = TokenId(seq(row.get(0)?));
        let bad = |column: &str| broken(format_args!("the {column} of {token}"));
        let products = products(row.get_ref(3)?.as_str().map_err(|_| bad("products"))?, token)?;
        let status = row
            .get_ref(4)?
            .as_str_or_null()
            .map_err(|_| bad("status"))?
            .map(ConnectionStatus::from);
        if wanted.accepts(&products, status.as_ref()) {
            return Ok(Some(UsableToken {
                secret: sealer.unseal(db, token, Some(customer.as_str()), sealed(row, 1)?)?,
                connection_id: ConnectionId::new(row.get::<_, String>(2)?)
                    .map_err(|_| bad("connection id"))?,
                products,
                id: token,
                used_at: row.get::<_, Option<i64>>(5)?.map(time),
            }));
        }
    }
    Ok(None)
}

/// A secret that is missing opens as little as one that was cut off.
fn sealed<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(column)?.as_blob_or_null().ok().flatten().unwrap_or_default())
}
