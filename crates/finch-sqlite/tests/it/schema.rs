//! A schema that was changed is refused by the name of what was changed: at open, when a store is examined or
//! restored, and by `verify`.

use finch_core::Actionable as _;
use finch_sqlite::{OpenStoreError as E, RestoreError, SqliteTokenStore, examine, restore};
use finch_testkit::store_token;

use crate::support::{Home, by_id, token};

/// Replaces one text in the definition of this object.
fn rewrite(name: &str, from: &str, to: &str) -> String {
    format!(
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE name = '{name}'; \
         PRAGMA writable_schema = RESET"
    )
}

#[tokio::test]
async fn a_changed_schema_is_refused_by_name() {
    let whole = Home::new();
    store_token(&whole.open(), "acme", token("a")).await;
    let hidden = "CREATE TRIGGER tokens_stay_dead BEFORE UPDATE OF state ON tokens \
        WHEN old.state = 'revoked' AND new.state <> 'revoked' BEGIN \
        SELECT raise(IGNORE), '-- a revoked token stays revoked'; END";
    let planted = "CREATE TRIGGER planted AFTER UPDATE ON tokens BEGIN \
        DELETE FROM secrets; END";
    for (sql, says) in [
        (planted.to_owned(), r#"it has the trigger "planted", which this release does not know"#),
        ("DROP TRIGGER events_are_kept".to_owned(), r#"its trigger "events_are_kept" is missing"#),
        (
            format!("DROP TRIGGER tokens_stay_dead; {hidden}"),
            r#"its trigger "tokens_stay_dead" was changed"#,
        ),
        ("DROP INDEX disconnects_open".to_owned(), r#"its index "disconnects_open" is missing"#),
        (
            "DROP INDEX tokens_by_connection; \
             CREATE INDEX tokens_by_connection ON tokens (connection) WHERE state = 'active'"
                .to_owned(),
            r#"its index "tokens_by_connection" was changed"#,
        ),
        ("CREATE INDEX odd ON tokens (status)".to_owned(), r#"it has the index "odd""#),
        ("CREATE TABLE notes (x)".to_owned(), r#"it has the table "notes""#),
        ("ANALYZE".to_owned(), r#"it has the table "sqlite_stat1""#),
        ("CREATE VIEW v AS SELECT * FROM secrets".to_owned(), r#"it has the view "v""#),
        ("ALTER TABLE pace ADD COLUMN more INTEGER".to_owned(), r#"its table "pace" was changed"#),
        (
            rewrite("tokens", "CHECK (length(fingerprint) = 32)", "CHECK (1)"),
            r#"its table "tokens" was changed"#,
        ),
        (rewrite("secrets", "epoch BLOB", "epoch  BLOB"), r#"its table "secrets" was changed"#),
    ] {
        let home = Home::new();
        let open = home.open();
        drop(open);
        std::fs::copy(&whole.path, &home.path).unwrap();
        let open = home.open();
        assert!(open.verify(|_, _| {}).await.unwrap().is_sound());
        home.sql().execute_batch(&sql).unwrap();
        let damage = open.verify(|_, _| {}).await.unwrap().damage;
        assert!(damage.iter().any(|line| line.contains(says)), "{sql}: {damage:?}");
        drop(open);
        let before = std::fs::read(&home.path).unwrap();
        let new = Home::new();
        let restored = restore(&home.path, &new.options(), |_, _| {}).expect_err("refused");
        let RestoreError::Backup(restored) = restored else { panic!("{restored:?}") };
        let opened = SqliteTokenStore::open(home.options()).expect_err("refused");
        for error in [opened, examine(&home.path).expect_err("refused"), restored] {
            assert!(matches!(&error, E::Schema { path, .. } if *path == home.path), "{error:?}");
            assert!(error.to_string().contains(says), "{error}");
            assert!(error.next_step().contains("restore a backup"), "{error}");
        }
        assert!(std::fs::read(&home.path).unwrap() == before, "{sql}");
    }
    assert_eq!(by_id(&whole.open(), "a").await.tokens.len(), 1);
}
