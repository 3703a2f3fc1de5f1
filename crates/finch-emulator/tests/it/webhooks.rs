//! Webhooks: signed, on the wire, on a schedule, in the control API.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use base64::{Engine, engine::general_purpose::STANDARD};
use finch_emulator::{
    EmulatorError, Fault, LocalEmulator, WebhookDelivery, WebhookError, WebhookEvent,
    WebhookRequest,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc::{self, UnboundedReceiver},
    time::timeout,
};

use crate::{
    server::{self, Server, send},
    support::{Finch, HOOKS, HOOKS_SECRET, step_1, webhooks_to},
};

const NEXT_SECRET: &str = "bmV4dCBzZWNyZXQgb2YgdGhlIHJvdGF0aW9u";
const PATIENCE: Duration = Duration::from_secs(20);

/// A received webhook: its head, in lower case, and its body.
struct Received {
    head: String,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The number of its signatures by each of the secrets.
    fn signatures(&self) -> [usize; 2] {
        [HOOKS_SECRET, NEXT_SECRET].map(|secret| {
            let key = Key::new(HMAC_SHA256, &STANDARD.decode(secret).unwrap());
            let (id, at) = (self.header("finch-event-id"), self.header("finch-timestamp"));
            let signed = format!("{id}.{at}.{}", self.body);
            let is_valid = |item: &&str| {
                let tag = STANDARD.decode(item.strip_prefix("v1,").unwrap()).unwrap();
                verify(&key, signed.as_bytes(), &tag).is_ok()
            };
            self.header("finch-signature").split(' ').filter(is_valid).count()
        })
    }
}

/// Names in lower case; the values are as they were.
async fn read(stream: &mut TcpStream) -> Received {
    let mut text = String::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "the connection was closed");
        text.push_str(str::from_utf8(&piece[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = |line: &str| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {value}\n", name.to_ascii_lowercase()),
            None => format!("{line}\n"),
        };
        let received = Received { head: head.lines().map(lower).collect(), body: body.to_owned() };
        if received.header("content-length").parse() == Ok(body.len()) {
            return received;
        }
    }
}

/// An emulator, and the receiver of its webhooks, which gives these answers and then 200. An empty answer closes the
/// connection.
async fn started(answers: &[&'static str]) -> (Server, String, UnboundedReceiver<Received>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hooks?from=finch", listener.local_addr().unwrap());
    let (sender, received) = mpsc::unbounded_channel();
    let mut answers: VecDeque<_> = answers.iter().copied().collect();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let received = read(&mut stream).await;
            let status = answers.pop_front().unwrap_or("200 OK");
            if !status.is_empty() {
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            let _ = sender.send(received);
        }
    });
    let server = Server::start().await;
    server.emulator.webhooks_to(&url, HOOKS_SECRET).unwrap();
    (server, url, received)
}

async fn next(received: &mut UnboundedReceiver<Received>) -> Received {
    timeout(PATIENCE, received.recv()).await.unwrap().unwrap()
}

/// Waits until a delivery looks like this.
async fn until(
    server: &Server,
    id: &str,
    is: impl Fn(&WebhookDelivery) -> bool,
) -> WebhookDelivery {
    let found = || server.emulator.webhook_deliveries().into_iter().find(|d| d.event_id == id);
    server::until(|| is(&found().unwrap())).await;
    found().unwrap()
}

#[tokio::test]
async fn a_disconnect_is_announced_and_signed() {
    let (server, url, mut received) = started(&[]).await;
    let token = server.connect(step_1());
    assert_eq!(send(server.http_disconnect(&token)).await.status, 200);
    let webhook = next(&mut received).await;
    assert!(webhook.head.starts_with("POST /hooks?from=finch HTTP/1.1"));
    assert_eq!(webhook.header("host"), url.split('/').nth(2).unwrap());
    assert_eq!(webhook.header("content-type"), "application/json");
    assert_eq!(webhook.signatures(), [1, 0]);
    let at: u64 = webhook.header("finch-timestamp").parse().unwrap();
    assert!(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs().abs_diff(at) < 60);
    let expected = json!({
        "event_type": "account.updated", "company_id": token["company_id"],
        "account_id": token["account_id"], "connection_id": token["connection_id"],
        "data": { "status": "disconnected", "authentication_method": { "type": "credential" } },
    });
    assert_eq!(webhook.json(), expected);
    let id = webhook.header("finch-event-id");
    assert!(id.starts_with("msg_"));
    let delivery = until(&server, id, |delivery| delivery.status == "delivered").await;
    assert_eq!(delivery.attempts[0].status, Some(200));
    assert_eq!(delivery.connection_id.as_deref(), token["connection_id"].as_str());
    // A refused disconnect announces nothing.
    assert_eq!(send(server.http_disconnect(&token)).await.status, 401);
    assert!(received.is_empty() && server.emulator.webhook_deliveries().len() == 1);
}

