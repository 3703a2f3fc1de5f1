//! Webhooks: each story from a signed delivery to what is true afterwards.

mod deliveries;
mod later;
mod questions;
mod reauth;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use finch_app::{
    Pass, Questions, WebhookEvent,
    webhook::{WebhookRefused, WebhookSecrets, verify},
};
use finch_core::{ConnectionId, ConnectionState, Timestamp};
use finch_tests::{World, customer, operator};

const SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";

/// A delivery, as it comes in.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    /// As Finch signs and sends it.
    pub(crate) fn new(id: &str, body: &str, now: Timestamp) -> Self {
        let time = now.as_second().to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET).expect("Base64"));
        let tag = hmac::sign(&key, format!("{id}.{time}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(tag));
        let headers =
            [("finch-event-id", id), ("finch-timestamp", &time), ("finch-signature", &signature)]
                .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        Self { headers: headers.to_vec(), body: body.as_bytes().to_vec() }
    }

    pub(crate) fn check(&self, now: Timestamp) -> Result<WebhookEvent, WebhookRefused> {
        let secrets = WebhookSecrets::new([SECRET]).expect("a secret");
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        verify(&secrets, headers, &self.body, now)
    }
}

/// The body of Finch's `account.updated`.
pub(crate) fn account(connection: &ConnectionId, status: &str) -> String {
    format!(
        r#"{{"event_type":"account.updated","company_id":"c","connection_id":"{connection}","data":{{"status":"{status}","authentication_method":"credential"}}}}"#
    )
}

/// What a host does with a delivery before it answers. Returns whether it speaks of a connection's health.
pub(crate) async fn delivered(world: &World, body: &str) -> bool {
    let now = world.system.now_quietly();
    let event = Delivery::new("msg_1", body, now).check(now).expect("it is Finch's");
    world.app.take_webhook(&event).await.expect("the store answers")
}

/// A pass of the background.
pub(crate) async fn pass(world: &World) -> Questions {
    world.app.reconcile(&operator(), Pass::Due).await.expect("the store answers").questions
}

pub(crate) async fn state(world: &World, who: u8, id: &ConnectionId) -> ConnectionState {
    let view = world.app.connection(&customer(who), id).await.expect("the store answers");
    view.expect("the connection").state
}
