//! Signed webhooks, on the wire and in the control API.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use base64::{Engine, engine::general_purpose::STANDARD};
use finch_emulator::{WebhookDelivery, WebhookError, WebhookEvent};
use serde_json::{Value, json};

use crate::{
    receiver::{Received, Receiver, SECRET},
    server::{self, Finch, send},
    support::{self, step_1},
};

const NEXT_SECRET: &str = "bmV4dCBzZWNyZXQgb2YgdGhlIHJvdGF0aW9u";

/// The number of its signatures by each of the secrets.
fn signatures(received: &Received) -> [usize; 2] {
    [SECRET, NEXT_SECRET].map(|secret| {
        let key = Key::new(HMAC_SHA256, &STANDARD.decode(secret).unwrap());
        let (id, at) = (received.header("finch-event-id"), received.header("finch-timestamp"));
        let signed = format!("{id}.{at}.{}", received.body);
        let items = received.header("finch-signature").split(' ');
        let is_valid = |item: &&str| {
            let tag = STANDARD.decode(item.strip_prefix("v1,").unwrap()).unwrap();
            verify(&key, signed.as_bytes(), &tag).is_ok()
        };
        items.filter(is_valid).count()
    })
}

async fn started(answers: &[&'static str]) -> (Finch, Receiver) {
    let finch = Finch::start().await;
    let receiver = Receiver::start(answers).await;
    finch.emulator.webhooks_to(&receiver.url, SECRET).unwrap();
    (finch, receiver)
}

/// Waits until a delivery looks like this.
async fn until(finch: &Finch, id: &str, is: impl Fn(&WebhookDelivery) -> bool) -> WebhookDelivery {
    let found = || finch.emulator.webhook_deliveries().into_iter().find(|d| d.event_id == id);
    server::until(|| is(&found().unwrap())).await;
    found().unwrap()
}

fn body(received: &Received) -> Value {
    serde_json::from_str(&received.body).unwrap()
}

#[tokio::test]
async fn a_disconnect_is_announced_and_signed() {
    let (finch, mut receiver) = started(&[]).await;
    let token = finch.connect(step_1()).await;
    assert_eq!(send(finch.disconnect(&token)).await.status, 200);
    let received = receiver.next().await;
    assert_eq!(received.line, "POST /hooks?from=finch HTTP/1.1");
    assert_eq!(received.header("host"), receiver.url.split('/').nth(2).unwrap());
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(signatures(&received), [1, 0]);
    let at: u64 = received.header("finch-timestamp").parse().unwrap();
    assert!(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs().abs_diff(at) < 60);
    let method = json!({ "type": "credential" });
    let expected = json!({
        "event_type": "account.updated", "company_id": token["company_id"],
        "account_id": token["account_id"], "connection_id": token["connection_id"],
        "data": { "status": "disconnected", "authentication_method": method },
    });
    assert_eq!(body(&received), expected);
    let id = received.header("finch-event-id");
    assert!(id.starts_with("msg_"));
    let delivery = until(&finch, id, |delivery| delivery.status == "delivered").await;
    assert_eq!(delivery.attempts[0].status, Some(200));
    assert_eq!(delivery.connection_id.as_deref(), token["connection_id"].as_str());
    // A refused disconnect announces nothing.
    assert_eq!(send(finch.disconnect(&token)).await.status, 401);
    assert!(receiver.is_empty() && finch.emulator.webhook_deliveries().len() == 1);
}

/// The schedule is that of `local_webhooks.rs`.
#[tokio::test]
async fn anything_but_2xx_in_time_is_a_failed_attempt() {
    let (finch, mut receiver) = started(&["500 No", "", "307 There\r\nlocation: /x"]).await;
    let id = finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    for (tries, pause) in [(1, 5), (2, 300), (3, 0)] {
        assert_eq!(signatures(&receiver.next().await), [1, 0]);
        until(&finch, &id, |delivery| delivery.attempts.len() == tries).await;
        finch.emulator.advance(Duration::from_secs(pause));
    }
    let delivery = until(&finch, &id, |delivery| delivery.status == "failed").await;
    let statuses: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(500), None, Some(307)]);
    assert!(delivery.attempts[1].error.is_some());
    // A port that is bound, so that nothing can listen on it.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    finch.emulator.webhooks_to(url, SECRET).unwrap();
    let id = finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    let delivery = until(&finch, &id, |delivery| !delivery.attempts.is_empty()).await;
    assert!(delivery.attempts[0].error.as_ref().unwrap().contains("reached"));
    finch.emulator.no_webhooks();
    assert_eq!(finch.emulator.webhook_deliveries()[1].status, "failed");
    assert_eq!(finch.emulator.send_webhook(&WebhookEvent::Test), Err(WebhookError::NotRegistered));
    assert_eq!(finch.emulator.resend_webhook(&id), Err(WebhookError::NotRegistered));
}

