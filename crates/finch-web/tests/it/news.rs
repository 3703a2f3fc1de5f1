//! News that no page of ours has led to: the host hears of them from its reconciler.

use finch_app::{ConnectionId, CustomerId, DisconnectOutcome, OperatorScope, Pass};
use finch_core::{Answer, ConnectionStatus, Timestamp, WebhookEvent};
use finch_web::News;

use crate::site::{Site, needs_reauth};

/// A pass of a reconciler, and what the host was told after it.
pub(crate) async fn pass(site: &Site) -> Vec<News> {
    let operator = OperatorScope::acting_as("reconciler".parse().unwrap());
    let report = site.app.reconcile(&operator, Pass::Everything).await.unwrap();
    site.host.0.told.lock().unwrap().clear();
    finch_web::on_pass(site.app.clone(), site.host())(Ok(&report));
    site.app.idle().await;
    std::mem::take(&mut *site.host.0.told.lock().unwrap())
}

/// Whom some news concern, and the handle.
fn whom(news: &News) -> (&CustomerId, &ConnectionId) {
    match news {
        News::NeedsReauth { customer, connection_id }
        | News::EndedAtFinch { customer, connection_id }
        | News::Works { customer, connection_id }
        | News::Disconnected { customer, connection_id, .. } => (customer, connection_id),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn hint(site: &Site, id: &ConnectionId, event: &str, status: ConnectionStatus) {
    let event = WebhookEvent {
        id: event.parse().unwrap(),
        event_type: "account.updated".into(),
        connection_id: Some(id.clone()),
        company_id: None,
        status: Some(status),
        body: "{}".into(),
        received: Timestamp::now(),
    };
    site.app.keep_webhook(&event).await.unwrap();
}

#[tokio::test]
async fn a_disconnect_that_finch_has_proven_later_is_told_once() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    site.connect(&browser, "Company C", "Y").await;
    let path = site.disconnect_page(&browser).await;
    let preview = browser.get(&path).await;
    site.finch_is_away();
    browser.press(&path, &preview).await.shows(200, &["Access is switched off"]);
    assert!(pass(&site).await.is_empty(), "it goes on");
    site.finch.recover();
    let news = pass(&site).await;
    let [News::Disconnected { customer, connection_id, outcome }] = &news[..] else {
        panic!("{news:?}")
    };
    assert_eq!(customer.as_str(), "acme");
    assert_eq!(*outcome, DisconnectOutcome::Disconnected { tokens: 2 });
    let page = format!("{}/connections/{connection_id}/disconnect", crate::site::BASE);
    browser.get(&page).await.shows(200, &["Already disconnected"]);
    assert!(pass(&site).await.is_empty(), "it was told");
}

/// Each by a handle of its own: one customer's is nothing to the other.
#[tokio::test]
async fn what_a_webhook_led_to_is_told_to_everybody_it_concerns() {
    let site = Site::new().await;
    let (acme, other) = (site.browser("acme"), site.browser("other"));
    site.connect(&acme, "Company C", "X").await;
    site.connect(&other, "Company C", "Y").await;
    let ids: Vec<_> = site.finch.alive().into_iter().map(|(_, id, ..)| id).collect();
    site.finch.fail_next(needs_reauth());
    site.finch.fail_next(needs_reauth());
    hint(&site, &ids[0], "msg_1", ConnectionStatus::Reauth).await;
    let news = pass(&site).await;
    let told: Vec<_> = news.iter().map(whom).collect();
    assert!(news.iter().all(|news| matches!(news, News::NeedsReauth { .. })), "{news:?}");
    assert_eq!(told.iter().map(|(c, _)| c.as_str()).collect::<Vec<_>>(), ["acme", "other"]);
    assert_eq!(told.iter().map(|(_, id)| *id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());

    hint(&site, &ids[1], "msg_2", ConnectionStatus::Connected).await;
    let news = pass(&site).await;
    assert!(news.iter().all(|news| matches!(news, News::Works { .. })), "{news:?}");
    assert_eq!(news.len(), 2);

    for id in &ids {
        site.finch.end_from_dashboard(id);
    }
    hint(&site, &ids[1], "msg_3", ConnectionStatus::Disconnected).await;
    let news = pass(&site).await;
    assert!(news.iter().all(|news| matches!(news, News::EndedAtFinch { .. })), "{news:?}");
    assert_eq!(news.len(), 2);
    assert!(pass(&site).await.is_empty());
}

/// Whoever has left hears nothing of what becomes of the connection.
#[tokio::test]
async fn whose_access_had_ended_before_is_told_nothing() {
    let site = Site::new().await;
    let (acme, other) = (site.browser("acme"), site.browser("other"));
    site.connect(&acme, "Company C", "X").await;
    site.connect(&other, "Company C", "Y").await;
    for (browser, says) in [(&acme, "Your access has ended"), (&other, "Access is switched off")] {
        let path = site.disconnect_page(browser).await;
        let preview = browser.get(&path).await;
        site.finch_is_away();
        browser.press(&path, &preview).await.shows(200, &[says]);
    }
    site.finch.recover();
    let news = pass(&site).await;
    assert_eq!(news.iter().map(|news| whom(news).0.as_str()).collect::<Vec<_>>(), ["other"]);
    assert!(site.finch.alive().is_empty());
}

/// Bad news of one token are none where another one works.
#[tokio::test]
async fn whose_other_token_works_is_told_nothing_of_one_that_is_refused() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    site.connect(&browser, "Company C", "Y").await;
    let id = site.finch.alive()[0].1.clone();
    let refused = Answer {
        status: 401,
        finch_shaped: true,
        name: Some("invalid_token".into()),
        ..Answer::default()
    };
    site.finch.fail_next(refused.into_error());
    hint(&site, &id, "msg_1", ConnectionStatus::Disconnected).await;
    assert!(pass(&site).await.is_empty(), "the older one works");
}
