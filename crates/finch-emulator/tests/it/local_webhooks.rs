//! Webhooks without sockets: the schedule, and what is kept.

use std::time::Duration;

use finch_emulator::{
    EmulatorConfig, EmulatorError, LocalEmulator, WebhookEvent, WebhookRequest, WebhookTarget,
};

fn target() -> WebhookTarget {
    WebhookTarget {
        url: "http://127.0.0.1:1/hooks".to_owned(),
        secrets: vec!["5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH".to_owned()],
    }
}

fn started() -> LocalEmulator {
    let config = EmulatorConfig { webhook: Some(target()), ..EmulatorConfig::default() };
    LocalEmulator::new(config).unwrap()
}

fn send(finch: &mut LocalEmulator) -> WebhookRequest {
    finch.send_webhook(&WebhookEvent::Test).unwrap();
    finch.take_webhook().unwrap()
}

#[test]
fn tries_come_at_once_after_5_seconds_and_after_5_minutes() {
    let mut finch = started();
    let first = send(&mut finch);
    assert!(finch.take_webhook().is_none());
    finch.webhook_answered(&first, Some(500));
    let mut last = first.clone();
    for pause in [5, 300] {
        finch.advance(Duration::from_secs(pause - 1));
        assert!(finch.take_webhook().is_none());
        finch.advance(Duration::from_secs(1));
        let again = finch.take_webhook().unwrap();
        assert_eq!((&again.event_id, &again.body), (&first.event_id, &first.body));
        assert!(again.timestamp > last.timestamp && again.signature != last.signature);
        finch.webhook_answered(&again, None);
        last = again;
    }
    assert_eq!(finch.webhook_deliveries()[0].status, "failed");
    finch.advance(Duration::from_secs(24 * 60 * 60));
    assert!(finch.take_webhook().is_none());
}

#[test]
fn one_that_is_sent_again_by_hand_has_all_its_tries_again() {
    let mut finch = started();
    let first = send(&mut finch);
    for pause in [0, 5, 300] {
        finch.advance(Duration::from_secs(pause));
        let try_ = if pause == 0 { first.clone() } else { finch.take_webhook().unwrap() };
        finch.webhook_answered(&try_, Some(500));
    }
    finch.resend_webhook(&first.event_id).unwrap();
    let again = finch.take_webhook().unwrap();
    assert_eq!((&again.event_id, &again.body), (&first.event_id, &first.body));
    finch.webhook_answered(&again, Some(500));
    assert_eq!(finch.webhook_deliveries()[0].status, "waiting");
    finch.advance(Duration::from_secs(5));
    let last = finch.take_webhook().unwrap();
    finch.webhook_answered(&last, Some(200));
    let delivery = finch.webhook_deliveries().pop().unwrap();
    assert_eq!((delivery.status.as_str(), delivery.attempts.len()), ("delivered", 5));
}

#[test]
fn only_2xx_is_a_delivery() {
    let mut finch = started();
    for (status, delivered) in [(200, true), (204, true), (299, true), (301, false), (404, false)] {
        let webhook = send(&mut finch);
        finch.webhook_answered(&webhook, Some(status));
        let last = finch.webhook_deliveries().pop().unwrap();
        assert_eq!(last.status == "delivered", delivered, "{status}");
    }
}

#[test]
fn what_is_kept_is_bounded_and_what_waits_is_kept_longer() {
    let mut finch = started();
    for _ in 0..150 {
        finch.send_webhook(&WebhookEvent::Test).unwrap();
    }
    assert_eq!(finch.webhook_deliveries().len(), 150);
    while let Some(webhook) = finch.take_webhook() {
        finch.webhook_answered(&webhook, Some(200));
    }
    assert_eq!(finch.webhook_deliveries().len(), 100);
    for _ in 0..10_200 {
        finch.send_webhook(&WebhookEvent::Test).unwrap();
    }
    assert_eq!(finch.webhook_deliveries().len(), 10_100);
}

#[test]
fn a_reset_forgets_deliveries_and_goes_back_to_the_configuration() {
    let mut finch = started();
    let late = send(&mut finch);
    finch.webhooks_to(None).unwrap();
    finch.reset();
    assert!(finch.webhook_deliveries().is_empty());
    let next = send(&mut finch);
    // What comes back of a webhook from before the reset is nothing to anybody.
    finch.webhook_answered(&late, Some(200));
    assert_eq!(finch.webhook_deliveries()[0].status, "waiting");
    finch.webhook_answered(&next, Some(200));
    assert_eq!(finch.webhook_deliveries()[0].status, "delivered");
}

#[test]
fn a_call_that_only_seems_to_have_an_effect_tells_nobody() {
    let mut finch = started();
    let code = finch.issue_code(finch_emulator::Login::new("A", "Gusto", "Company C", "X"));
    let body = format!(
        r#"{{"client_id": "{}", "client_secret": "{}", "code": "{code}"}}"#,
        finch.client_id(),
        finch.client_secret()
    );
    assert!(finch.call("POST", "/auth/token", &[], body.as_bytes()).is_some());
    let bearer = format!("Bearer {}", finch.issued_tokens()[0].secret);
    finch.push_fault(finch_emulator::Fault::on("/disconnect").lie());
    let disconnect = |finch: &mut LocalEmulator| {
        finch.call("POST", "/disconnect", &[("authorization", &bearer)], b"").unwrap().status
    };
    assert_eq!(disconnect(&mut finch), 200);
    assert!(finch.take_webhook().is_none());
    assert_eq!(disconnect(&mut finch), 200);
    assert!(finch.take_webhook().is_some());
}

#[test]
fn a_receiver_that_cannot_be_one_is_said_at_the_start() {
    let bad = WebhookTarget { url: "https://app.example/".to_owned(), ..target() };
    let config = EmulatorConfig { webhook: Some(bad), ..EmulatorConfig::default() };
    assert!(!format!("{config:?}").contains("5WbX"));
    assert!(matches!(LocalEmulator::new(config), Err(EmulatorError::BadWebhook(_))));
}
