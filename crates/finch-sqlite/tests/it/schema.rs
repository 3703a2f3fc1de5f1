//! A schema that was changed is refused by the name of what was changed: at open, when a store is examined or
//! restored, and by `verify`.

use finch_sqlite::{SqliteTokenStore, StoreProblem, examine, restore};

use crate::support::{Home, by_id};

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
    let whole = Home::used().await;
    let hidden = "CREATE TRIGGER tokens_stay_dead BEFORE UPDATE OF state ON tokens \
        WHEN old.state = 'revoked' AND new.state <> 'revoked' BEGIN \
        SELECT raise(IGNORE), '-- a revoked token stays revoked'; END";
    let planted = "CREATE TRIGGER planted AFTER UPDATE ON tokens BEGIN DELETE FROM secrets; END";
    let index = "DROP INDEX tokens_by_connection; \
        CREATE INDEX tokens_by_connection ON tokens (connection) WHERE state = 'active'";
    for (sql, says) in [
        (planted.to_owned(), r#"it has the trigger "planted", which this release does not know"#),
        ("DROP TRIGGER events_are_kept".to_owned(), r#"its trigger "events_are_kept" is missing"#),
        (
            format!("DROP TRIGGER tokens_stay_dead; {hidden}"),
            r#"its trigger "tokens_stay_dead" was changed"#,
        ),
        ("DROP INDEX disconnects_open".to_owned(), r#"its index "disconnects_open" is missing"#),
        (index.to_owned(), r#"its index "tokens_by_connection" was changed"#),
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
        drop(home.open());
        std::fs::copy(&whole.path, &home.path).unwrap();
        let open = home.open();
        assert!(open.verify(|_, _| {}).await.unwrap().is_empty());
        home.sql().execute_batch(&sql).unwrap();
        let damage = open.verify(|_, _| {}).await.unwrap();
        assert!(damage.iter().any(|line| line.contains(says)), "{sql}: {damage:?}");
        drop(open);
        let before = std::fs::read(&home.path).unwrap();
        let new = Home::new();
        let restored = restore(&home.path, &new.options(), |_, _| {}).map(drop);
        let opened = SqliteTokenStore::open(home.options()).map(drop);
        for refused in [opened, examine(&home.path).map(drop), restored] {
            let error = refused.expect_err("refused");
            assert_eq!(error.path, home.path);
            let StoreProblem::Schema(difference) = error.problem else { panic!("{error:?}") };
            assert!(difference.contains(says), "{difference}");
        }
        assert!(std::fs::read(&home.path).unwrap() == before, "{sql}");
    }
    assert_eq!(by_id(&whole.open(), "a").await.tokens.len(), 1);
}
