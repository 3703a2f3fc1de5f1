//! What is logged: Finch's request ids, and no secret at any level.

use std::{cell::RefCell, fmt::Debug, sync::Once};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{
    finch::{
        INTROSPECTION, SESSION, disconnect, exchange, grant, introspect, new_session, playing,
    },
    server::{Play, answer, json},
};

/// Takes in everything, at every level, of every test, and fails the one that logs a secret.
struct Log;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Switches the log on, for all tests.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Log).expect("no other log"));
}

struct Line(String);

impl Line {
    fn write(self) {
        assert!(!self.0.contains("canary"), "{}", self.0);
        LINES.with_borrow_mut(|lines| lines.push(self.0));
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut line = Line(attributes.metadata().name().to_owned());
        attributes.record(&mut line);
        line.write();
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        line.write();
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        line.write();
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

// On one thread, so that the lines are this test's.
#[tokio::test]
async fn every_answer_leaves_its_request_id_and_nothing_leaves_a_secret() {
    let with_id = |status, id: &str, body: &str| {
        Play::Answer(answer(status, &format!("Finch-Request-Id: {id}\r\n"), body))
    };
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
    let allowed = [
        "message",
        "operation",
        "attempt",
        "status",
        "request_id",
        "elapsed_ms",
        "problem",
        "wait_ms",
    ];
    for field in text.split([' ', '\n']).filter_map(|word| word.split_once('=')) {
        assert!(allowed.contains(&field.0), "{text}");
    }
    for id in ["req-1", "req-2", "req-3", "req-4"] {
        assert!(text.contains(&format!("request_id=\"{id}\"")), "{text}");
    }
    assert!(text.contains(r#"operation="introspect" attempt=2 status=200"#), "{text}");
    assert_eq!(lines.len(), 8, "{text}");
}
