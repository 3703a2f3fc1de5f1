//! Webhooks: what Finch signs is taken, and Finch is asked afterwards.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::{
    body::Body,
    http::{Method, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use finch_app::webhook::WebhookSecrets;
use finch_core::{StoreError, Timestamp};
use finch_testkit::Reach;
use finch_web::{WebhookHandler, Webhooks};

use crate::{
    browser::Seen,
    changes::pass,
    site::{BASE, Site, needs_reauth, options},
};

const SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
const OLD_SECRET: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";

async fn site() -> Site {
    let mut with = options();
    let secrets = WebhookSecrets::new([SECRET, OLD_SECRET]).unwrap();
    with.webhooks = Some(Webhooks { secrets, handler: None });
    Site::of(with, Reach::Pair).await
}

fn signature(secret: &str, id: &str, sent: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).unwrap());
    let tag = hmac::sign(&key, format!("{id}.{sent}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

/// Delivers an event that was sent so many seconds from now.
async fn deliver(site: &Site, secret: &str, id: &str, from_now: i64, body: &str) -> Seen {
    let sent = (Timestamp::now().as_second() + from_now).to_string();
    let finch = site.signed_out();
    let request = finch.request(Method::POST, &format!("{BASE}/webhook"));
    let request = request.header("finch-event-id", id).header("finch-timestamp", &sent);
    let request = request.header("finch-signature", signature(secret, id, &sent, body));
    finch.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn reauth(connection: &str) -> String {
    format!(
        r#"{{"event_type":"account.updated","connection_id":"{connection}","data":{{"status":"reauth"}}}}"#
    )
}

/// A pass of the reconciler asks Finch, and this change is reported.
async fn changes(site: &Site, change: &str) {
    assert_eq!(pass(site).await, [change]);
}

#[tokio::test]
async fn a_question_is_kept_and_finch_is_asked() {
    let site = site().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    let (_, id, ..) = site.finch.alive().remove(0);
    site.take_changes();
    site.finch.fail_next(needs_reauth());
    let answer = deliver(&site, SECRET, "msg_1", 0, &reauth(id.as_str())).await;
    answer.shows(200, &[]);
    assert_eq!(answer.body, "");
    changes(&site, "acme NeedsReauth").await;
    browser.get(BASE).await.shows(200, &["Sign-in needed"]);

    // The same again, by another secret that still counts: to ask twice is harmless.
    deliver(&site, OLD_SECRET, "msg_1", 2, &reauth(id.as_str())).await.shows(200, &[]);

    site.finch.end_from_dashboard(&id);
    let ended = reauth(id.as_str()).replace("reauth", "disconnected");
    deliver(&site, SECRET, "msg_2", 0, &ended).await.shows(200, &[]);
    changes(&site, "acme Disconnected").await;
    browser.get(BASE).await.shows(200, &["Nothing is connected", "Ended"]);

    // What cannot be kept is to be sent again; other events go nowhere without a handler.
    site.store.intercept.fail(|| StoreError::Busy);
    let answer = deliver(&site, SECRET, "msg_3", 0, &ended).await;
    assert_eq!((answer.status.as_u16(), answer.header(header::RETRY_AFTER)), (503, Some("5")));
    site.store.intercept.recover();
    deliver(&site, SECRET, "msg_3", 0, &ended).await.shows(200, &[]);
    site.finch.take_calls();
    let other = r#"{"event_type":"payroll.of_tomorrow","data":{}}"#;
    deliver(&site, SECRET, "msg_4", 0, other).await.shows(200, &[]);
    assert!(site.finch.take_calls().is_empty());
}

/// Nothing happens, and nothing that helps a forger is answered.
#[tokio::test]
async fn what_finch_has_not_signed_just_now_changes_nothing() {
    let site = site().await;
    let body = reauth("connection-1");
    let forgers = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC";
    let huge = format!("\"{}\"", "x".repeat(10_000_000));
    for (secret, id, from_now, body, status) in [
        (forgers, "msg_1", 0, &*body, 401),
        (SECRET, "msg_1", -301, &body, 401),
        (SECRET, "msg_1", 310, &body, 401),
        (SECRET, "msg.1", 0, &body, 401),
        (SECRET, "msg_2", 0, "no json", 400),
        (SECRET, "msg_3", 0, &huge, 413),
    ] {
        let answer = deliver(&site, secret, id, from_now, body).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (status, ""));
    }
    let webhook = format!("{BASE}/webhook");
    site.signed_out().post(&webhook, &[("a", "b")]).await.shows(401, &[]);
    site.signed_out().get(&webhook).await.shows(405, &[]);
    assert!(site.finch.take_calls().is_empty());
}

/// Finch gets its 200 only for an event that the handler has taken.
#[tokio::test]
async fn the_hosts_handler_takes_an_event_or_finch_sends_it_again() {
    let mut with = options();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let events = taken.clone();
    let secrets = WebhookSecrets::new([SECRET]).unwrap();
    let handler: WebhookHandler = Arc::new(move |event| {
        let mut taken = events.lock().unwrap();
        taken.push(event.event_type);
        let is_first = taken.len() == 1;
        Box::pin(async move { if is_first { Err("the queue is full".into()) } else { Ok(()) } })
    });
    with.webhooks = Some(Webhooks { secrets, handler: Some(handler) });
    let site = Site::of(with, Reach::Pair).await;
    let body = r#"{"event_type":"payment.created","connection_id":"c","data":{}}"#;
    let refused = deliver(&site, SECRET, "msg_1", 0, body).await;
    refused.shows(503, &[]);
    assert_eq!(refused.header(header::RETRY_AFTER), Some("5"));
    deliver(&site, SECRET, "msg_1", 0, body).await.shows(200, &[]);
    deliver(&site, SECRET, "msg_2", 0, &reauth("c")).await.shows(200, &[]);
    assert_eq!(*taken.lock().unwrap(), ["payment.created", "payment.created"]);
}

#[tokio::test]
async fn without_secrets_there_is_no_webhook() {
    let site = Site::new().await;
    deliver(&site, SECRET, "msg_1", 0, "{}").await.shows(404, &["Not found"]);
}
