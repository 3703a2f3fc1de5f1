//! The schedule of webhooks, and what is kept of them.

use std::time::Duration;

use finch_emulator::{
    EmulatorError, Fault, LocalEmulator, WebhookDelivery, WebhookEvent, WebhookRequest,
};
use serde_json::Value;

use crate::support::{Finch, step_1, webhooks_to};

fn started() -> LocalEmulator {
    Finch::with_webhooks().into_inner()
}

fn send(finch: &mut LocalEmulator) -> WebhookRequest {
    finch.send_webhook(&WebhookEvent::Test).unwrap();
    finch.take_webhook().unwrap()
}

#[test]
fn attempts_come_at_once_after_5_seconds_and_after_5_minutes_and_so_again_when_resent() {
    let mut finch = started();
    let first = send(&mut finch);
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
fn a_bounded_number_is_kept_and_more_of_those_that_wait() {
    let mut finch = started();
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
}

#[test]
fn a_reset_forgets_deliveries_and_restores_the_receiver() {
    let mut finch = started();
    let late = send(&mut finch);
    finch.webhooks_to(None).unwrap();
    finch.reset();
    assert!(finch.webhook_deliveries().is_empty());
    let next = send(&mut finch);
    // The answer to a webhook from before the reset is ignored.
    finch.webhook_answered(&late, Some(200));
    assert_eq!(finch.webhook_deliveries()[0].status, "waiting");
    finch.webhook_answered(&next, Some(200));
    assert_eq!(finch.webhook_deliveries()[0].status, "delivered");
}

#[test]
fn every_change_of_status_is_announced_once() {
    let finch = Finch::with_webhooks();
    let token = finch.connect(step_1());
    let id = token["connection_id"].as_str().unwrap();
    for _ in 0..2 {
        assert!(finch.emulator().set_status(id, "reauth"));
    }
    finch.connect(step_1());
    assert!(finch.emulator().set_status(id, "error_permissions"));
    assert!(!finch.emulator().set_status(id, "disconnected"));
    assert!(!finch.emulator().set_status("x", "reauth"));
    // A lie changes nothing.
    finch.emulator().push_fault(Fault::on("/disconnect").lie());
    assert_eq!(finch.disconnect(&token).status, 200);
    assert_eq!(finch.emulator().webhook_deliveries().len(), 3);
    assert!(finch.emulator().end_connection(id));
    assert!(!finch.emulator().set_status(id, "connected"));
    let status = |delivery: &WebhookDelivery| -> Value {
        serde_json::from_str::<Value>(&delivery.body).unwrap()["data"]["status"].take()
    };
    let statuses: Vec<_> = finch.emulator().webhook_deliveries().iter().map(status).collect();
    assert_eq!(statuses, ["reauth", "connected", "error_permissions", "disconnected"]);
}

#[test]
fn an_invalid_receiver_is_refused_at_the_start() {
    let config = webhooks_to("https://app.example/");
    assert!(!format!("{config:?}").contains("5WbX"));
    assert!(matches!(LocalEmulator::new(config), Err(EmulatorError::BadWebhook(_))));
}
