//! The cases about webhooks.

use jiff::SignedDuration;

use super::{listing::read_pages,
    pieces::StoreFixture};
use crate::{at, claimed, webhook};
use finch_core::{Awaits, TokenStore, WEBHOOK_KEPT_FOR, WebhookEvent};

async fn waiting(store: &dyn TokenStore, awaits: Awaits) -> Vec<WebhookEvent> {
    let page = store.webhooks(awaits, None, 100).await.unwrap();
    page.into_iter().map(|(_, event)| event).collect()
}

fn named(id: &str) -> WebhookEvent {
    webhook(id, "k", "disconnected")
}

/// An event of which nothing is known but its id.
fn unknown(id: &str) -> WebhookEvent {
    WebhookEvent {
        event_type: String::new(),
        connection_id: None,
        status: None,
        body: "\"Zoë \\u0000 & Søn\"".into(),
        ..named(id)
    }
}

/// A webhook is kept once by its id, whatever else it says the second time.
pub async fn a_webhook_is_kept_once(fixture: &mut dyn StoreFixture) {
    let whole = WebhookEvent { company_id: Some("c".parse().unwrap()), ..named("one") };
    assert!(fixture.store().await.keep_webhook(whole.clone(), Awaits::Probe).await.unwrap());
    assert!(!fixture.store().await.keep_webhook(whole.clone(), Awaits::Probe).await.unwrap());
    let other = WebhookEvent { body: "{}".into(), received: at(50), ..unknown("one") };
    assert!(!fixture.store().await.keep_webhook(other.clone(), Awaits::Host).await.unwrap());
    assert_eq!(waiting(&*fixture.store().await, Awaits::Probe).await, [whole], "the first stays");
    assert!(waiting(&*fixture.store().await, Awaits::Host).await.is_empty());
    assert!(fixture.store().await.webhook_done(&other.id).await.unwrap());
    assert!(!fixture.store().await.keep_webhook(other.clone(), Awaits::Host).await.unwrap());
    assert!(!fixture.store().await.webhook_done(&other.id).await.unwrap(), "it is done already");
    assert!(!fixture.store().await.webhook_done(&named("another").id).await.unwrap());
    for awaits in [Awaits::Probe, Awaits::Host] {
        assert!(waiting(&*fixture.store().await, awaits).await.is_empty());
    }
}

/// However many bring it at once, for one of them it is new.
pub async fn a_webhook_is_new_for_one_of_many(fixture: &mut dyn StoreFixture) {
    let store = fixture.store().await;
    let keep = || {
        let store = store.clone();
        tokio::spawn(async move { store.keep_webhook(named("one"), Awaits::Probe).await.unwrap() })
    };
    let deliveries: Vec<_> = (0..100).map(|_| keep()).collect();
    let mut new = 0;
    for delivery in deliveries {
        new += usize::from(delivery.await.unwrap());
    }
    assert_eq!(new, 1);
    assert_eq!(waiting(&*store, Awaits::Probe).await, [named("one")]);
}

/// Webhooks wait in the order in which they came, page by page, each for what it awaits, until done.
pub async fn webhooks_wait_until_they_are_done(fixture: &mut dyn StoreFixture) {
    // Not in the order of their ids, nor of their times.
    let events = [named("d"), unknown("b"), named("c"), unknown("a"), named("e")];
    let mut events = events.to_vec();
    events[0].received = at(9);
    for event in &events {
        let awaits = if event.status.is_some() { Awaits::Probe } else { Awaits::Host };
        assert!(fixture.store().await.keep_webhook(event.clone(), awaits).await.unwrap());
    }
    let store = fixture.store().await;
    let [d, b, c, a, e] = <[WebhookEvent; 5]>::try_from(events).unwrap();
    let pages = read_pages("webhooks", 3, async |after, limit| {
        let page = store.webhooks(Awaits::Probe, after, limit).await.unwrap();
        page.into_iter().map(|(number, _)| number).collect()
    });
    let numbers = pages.await;
    assert_eq!(waiting(&*store, Awaits::Probe).await, [d.clone(), c.clone(), e.clone()]);
    assert_eq!(waiting(&*store, Awaits::Host).await, [b, a]);
    let (_, began) = claimed(&*store, "acme", "later").await;
    assert!(numbers.iter().all(|number| *number < began), "numbers of the one sequence");
    assert!(store.webhook_done(&c.id).await.unwrap());
    let store = fixture.store().await;
    assert_eq!(waiting(&*store, Awaits::Probe).await, [d, e.clone()]);
    assert_eq!(store.webhooks(Awaits::Probe, Some(numbers[0]), 9).await.unwrap()[0].1, e);
}

/// An id is known for 30 days; then what is done, or was the host's, is forgotten, and nothing else.
pub async fn old_webhooks_are_forgotten(fixture: &mut dyn StoreFixture) {
    let kept_for = SignedDuration::try_from(WEBHOOK_KEPT_FOR).unwrap();
    let store = fixture.store().await;
    for (event, awaits) in [
        (named("done"), Awaits::Probe),
        (named("waits"), Awaits::Probe),
        (unknown("the host's"), Awaits::Host),
        (unknown("the host's, done"), Awaits::Host),
    ] {
        assert!(store.keep_webhook(event, awaits).await.unwrap());
    }
    for done in ["done", "the host's, done"] {
        assert!(store.webhook_done(&named(done).id).await.unwrap());
    }
    let again = async |received, fixture: &mut dyn StoreFixture| {
        let store = fixture.store().await;
        let mut new = Vec::new();
        for id in ["done", "waits", "the host's", "the host's, done"] {
            let event = WebhookEvent { received, ..unknown(id) };
            new.push(store.keep_webhook(event, Awaits::Host).await.unwrap());
        }
        new
    };
    let days_30 = at(0) + kept_for;
    let known = again(days_30 - SignedDuration::from_nanos(1), fixture).await;
    assert_eq!(known, [false; 4], "for 30 days nothing comes twice");
    assert_eq!(again(days_30, fixture).await, [true, false, true, true]);
    assert_eq!(waiting(&*fixture.store().await, Awaits::Probe).await, [named("waits")]);
    assert_eq!(waiting(&*fixture.store().await, Awaits::Host).await.len(), 3);
}
