//! The schema and its versions.

/// Marks the file as a store of Finch connections (`PRAGMA application_id`): "fnch".
pub(crate) const APPLICATION_ID: i32 = 0x666e_6368;

/// The whole current schema.
pub(crate) const SCHEMA: &str = include_str!("schema.sql");

/// The steps that lead to [`SCHEMA`]. Released steps never change; a new one goes to the end.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
];

/// The version in which events began to be chained.
pub(crate) const CHAINED_SINCE: usize = 3;

/// The version of [`SCHEMA`] (`PRAGMA user_version`).
pub(crate) const VERSION: usize = MIGRATIONS.len();

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{MIGRATIONS, SCHEMA};

    /// Every object of the schema, comments and white space left out.
    fn objects(steps: &[&str]) -> Vec<(String, String, String)> {
        let db = Connection::open_in_memory().unwrap();
        for step in steps {
            db.execute_batch(step).unwrap();
        }
        let plain = |sql: String| {
            let code = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
            code.flat_map(str::split_whitespace).collect::<String>()
        };
        let mut all = db
            .prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
            .unwrap();
        let rows = all.query_map([], |r| Ok((r.get(0)?, r.get(1)?, plain(r.get(2)?)))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn the_schema_is_what_all_migrations_lead_to() {
        assert!(objects(&[SCHEMA]).len() > 10);
        assert_eq!(objects(MIGRATIONS), objects(&[SCHEMA]));
    }

    #[test]
    fn attempts_from_before_version_5_are_forgotten_too() {
        let db = Connection::open_in_memory().unwrap();
        for step in &MIGRATIONS[..4] {
            db.execute_batch(step).unwrap();
        }
        db.execute_batch(
            r#"INSERT INTO attempts (id, customer, finch_customer_id, state_hash, purpose) VALUES
            (1, 'acme', 'acme~2', zeroblob(32), '{"expires_at":"2026-01-01T01:00:00.25Z"}')"#,
        )
        .unwrap();
        db.execute_batch(MIGRATIONS[4]).unwrap();
        let read = "SELECT expires_at, u.customer FROM attempts, used_customer_ids u \
            WHERE u.finch_customer_id = 'acme~2'";
        let row = db.query_row(read, [], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)));
        assert_eq!(row, Ok((1_767_229_200_000_000_000, "acme".to_owned())));
    }

    #[test]
    fn sqlite_is_recent_enough() {
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }
}
