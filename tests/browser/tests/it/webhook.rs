//! Webhooks over HTTP, as Finch sends them, and forged.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use finch_browser::{Browser, Driver, Mode};
use finch_emulator::{Fault, FinchError};
use finch_example_host::{Host, WEBHOOK_SECRET};

use crate::{
    http,
    steps::{calls, connect, sign_in},
};

const FORGERS: &str = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC";

fn sent(from_now: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    now.saturating_add_signed(from_now).to_string()
}

/// Delivers an event that was sent so many seconds from now: the status, and what the answer says.
async fn deliver(host: &Host, secret: &str, id: &str, from_now: i64, body: &str) -> (u16, String) {
    let sent = sent(from_now);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).expect("a secret"));
    let tag = hmac::sign(&key, format!("{id}.{sent}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(tag.as_ref()));
    let headers =
        [("finch-event-id", id), ("finch-timestamp", &sent), ("finch-signature", &signature)];
    let url = format!("{}/webhook", host.pages());
    let answer = http::send_body(&url, &headers, body.as_bytes().to_vec()).await;
    (answer.status, answer.body)
}

fn says(connection: &str, status: &str) -> String {
    format!(
        r#"{{"event_type":"account.updated","connection_id":"{connection}","data":{{"status":"{status}"}}}}"#
    )
}

#[tokio::test]
async fn what_finch_signs_acts_once_and_nothing_else_acts() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let finch = host.emulator();
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;
    let connection = finch.state().connections.remove(0).connection_id;
    let asked = || calls(&host, "GET /introspect");
    let before = asked();
    let reauth = says(&connection, "reauth");
    let refused = (401, String::new());

    // Junk, old, from the future, unsigned; nothing that helps a forger is said.
    assert_eq!(deliver(&host, FORGERS, "msg_1", 0, &reauth).await, refused);
    assert_eq!(deliver(&host, WEBHOOK_SECRET, "msg_1", -302, &reauth).await, refused);
    assert_eq!(deliver(&host, WEBHOOK_SECRET, "msg_1", 320, &reauth).await, refused);
    let url = format!("{}/webhook", host.pages());
    let now = sent(0);
    for signature in ["", "v1,", "v1,junk", "v2,AAAA", "\u{fc}"] {
        let headers = [
            ("finch-event-id", "msg_1"),
            ("finch-timestamp", &now),
            ("finch-signature", signature),
        ];
        let answer = http::send_body(&url, &headers, reauth.clone().into_bytes()).await;
        assert_eq!((answer.status, answer.body), refused, "{signature:?}");
    }
    let unsigned = http::send_body(&url, &[], reauth.clone().into_bytes()).await;
    assert_eq!((unsigned.status, unsigned.body), refused);
    assert_eq!(http::get(&url, &[]).await.status, 405);
    // Signed, and no JSON; and 10 MB, of which not even the signature is looked at.
    assert_eq!(deliver(&host, WEBHOOK_SECRET, "msg_1", 0, "no json").await.0, 400);
    let huge = format!("\"{}\"", "x".repeat(10_000_000));
    let answered = deliver(&host, WEBHOOK_SECRET, "msg_1", 0, &huge);
    let answered = tokio::time::timeout(Duration::from_secs(10), answered).await.expect("quickly");
    assert_eq!(answered.0, 413);
    assert_eq!(asked(), before, "Finch was asked nothing");
    browser.reload().await;
    browser.sees("Connected since").await;
    browser.does_not_see("Sign-in needed").await;

    // What was refused has not used its id up. It is a hint: Finch is asked, and says so.
    finch.push_fault(Fault::on("/introspect").error(FinchError::ReauthenticateUser));
    assert_eq!(deliver(&host, WEBHOOK_SECRET, "msg_1", 0, &reauth).await, (200, String::new()));
    browser.until_sees("Sign-in needed").await;
    assert_eq!(asked(), before + 1);
    // Sent again it changes nothing; and what Finch does not confirm, neither.
    for again in [0, 5] {
        assert_eq!(deliver(&host, WEBHOOK_SECRET, "msg_1", again, &reauth).await.0, 200);
    }
    let ended = says(&connection, "disconnected");
    assert_eq!(deliver(&host, WEBHOOK_SECRET, "msg_2", 0, &ended).await.0, 200);
    browser.until_not_seen("Sign-in needed").await;
    browser.sees("Connected since").await;
    browser.does_not_see("Ended").await;
    assert_eq!(asked(), before + 2, "msg_1 once, msg_2 once");
    browser.close().await;
}
