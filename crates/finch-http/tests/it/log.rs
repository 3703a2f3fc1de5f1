//! What is logged: Finch's request ids, and no secret at any level.

use std::{cell::RefCell, sync::Once};

use finch_testkit::EveryLine;

use crate::{
    finch::{
        INTROSPECTION, SESSION, disconnect, exchange, grant, introspect, new_session, playing,
    },
    server::{Play, json, reply},
};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Switches the log on, for all tests: the one that logs a secret fails.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    let log = EveryLine(|line| {
        assert!(!line.contains("canary"), "{line}");
        LINES.with_borrow_mut(|lines| lines.push(line));
    });
    ONCE.call_once(|| tracing::subscriber::set_global_default(log).expect("no other log"));
}

// On one thread, so that the lines are this test's.
#[tokio::test]
async fn every_answer_leaves_its_request_id_and_nothing_leaves_a_secret() {
    let with_id =
        |status, id: &str, body: &str| reply(status, &format!("Finch-Request-Id: {id}\r\n"), body);
    let (_server, finch) = playing([
        with_id(200, "req-1", &grant()),
        with_id(503, "req-2", "canary"),
        with_id(200, "req-3", INTROSPECTION),
        Play::Last(vec![]),
        with_id(401, "canary-access-token", r#"{"name":"invalid_token"}"#),
        with_id(201, "req-4", SESSION),
        json(400, r#"{"name":"canary"}"#),
    ])
    .await;
    exchange(&finch).await.expect("a grant");
    introspect(&finch).await.expect("the second");
    disconnect(&finch).await.expect_err("lost");
    disconnect(&finch).await.expect_err("refused");
    new_session(&finch).await.expect("a session");
    exchange(&finch).await.expect_err("refused");

    let lines: Vec<_> =
        LINES.take().into_iter().filter(|line| line.starts_with("finch_http")).collect();
    let text = lines.join("\n");
    assert!(!text.contains("127.0.0.1"), "{text}");
    let allowed = "message operation attempt status request_id elapsed_ms problem wait_ms";
    for field in text.split([' ', '\n']).filter_map(|word| word.split_once('=')) {
        assert!(allowed.split(' ').any(|name| name == field.0), "{text}");
    }
    for id in ["req-1", "req-2", "req-3", "req-4"] {
        assert!(text.contains(&format!("request_id=\"{id}\"")), "{text}");
    }
    assert!(text.contains(r#"operation="introspect" attempt=2 status=200"#), "{text}");
    assert_eq!(lines.len(), 8, "{text}");
}
