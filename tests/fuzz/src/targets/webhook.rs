//! A webhook's delivery: headers and a body that anybody may send.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use finch_core::{Timestamp, WebhookEvent};
use finch_http::webhook::{WebhookRefused, WebhookSecrets, verify};
use finch_testkit::chain;

use crate::{
    Target,
    canary::{debug, filled, hidden, variant},
    http_answers::{head_and_body, is_plain},
    note,
};

/// Base64, and a canary too.
const SECRET: &str = "qzCanaryOfTheWebhookSecretzqqqqq";
const NOW: i64 = 1_676_312_382;

pub(crate) const TARGET: Target = Target {
    name: "webhook",
    run: webhook,
    reaches: "webhook: taken; webhook: an account's status; webhook: nothing is known; \
        webhook: a header is missing: Finch sends it with each webhook; \
        webhook: a header is not an event id; \
        webhook: a header is not a number of seconds; \
        webhook: a header came more than once, with different values; webhook: TooOld; \
        webhook: FromTheFuture; webhook: NoSignatureMatches; webhook: NotJson",
};

type Headers = Vec<(String, Vec<u8>)>;

/// Headers, one a line, an empty line, and the body. `@SIGNATURE@` stands for the right signature of what
/// is there.
fn webhook(data: &[u8]) {
    let (head, body) = head_and_body(data);
    let unsigned = headers(head);
    let right = signature(&unsigned, body);
    let filled_head = filled(head, &[("@SIGNATURE@", &right)]);
    let headers = headers(&filled_head);
    let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let secrets = WebhookSecrets::new([SECRET]).unwrap();
    let now = Timestamp::from_second(NOW).unwrap();
    match verify(&secrets, given, body, now) {
        Ok(event) => check(&event, &headers, body),
        Err(refused) => {
            note(&match &refused {
                WebhookRefused::Header { problem, .. } => format!("webhook: a header {problem}"),
                refused => format!("webhook: {}", variant(refused)),
            });
            hidden(&chain(&refused), &[SECRET, &right]);
            assert!(chain(&refused).len() < 2000, "a refusal is short");
        }
    }
    hidden(&debug(&secrets), &[SECRET]);
}

/// What was taken is signed, of now, and says what its body says.
fn check(event: &WebhookEvent, headers: &Headers, body: &[u8]) {
    note("webhook: taken");
    assert_eq!(event.body.as_bytes(), body);
    assert_eq!(first(headers, "finch-event-id"), event.id.as_str().as_bytes());
    let sent = String::from_utf8(first(headers, "finch-timestamp").to_vec()).unwrap();
    assert!(sent.bytes().all(|byte| byte.is_ascii_digit()), "{sent}");
    assert!(sent.parse::<i64>().unwrap().abs_diff(NOW) <= 300, "{sent}");
    let right = signature(headers, body);
    let listed = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("finch-signature"));
    let lists = |value: &[u8]| value.windows(right.len()).any(|part| part == right.as_bytes());
    assert!(listed.into_iter().any(|(_, value)| lists(value)), "the signature is there");
    // What this reader does not take, such as an unpaired surrogate, is not compared.
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let Some(json) = json.filter(|_| is_plain(body)) else { return };
    let text = |name: &str| json.get(name).and_then(|value| value.as_str());
    assert_eq!(event.event_type, text("event_type").unwrap_or_default());
    assert_eq!(event.connection_id, text("connection_id").and_then(|id| id.parse().ok()));
    assert_eq!(event.company_id, text("company_id").and_then(|id| id.parse().ok()));
    let status = json.get("data").and_then(|data| data.get("status")?.as_str());
    let status = status.filter(|_| event.event_type == "account.updated");
    assert_eq!(event.status, status.map(Into::into));
    if event.status.is_some() {
        note("webhook: an account's status");
    } else if event.event_type.is_empty() && event.connection_id.is_none() {
        note("webhook: nothing is known");
    }
}

fn headers(head: &[u8]) -> Headers {
    let line = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
        Some((String::from_utf8_lossy(&line[..colon]).into_owned(), value.to_vec()))
    };
    head.split(|byte| *byte == b'\n').filter_map(line).collect()
}

fn first<'a>(headers: &'a Headers, name: &str) -> &'a [u8] {
    let mut named = headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
    named.next().map_or(b"", |(_, value)| value)
}

fn signature(headers: &Headers, body: &[u8]) -> String {
    let (id, time) = (first(headers, "finch-event-id"), first(headers, "finch-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET).unwrap());
    let tag = hmac::sign(&key, &[id, b".", time, b".", body].concat());
    format!("v1,{}", STANDARD.encode(tag))
}
