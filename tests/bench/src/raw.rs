//! The limit of a lookup: SQLite and the cipher by themselves, on the same rows.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use finch_core::{ConnectionId, CustomerId};
use finch_seal::KeySource as _;
use rusqlite::{Connection, OpenFlags, Row, config::DbConfig};
use secrecy::ExposeSecret as _;

use crate::{
    fill::{kek, wrapped_keys},
    host::runtime,
    numbered::application,
};

/// As a reader of the store is set, but for what guards against damage.
const READING: &str = "
    PRAGMA query_only = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA mmap_size = 1073741824;
";

/// The query that the store makes: by the name of the connection and the customer.
const SAME: &str = "SELECT id, epoch, sealed, connection_id, products, status, fingerprint, used_at \
    FROM tokens LEFT JOIN secrets ON token = id \
    WHERE customer = ?2 AND connection = \
        (SELECT connection FROM tokens WHERE connection_id = ?1 AND customer = ?2 LIMIT 1) \
    AND state = 'active' ORDER BY id DESC";

pub(crate) struct Raw {
    db: Connection,
    key: LessSafeKey,
    store: [u8; 16],
    client_id: String,
}

impl Raw {
    /// With the guard that the store's readers have: every page that is looked at is checked first.
    pub(crate) fn that_checks_cells(path: &Path) -> Self {
        let raw = Self::over(path);
        raw.db.execute_batch("PRAGMA cell_size_check = ON").unwrap();
        raw
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: expanded into the key schedule")]
    pub(crate) fn over(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).unwrap();
        db.execute_batch(READING).unwrap();
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
        let keys = wrapped_keys(&db);
        let epoch = &keys.epochs[0];
        let context =
            framed(&[b"finch-seal key v1", b"data", &keys.store, &epoch.epoch.to_be_bytes()]);
        let data_key = runtime().block_on(kek().unwrap(&epoch.data_key, &context)).unwrap();
        let key = UnboundKey::new(&AES_256_GCM_SIV, data_key.expose_secret()).unwrap();
        let client_id = application().client_id.as_str().to_owned();
        Self { db, key: LessSafeKey::new(key), store: keys.store, client_id }
    }

    pub(crate) fn same(&self, connection: &ConnectionId, customer: &CustomerId) -> Vec<u8> {
        let mut statement = self.db.prepare_cached(SAME).unwrap();
        let mut rows = statement.query([connection.as_str(), customer.as_str()]).unwrap();
        self.unseal(rows.next().unwrap().unwrap(), customer.as_str())
    }

    /// Header, nonce, ciphertext, tag: 6, 12, so many, and 16 bytes.
    fn unseal(&self, row: &Row<'_>, customer: &str) -> Vec<u8> {
        let sealed = row.get_ref(2).unwrap().as_blob().unwrap();
        let (header, rest) = sealed.split_first_chunk::<6>().unwrap();
        let (nonce, rest) = rest.split_first_chunk::<12>().unwrap();
        let (ciphertext, tag) = rest.split_last_chunk::<16>().unwrap();
        let bound_to = framed(&[
            b"finch-seal token v1",
            header,
            &self.store,
            self.client_id.as_bytes(),
            &[1],
            customer.as_bytes(),
            row.get_ref(3).unwrap().as_bytes().unwrap(),
            row.get_ref(6).unwrap().as_blob().unwrap(),
            &[1],
        ]);
        let mut secret = vec![0; ciphertext.len()];
        let nonce = Nonce::from(nonce);
        self.key
            .open_separate_gather(nonce, Aad::from(bound_to), ciphertext, tag, &mut secret)
            .unwrap();
        secret
    }
}

/// Fields as finch-seal frames them.
fn framed(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| 8 + field.len()).sum());
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}
