//! Changes that reach the event sink without a page: by webhooks, reports and reconcilers.

use finch_app::{ConnectionId, CustomerScope, OperatorScope, Pass};
use finch_core::{ConnectionStatus, Timestamp, WebhookEvent};

use crate::site::{Site, needs_reauth};

/// A pass of a reconciler, and the changes in it.
pub(crate) async fn pass(site: &Site) -> Vec<String> {
    site.take_changes();
    let operator = OperatorScope::acting_as("reconciler".parse().unwrap());
    site.app.reconcile(&operator, Pass::Everything).await.unwrap();
    site.take_changes()
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
    assert!(site.app.take_webhook(&event).await.unwrap());
}

#[tokio::test]
async fn a_disconnect_that_finch_proves_later_is_reported_once() {
    let (site, browser) = Site::connected().await;
    site.connect(&browser, "Company C", "Y").await;
    let (path, preview) = site.preview(&browser).await;
    site.finch_is_away();
    browser.press(&path, &preview).await.shows(200, &["Access is switched off"]);
    assert_eq!(site.take_changes(), ["acme Connected", "acme Disconnecting"]);
    assert!(pass(&site).await.is_empty(), "it goes on");
    site.finch.recover();
    assert_eq!(pass(&site).await, ["acme Disconnected"]);
    assert!(pass(&site).await.is_empty());
}

/// Each by a name of its own: another customer's says nothing to it.
#[tokio::test]
async fn each_customer_of_a_connection_gets_its_change() {
    let site = Site::new().await;
    let (acme, other) = (site.browser("acme"), site.browser("other"));
    site.connect(&acme, "Company C", "X").await;
    site.connect(&other, "Company C", "Y").await;
    let ids: Vec<_> = site.finch.alive().into_iter().map(|(_, id, ..)| id).collect();
    site.finch.fail_next(needs_reauth());
    site.finch.fail_next(needs_reauth());
    hint(&site, &ids[0], "msg_1", ConnectionStatus::Reauth).await;
    site.take_changes();
    let operator = OperatorScope::acting_as("reconciler".parse().unwrap());
    site.app.reconcile(&operator, Pass::Everything).await.unwrap();
    let names = |change: &finch_app::CustomerChange| change.connection_id.clone();
    let mut named: Vec<_> = site.host.0.changes.lock().unwrap().iter().map(names).collect();
    named.sort();
    assert_eq!(named, ids);
    let mut changes = site.take_changes();
    changes.sort();
    assert_eq!(changes, ["acme NeedsReauth", "other NeedsReauth"]);

    hint(&site, &ids[1], "msg_2", ConnectionStatus::Connected).await;
    assert_eq!(pass(&site).await.len(), 2);
    for id in &ids {
        site.finch.end_from_dashboard(id);
    }
    hint(&site, &ids[1], "msg_3", ConnectionStatus::Disconnected).await;
    site.app.reconcile(&operator, Pass::Everything).await.unwrap();
    assert!(site.host.0.changes.lock().unwrap().iter().all(|change| change.ended_at_finch()));
    assert_eq!(site.take_changes().len(), 2);
    assert!(pass(&site).await.is_empty());
}

/// The host reports a 401, and its sink gets the change like any other.
#[tokio::test]
async fn a_reported_401_is_a_change() {
    let (site, _) = Site::connected().await;
    let (token, ..) = site.finch.alive().remove(0);
    site.take_changes();
    site.finch.fail_next(needs_reauth());
    let scope = CustomerScope::new("acme".parse().unwrap());
    site.app.report_unauthorized(&scope, &token).await.unwrap();
    assert_eq!(site.take_changes(), ["acme NeedsReauth"]);
}
