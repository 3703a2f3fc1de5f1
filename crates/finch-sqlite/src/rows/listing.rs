//! Listings of connections, in pages of keys.

use finch_core::{ConnectionFilter, ConnectionKey, Due, Timestamp};
use rusqlite::types::Value;

use crate::values::{KeyQuery, clamped, nanoseconds};

pub(crate) const ALL: &str = "SELECT key FROM connections WHERE key > ?1 ORDER BY key LIMIT ?2";
pub(crate) const OF_CUSTOMER: &str = "SELECT DISTINCT connection FROM tokens \
    WHERE customer = ?3 AND connection > ?1 ORDER BY connection LIMIT ?2";
pub(crate) const OF_COMPANY: &str = "SELECT key FROM connections \
    WHERE company = ?3 AND key > ?1 ORDER BY key LIMIT ?2";
pub(crate) const DUE: &str = "SELECT key FROM connections \
    WHERE due IS NOT NULL AND (due <= ?3 OR due > ?4) AND key > ?1 ORDER BY key LIMIT ?2";
pub(crate) const QUESTION: &str = "SELECT key FROM connections \
    WHERE question_due IS NOT NULL AND (question_due <= ?3 OR question_due > ?4) AND key > ?1 \
    ORDER BY key LIMIT ?2";
pub(crate) const ATTENTION: &str =
    "SELECT key FROM connections WHERE attention = 1 AND key > ?1 ORDER BY key LIMIT ?2";
/// Along the connections, so that all pages together read each of them once.
pub(crate) const SEALED_BEFORE: &str = "SELECT key FROM connections WHERE key > ?1 \
    AND EXISTS (SELECT 1 FROM tokens CROSS JOIN secrets ON token = id \
        WHERE connection = key AND epoch > x'00000000' AND epoch < ?3) ORDER BY key LIMIT ?2";

/// The query for a page.
pub(crate) fn query(
    filter: &ConnectionFilter<'_>,
    after: Option<ConnectionKey>,
    limit: usize,
) -> KeyQuery {
    let (sql, filtered) = match filter {
        ConnectionFilter::All => (ALL, Vec::new()),
        ConnectionFilter::Customer(id) => (OF_CUSTOMER, vec![id.as_str().to_owned().into()]),
        ConnectionFilter::Company(id) => (OF_COMPANY, vec![id.as_str().to_owned().into()]),
        ConnectionFilter::Due(due) => (DUE, within(*due)),
        ConnectionFilter::Question(due) => (QUESTION, within(*due)),
        ConnectionFilter::Attention => (ATTENTION, Vec::new()),
        ConnectionFilter::SealedBefore(epoch) => {
            (SEALED_BEFORE, vec![epoch.to_be_bytes().to_vec().into()])
        }
    };
    let mut bound =
        vec![after.map_or(-1, |key| clamped(key.0.0)).into(), Value::from(clamped(limit))];
    bound.extend(filtered);
    KeyQuery { sql, bound }
}

fn within(due: Option<Due>) -> Vec<Value> {
    let whenever = Due { by: Timestamp::MAX, beyond: Timestamp::MAX };
    let Due { by, beyond } = due.unwrap_or(whenever);
    vec![nanoseconds(by).into(), nanoseconds(beyond).into()]
}