#[tokio::test]
async fn anything_but_2xx_in_time_is_a_failed_attempt() {
    let (server, _, mut received) = started(&["500 No", "", "307 There\r\nlocation: /x"]).await;
    let emulator = &server.emulator;
    let id = emulator.send_webhook(&WebhookEvent::Test).unwrap();
    for (tries, pause) in [(1, 5), (2, 300), (3, 0)] {
        assert_eq!(next(&mut received).await.signatures(), [1, 0]);
        until(&server, &id, |delivery| delivery.attempts.len() == tries).await;
        emulator.advance(Duration::from_secs(pause));
    }
    let delivery = until(&server, &id, |delivery| delivery.status == "failed").await;
    let statuses: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(500), None, Some(307)]);
    assert!(delivery.attempts[1].error.is_some());
    // A port that is bound, so that nothing can listen on it.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    emulator.webhooks_to(url, HOOKS_SECRET).unwrap();
    let id = emulator.send_webhook(&WebhookEvent::Test).unwrap();
    let delivery = until(&server, &id, |delivery| !delivery.attempts.is_empty()).await;
    assert!(delivery.attempts[0].error.as_ref().unwrap().contains("reached"));
    emulator.no_webhooks();
    assert_eq!(emulator.webhook_deliveries()[1].status, "failed");
    assert_eq!(emulator.send_webhook(&WebhookEvent::Test), Err(WebhookError::NotRegistered));
    assert_eq!(emulator.resend_webhook(&id), Err(WebhookError::NotRegistered));
}

#[tokio::test]
async fn a_silent_receiver_occupies_a_bounded_number_of_connections() {
    let server = Server::start().await;
    let receiver = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", receiver.local_addr().unwrap());
    server.emulator.webhooks_to(url, HOOKS_SECRET).unwrap();
    for _ in 0..100 {
        server.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    }
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(receiver.accept().await.unwrap());
    }
    let all = server.emulator.webhook_deliveries();
    let waiting = all.iter().filter(|delivery| delivery.next_attempt_at.is_some());
    assert_eq!((all.len(), waiting.count()), (100, 84));
    // A closed connection makes room for the next webhook.
    silent.pop();
    timeout(PATIENCE, receiver.accept()).await.unwrap().unwrap();
}

#[tokio::test]
async fn during_a_rotation_both_secrets_sign() {
    let (server, url, mut received) = started(&[]).await;
    server.emulator.rotate_webhook_secret(NEXT_SECRET).unwrap();
    server.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    assert_eq!(next(&mut received).await.signatures(), [1, 1]);
    server.emulator.webhooks_to(&url, NEXT_SECRET).unwrap();
    server.emulator.send_webhook(&WebhookEvent::Test).unwrap();
    assert_eq!(next(&mut received).await.signatures(), [0, 1]);
}

#[test]
fn webhooks_have_an_api() {
    let finch = Finch::start();
    let [webhooks, send, resend] =
        ["", "/send", "/resend"].map(|to| format!("/__emulator/webhooks{to}"));
    let show = || finch.get(&webhooks).send();
    assert_eq!(show().json(), json!({ "url": null, "secrets": 0, "deliveries": [] }));
    let early = finch.post(&send).json(&json!({ "event_type": "test" })).send();
    assert_eq!(early.error(), (400, "invalid_request".to_owned()));
    let target = json!({ "url": HOOKS, "secrets": [HOOKS_SECRET, NEXT_SECRET] });
    assert_eq!(finch.post(&webhooks).json(&target).send().status, 200);
    let id = &finch.connect(step_1())["connection_id"];
    let hint = json!({ "event_type": "account.updated", "connection_id": id, "status": "new" });
    let sent = finch.post(&send).json(&hint).send();
    assert_eq!(sent.status, 201);
    assert_eq!(finch.emulator.state().connections[0].status, "connected");
    let other = json!({ "body": { "event_type": "payment.created", "data": { "x": [1] } } });
    assert_eq!(finch.post(&send).json(&other).send().status, 201);
    assert_eq!(finch.post(&resend).json(&sent.json()).send().status, 200);

    let shown = show();
    assert!(!shown.text.contains(HOOKS_SECRET) && !shown.text.contains(NEXT_SECRET));
    let shown = shown.json();
    assert_eq!((&shown["url"], &shown["secrets"]), (&target["url"], &json!(2)));
    let deliveries = &shown["deliveries"];
    let body = |at: usize| -> Value {
        serde_json::from_str(deliveries[at]["body"].as_str().unwrap()).unwrap()
    };
    assert_eq!(deliveries[0]["event_id"], sent.json()["event_id"]);
    assert_eq!(deliveries[1]["event_type"], "payment.created");
    assert_eq!((&body(0)["data"]["status"], body(1)), (&json!("new"), other["body"].clone()));
    assert_eq!(finch.call("DELETE", &webhooks).send().status, 200);
    assert_eq!(show().json()["url"], Value::Null);
}

