//! Signed webhooks, on the wire.

use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use base64::{Engine, engine::general_purpose::STANDARD};
use finch_emulator::{WebhookDelivery, WebhookError, WebhookEvent};
use serde_json::{Value, json};

use crate::{
    receiver::{Received, Receiver},
    support::{Finch, send, step_1},
};

const SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
const NEXT_SECRET: &str = "bmV4dCBzZWNyZXQgb2YgdGhlIHJvdGF0aW9u";

/// How many of its signatures this secret made.
fn signed_by(received: &Received, secret: &str) -> usize {
    let key = Key::new(HMAC_SHA256, &STANDARD.decode(secret).unwrap());
    let (id, at) = (received.header("finch-event-id"), received.header("finch-timestamp"));
    let signed = format!("{id}.{at}.{}", received.body);
    let tags = received.header("finch-signature").split(' ').map(|item| {
        let tag = STANDARD.decode(item.strip_prefix("v1,").unwrap()).unwrap();
        verify(&key, signed.as_bytes(), &tag).is_ok()
    });
    tags.filter(|verified| *verified).count()
}

async fn started(answers: &[&'static str]) -> (Finch, Receiver) {
    let finch = Finch::start().await;
    let receiver = Receiver::start(answers).await;
    finch.emulator.webhooks_to(&receiver.url, SECRET).unwrap();
    (finch, receiver)
}

/// Waits until a delivery looks like this.
async fn until(finch: &Finch, id: &str, is: impl Fn(&WebhookDelivery) -> bool) -> WebhookDelivery {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let all = finch.emulator.webhook_deliveries();
        let delivery = all.into_iter().find(|delivery| delivery.event_id == id).unwrap();
        if is(&delivery) {
            return delivery;
        }
        assert!(Instant::now() < deadline, "{delivery:?}");
        tokio::task::yield_now().await;
    }
}

fn status_of(received: &Received) -> Value {
    let body: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!(body["event_type"], "account.updated");
    body["data"]["status"].clone()
}

#[tokio::test]
async fn a_disconnect_is_told_signed() {
    let (finch, mut receiver) = started(&[]).await;
    let token = finch.connect(step_1()).await;
    assert_eq!(finch.disconnect(&token).await.status, 200);
    let told = receiver.next().await;
    assert_eq!(told.line, "POST /hooks?from=finch HTTP/1.1");
    assert_eq!(told.header("content-type"), "application/json");
    assert_eq!(signed_by(&told, SECRET), 1);
    let at: u64 = told.header("finch-timestamp").parse().unwrap();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(now.abs_diff(at) < 60);
    let body: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(
        body,
        json!({
            "event_type": "account.updated", "company_id": token["company_id"],
            "account_id": token["account_id"], "connection_id": token["connection_id"],
            "data": { "status": "disconnected",
                      "authentication_method": { "type": "credential" } },
        })
    );
    let id = told.header("finch-event-id");
    assert!(id.starts_with("msg_"));
    let delivery = until(&finch, id, |delivery| delivery.status == "delivered").await;
    assert_eq!(delivery.attempts[0].status, Some(200));
    assert_eq!(delivery.connection_id.as_deref(), token["connection_id"].as_str());
    // A refused disconnect changes nothing.
    assert_eq!(finch.disconnect(&token).await.status, 401);
    assert_eq!(finch.emulator.webhook_deliveries().len(), 1);
    assert!(receiver.nothing_more());
}

#[tokio::test]
async fn every_change_of_status_is_told_once() {
    let (finch, mut receiver) = started(&[]).await;
    let token = finch.connect(step_1()).await;
    let id = token["connection_id"].as_str().unwrap();
    let bearer = token["access_token"].as_str().unwrap();
    let reauth = json!({ "connection_status": "reauth" });
    for _ in 0..2 {
        let call = finch.call(reqwest::Method::PUT, "/sandbox/connections/accounts");
        assert_eq!(send(call.bearer_auth(bearer).json(&reauth)).await.status, 200);
    }
    assert_eq!(status_of(&receiver.next().await), "reauth");
    // Somebody signs in again.
    finch.connect(step_1()).await;
    assert_eq!(status_of(&receiver.next().await), "connected");
    assert!(finch.emulator.set_status(id, "error_permissions"));
    assert_eq!(status_of(&receiver.next().await), "error_permissions");
    assert!(
        !finch.emulator.set_status(id, "disconnected") && !finch.emulator.set_status("x", "reauth")
    );
    let ended = json!({ "connection_id": id });
    assert_eq!(send(finch.post("/__emulator/disconnect").json(&ended)).await.status, 200);
    assert_eq!(status_of(&receiver.next().await), "disconnected");
    assert!(!finch.emulator.set_status(id, "connected"));
    assert_eq!(finch.emulator.webhook_deliveries().len(), 4);
}

