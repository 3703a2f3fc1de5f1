//! Sealed secrets: opaque bytes, appended and overwritten in place. The hot path is here.

use finch_core::{
    ConnectionId, ConnectionStatus, CustomerId, Fingerprint, Product, Sealed, SealedToken,
    SecretRow, Seq, TokenId, TokenQuery,
};
use rusqlite::{Connection, Row, params};

use crate::{
    error::{Result, broken},
    rows::{execute, one, parse, time},
};

/// The epoch of a wiped secret.
const WIPED: [u8; 4] = [0; 4];

const SEALED: &str = "SELECT epoch, sealed FROM tokens LEFT JOIN secrets ON token = id \
    WHERE id = ?1 AND state <> 'revoked'";

pub(crate) fn sealed(db: &Connection, token: TokenId) -> Result<Option<Sealed>> {
    one(db, SEALED, [token.0.0], |row| sealed_at(row, 0))
}

/// The epoch and the bytes, out of two columns from this one on. What is missing or wiped has no bytes.
fn sealed_at(row: &Row<'_>, column: usize) -> Result<Sealed> {
    Ok(match row.get::<_, Option<[u8; 4]>>(column)? {
        None | Some(WIPED) => Sealed { epoch: 0, bytes: Vec::new() },
        Some(epoch) => Sealed { epoch: u32::from_be_bytes(epoch), bytes: row.get(column + 1)? },
    })
}

/// Newest first, out of the connection in which the customer has a token under the `connection_id`.
pub(crate) const USABLE: &str = "SELECT id, epoch, sealed, connection_id, products, status, fingerprint, used_at \
    FROM tokens LEFT JOIN secrets ON token = id WHERE customer = ?2 AND connection = \
        (SELECT connection FROM tokens WHERE connection_id = ?1 AND customer = ?2 LIMIT 1) \
    AND state = 'active' ORDER BY id DESC";

pub(crate) fn usable_token(
    db: &Connection,
    customer: &CustomerId,
    connection: &ConnectionId,
    query: &TokenQuery,
) -> Result<Option<SealedToken>> {
    let mut statement = db.prepare_cached(USABLE)?;
    let mut rows = statement.query([connection.as_str(), customer.as_str()])?;
    while let Some(row) = rows.next()? {
        let id = TokenId(Seq(row.get(0)?));
        let bad = |column: &str| broken(format_args!("the {column} of {id}"));
        let products: Vec<Product> = parse(row, 4, || format!("the products of {id}"))?;
        let status = row.get_ref(5)?.as_str_or_null().map_err(|_| bad("status"))?;
        if query.accepts(&products, status.map(ConnectionStatus::from).as_ref()) {
            return Ok(Some(SealedToken {
                id,
                connection_id: ConnectionId::new(row.get::<_, String>(3)?)
                    .map_err(|_| bad("connection id"))?,
                products,
                fingerprint: Fingerprint(row.get(6)?),
                sealed: sealed_at(row, 1)?,
                used_at: row.get::<_, Option<i64>>(7)?.map(time),
            }));
        }
    }
    Ok(None)
}

/// Whether a secret names an older epoch.
pub(crate) const OLDER: &str = "SELECT 1 FROM secrets \
    WHERE epoch > x'00000000' AND epoch < ?1 LIMIT 1";

pub(crate) fn write(db: &Connection, row: &SecretRow) -> Result<()> {
    let token = row.token.0.0;
    match &row.sealed {
        Some(Sealed { epoch, bytes }) => {
            let sql = "INSERT INTO secrets (token, epoch, sealed) VALUES (?1, ?2, ?3) \
                ON CONFLICT (token) DO UPDATE SET epoch = excluded.epoch, sealed = excluded.sealed";
            execute(db, sql, params![token, epoch.to_be_bytes(), bytes])
        }
        None => {
            let sql =
                "UPDATE secrets SET epoch = ?2, sealed = zeroblob(length(sealed)) WHERE token = ?1";
            execute(db, sql, params![token, WIPED])
        }
    }
}