fn sent(finch: &LocalEmulator) -> WebhookRequest {
    finch.send_webhook(&WebhookEvent::Test).unwrap();
    finch.take_webhook().unwrap()
}

#[test]
fn attempts_come_at_once_after_5_seconds_and_after_5_minutes_and_so_again_when_resent() {
    let finch = Finch::with_webhooks().emulator;
    let first = sent(&finch);
    let mut last = first.clone();
    for round in 0..2 {
        for pause in [5, 300] {
            finch.webhook_answered(&last, Some(301).filter(|_| pause == 5));
            assert_eq!(finch.webhook_deliveries()[0].status, "waiting");
            finch.advance(Duration::from_secs(pause - 1));
            assert!(finch.take_webhook().is_none());
            finch.advance(Duration::from_secs(1));
            let next = finch.take_webhook().unwrap();
            assert_eq!((&next.event_id, &next.body), (&first.event_id, &first.body));
            assert!(next.timestamp > last.timestamp && next.signature != last.signature);
            last = next;
        }
        if round == 0 {
            finch.webhook_answered(&last, None);
            assert_eq!(finch.webhook_deliveries()[0].status, "failed");
            finch.advance(Duration::from_secs(24 * 60 * 60));
            assert!(finch.take_webhook().is_none());
            finch.resend_webhook(&first.event_id).unwrap();
            last = finch.take_webhook().unwrap();
        }
    }
    finch.webhook_answered(&last, Some(299));
    let delivery = finch.webhook_deliveries().pop().unwrap();
    assert_eq!((delivery.status.as_str(), delivery.attempts.len()), ("delivered", 6));
}

#[test]
fn a_bounded_number_is_kept_more_of_those_that_wait_and_none_after_a_reset() {
    let finch = Finch::with_webhooks().emulator;
    let queue = |finch: &LocalEmulator, number| {
        for _ in 0..number {
            finch.send_webhook(&WebhookEvent::Test).unwrap();
        }
        finch.webhook_deliveries().len()
    };
    assert_eq!(queue(&finch, 150), 150);
    while let Some(webhook) = finch.take_webhook() {
        finch.webhook_answered(&webhook, Some(200));
    }
    assert_eq!(finch.webhook_deliveries().len(), 100);
    assert_eq!(queue(&finch, 10_200), 10_100);
    let late = finch.take_webhook().unwrap();
    finch.no_webhooks();
    finch.reset();
    assert!(finch.webhook_deliveries().is_empty());
    // The receiver is restored; the answer to a webhook from before the reset is ignored.
    let next = sent(&finch);
    for (answered, status) in [(late, "waiting"), (next, "delivered")] {
        finch.webhook_answered(&answered, Some(200));
        assert_eq!(finch.webhook_deliveries()[0].status, status);
    }
    let config = webhooks_to("https://app.example/");
    assert!(!format!("{config:?}").contains("5WbX"));
    assert!(matches!(LocalEmulator::new(config), Err(EmulatorError::BadWebhook(_))));
}

#[test]
fn every_change_of_status_is_announced_once() {
    let finch = Finch::with_webhooks();
    let token = finch.connect(step_1());
    let id = token["connection_id"].as_str().unwrap();
    for _ in 0..2 {
        assert!(finch.emulator.set_status(id, "reauth"));
    }
    finch.connect(step_1());
    assert!(finch.emulator.set_status(id, "error_permissions"));
    assert!(!finch.emulator.set_status(id, "disconnected"));
    assert!(!finch.emulator.set_status("x", "reauth"));
    // A lie changes nothing.
    finch.emulator.push_fault(Fault::on("/disconnect").lie());
    assert_eq!(finch.disconnect(&token).status, 200);
    assert_eq!(finch.emulator.webhook_deliveries().len(), 3);
    assert!(finch.emulator.end_connection(id));
    assert!(!finch.emulator.set_status(id, "connected"));
    let status = |delivery: &WebhookDelivery| -> Value {
        serde_json::from_str::<Value>(&delivery.body).unwrap()["data"]["status"].take()
    };
    let statuses: Vec<_> = finch.emulator.webhook_deliveries().iter().map(status).collect();
    assert_eq!(statuses, ["reauth", "connected", "error_permissions", "disconnected"]);
}