#[tokio::test]
async fn what_is_not_taken_comes_again_in_the_emulators_time() {
    let (finch, mut receiver) = started(&["500 No", "", "307 There\r\nlocation: /x"]).await;
    let id = finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    let mut told = vec![receiver.next().await];
    for (tries, pause) in [(1, 5), (2, 300)] {
        until(&finch, &id, |delivery| {
            delivery.attempts.len() == tries && delivery.next_attempt_at.is_some()
        })
        .await;
        assert!(receiver.nothing_more());
        finch.emulator.advance(Duration::from_secs(pause));
        told.push(receiver.next().await);
    }
    let delivery = until(&finch, &id, |delivery| delivery.status == "failed").await;
    let statuses: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(500), None, Some(307)]);
    assert!(delivery.attempts[1].error.is_some());
    for again in &told {
        assert_eq!((again.header("finch-event-id"), &again.body), (id.as_str(), &told[0].body));
        assert_eq!(signed_by(again, SECRET), 1);
    }
    // By hand it goes out once more, the same.
    finch.emulator.resend_webhook(&id).unwrap();
    assert_eq!(receiver.next().await.body, told[0].body);
    until(&finch, &id, |delivery| delivery.status == "delivered").await;
}

#[tokio::test]
async fn nobody_there_is_no_delivery() {
    let finch = Finch::start().await;
    // A port that is taken, so that nobody else gets it, and that nobody listens on.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    finch.emulator.webhooks_to(url, SECRET).unwrap();
    let id = finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    let delivery = until(&finch, &id, |delivery| !delivery.attempts.is_empty()).await;
    assert_eq!((delivery.status.as_str(), delivery.attempts[0].status), ("waiting", None));
    assert!(delivery.attempts[0].error.as_ref().unwrap().contains("reached"));
    finch.emulator.no_webhooks();
    assert_eq!(finch.emulator.webhook_deliveries()[0].status, "failed");
    assert_eq!(finch.emulator.send_webhook(&WebhookEvent::Test), Err(WebhookError::NotRegistered));
    assert_eq!(finch.emulator.resend_webhook(&id), Err(WebhookError::NotRegistered));
}

#[tokio::test]
async fn a_receiver_that_never_answers_holds_up_few() {
    let finch = Finch::start().await;
    let receiver = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", receiver.local_addr().unwrap());
    finch.emulator.webhooks_to(url, SECRET).unwrap();
    for _ in 0..100 {
        finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    }
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(receiver.accept().await.unwrap());
    }
    let all = finch.emulator.webhook_deliveries();
    let waiting = all.iter().filter(|delivery| delivery.next_attempt_at.is_some());
    assert_eq!((all.len(), waiting.count()), (100, 84));
    // Whoever hangs up makes room for the next one.
    silent.pop();
    let next = tokio::time::timeout(Duration::from_secs(20), receiver.accept());
    next.await.unwrap().unwrap();
}

#[tokio::test]
async fn during_a_rotation_both_secrets_sign() {
    let (finch, mut receiver) = started(&[]).await;
    finch.emulator.rotate_webhook_secret(NEXT_SECRET).unwrap();
    finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    let told = receiver.next().await;
    assert_eq!(told.header("finch-signature").split(' ').count(), 2);
    assert_eq!((signed_by(&told, SECRET), signed_by(&told, NEXT_SECRET)), (1, 1));
    finch.emulator.webhooks_to(&receiver.url, NEXT_SECRET).unwrap();
    finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    let told = receiver.next().await;
    assert_eq!((signed_by(&told, SECRET), signed_by(&told, NEXT_SECRET)), (0, 1));
}