#[tokio::test]
async fn a_silent_receiver_occupies_a_bounded_number_of_connections() {
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
    // A closed connection makes room for the next webhook.
    silent.pop();
    let next = tokio::time::timeout(Duration::from_secs(20), receiver.accept());
    next.await.unwrap().unwrap();
}

#[tokio::test]
async fn during_a_rotation_both_secrets_sign() {
    let (finch, mut receiver) = started(&[]).await;
    finch.emulator.rotate_webhook_secret(NEXT_SECRET).unwrap();
    finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    assert_eq!(signatures(&receiver.next().await), [1, 1]);
    finch.emulator.webhooks_to(&receiver.url, NEXT_SECRET).unwrap();
    finch.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    assert_eq!(signatures(&receiver.next().await), [0, 1]);
}

const WEBHOOKS: &str = "/__emulator/webhooks";
const SEND: &str = "/__emulator/webhooks/send";
const RESEND: &str = "/__emulator/webhooks/resend";

#[test]
fn webhooks_have_an_api() {
    let finch = support::Finch::start();
    let show = || finch.get(WEBHOOKS).send();
    let nothing = json!({ "url": null, "secrets": 0, "deliveries": [] });
    assert_eq!(show().json(), nothing);
    let early = finch.post(SEND).json(&json!({ "event_type": "test" })).send();
    assert_eq!(early.error(), (400, "invalid_request".to_owned()));

    let target = json!({ "url": "http://127.0.0.1:1/hooks", "secrets": [SECRET, NEXT_SECRET] });
    assert_eq!(finch.post(WEBHOOKS).json(&target).send().status, 200);
    let token = finch.connect(step_1());
    let id = &token["connection_id"];
    let hint = json!({ "event_type": "account.updated", "connection_id": id, "status": "new" });
    let sent = finch.post(SEND).json(&hint).send();
    assert_eq!(sent.status, 201);
    assert_eq!(finch.emulator().state().connections[0].status, "connected");
    let other = json!({ "body": { "event_type": "payment.created", "data": { "x": [1] } } });
    assert_eq!(finch.post(SEND).json(&other).send().status, 201);
    assert_eq!(finch.post(RESEND).json(&sent.json()).send().status, 200);

    let shown = show();
    assert!(!shown.text.contains(SECRET) && !shown.text.contains(NEXT_SECRET));
    let shown = shown.json();
    assert_eq!((&shown["url"], &shown["secrets"]), (&target["url"], &json!(2)));
    let sent_body = |at: usize| -> Value {
        serde_json::from_str(shown["deliveries"][at]["body"].as_str().unwrap()).unwrap()
    };
    assert_eq!(shown["deliveries"][0]["event_id"], sent.json()["event_id"]);
    assert_eq!(sent_body(0)["data"]["status"], "new");
    assert_eq!(shown["deliveries"][1]["event_type"], "payment.created");
    assert_eq!(sent_body(1), other["body"]);
    assert_eq!(finch.call("DELETE", WEBHOOKS).send().status, 200);
    assert_eq!(show().json()["url"], Value::Null);
}