#[tokio::test]
async fn webhooks_have_an_api() {
    let finch = Finch::start().await;
    let mut receiver = Receiver::start(&[]).await;
    let nothing = send(finch.get("/__emulator/webhooks")).await.json();
    assert_eq!(nothing, json!({ "url": null, "secrets": 0, "deliveries": [] }));
    let path = "/__emulator/webhooks/send";
    let early = send(finch.post(path).json(&json!({ "event_type": "test" }))).await;
    assert_eq!(early.error(), (400, "invalid_request".to_owned()));

    let target = json!({ "url": receiver.url, "secrets": [SECRET, NEXT_SECRET] });
    assert_eq!(send(finch.post("/__emulator/webhooks").json(&target)).await.status, 200);
    let token = finch.connect(step_1()).await;
    let id = &token["connection_id"];
    let hint = json!({ "event_type": "account.updated", "connection_id": id, "status": "new" });
    let sent = send(finch.post(path).json(&hint)).await;
    assert_eq!(sent.status, 201);
    let told = receiver.next().await;
    assert_eq!(sent.json()["event_id"], told.header("finch-event-id"));
    assert_eq!(status_of(&told), "new");
    assert_eq!(finch.emulator.state().connections[0].status, "connected");

    let other = json!({ "body": { "event_type": "payment.created", "data": { "x": [1] } } });
    assert_eq!(send(finch.post(path).json(&other)).await.status, 201);
    assert_eq!(serde_json::from_str::<Value>(&receiver.next().await.body).unwrap(), other["body"]);

    let again = json!({ "event_id": sent.json()["event_id"] });
    until(&finch, again["event_id"].as_str().unwrap(), |it| it.status == "delivered").await;
    assert_eq!(send(finch.post("/__emulator/webhooks/resend").json(&again)).await.status, 200);
    assert_eq!(receiver.next().await.body, told.body);

    let shown = send(finch.get("/__emulator/webhooks")).await;
    assert!(!shown.text.contains(SECRET) && !shown.text.contains(NEXT_SECRET));
    assert_eq!(shown.json()["secrets"], 2);
    assert_eq!(shown.json()["deliveries"][1]["event_type"], "payment.created");
    assert_eq!(send(finch.call(reqwest::Method::DELETE, "/__emulator/webhooks")).await.status, 200);
    assert_eq!(send(finch.get("/__emulator/webhooks")).await.json()["url"], Value::Null);
}

#[tokio::test]
async fn bad_receivers_and_events_are_refused_by_field() {
    let finch = Finch::start().await;
    let good = "http://127.0.0.1:1/";
    for (target, field) in [
        (json!({ "url": "https://app.example/", "secret": SECRET }), "`url`"),
        (json!({ "url": "ftp://app.example/", "secret": SECRET }), "`url`"),
        (json!({ "url": "http://me:pw@app.example/", "secret": SECRET }), "`url`"),
        (json!({ "url": "/hooks", "secret": SECRET }), "`url`"),
        (json!({ "secret": SECRET }), "`url`"),
        (json!({ "url": good }), "`secret`"),
        (json!({ "url": good, "secret": "" }), "`secret`"),
        (json!({ "url": good, "secret": "whsec_abc" }), "`secret`"),
        (json!({ "url": good, "secrets": [] }), "`secret`"),
        (json!({ "url": good, "secret": SECRET, "secrets": [SECRET] }), "`secret`"),
    ] {
        let answer = send(finch.post("/__emulator/webhooks").json(&target)).await;
        assert!(answer.status == 400 && answer.text.contains(field), "{target}: {}", answer.text);
        assert!(!answer.text.contains(SECRET));
    }
    finch.emulator.webhooks_to(good, SECRET).unwrap();
    for (event, field) in [
        (json!({}), "`event_type`"),
        (json!({ "event_type": "payment.created" }), "`event_type`"),
        (json!({ "event_type": "account.updated", "status": "reauth" }), "`connection_id`"),
        (
            json!({ "event_type": "account.updated", "connection_id": "x", "status": "reauth" }),
            "`connection_id`",
        ),
        (json!({ "body": "text" }), "`body`"),
    ] {
        let answer = send(finch.post("/__emulator/webhooks/send").json(&event)).await;
        assert!(answer.status == 400 && answer.text.contains(field), "{event}: {}", answer.text);
    }
    let unknown = json!({ "event_id": "msg_unknown" });
    assert_eq!(send(finch.post("/__emulator/webhooks/resend").json(&unknown)).await.status, 400);
}
