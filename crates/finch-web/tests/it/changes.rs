//! Changes that reach the event sink without a page: by webhooks and reconcilers.

use finch_app::{ConnectionId, OperatorScope, Pass};

use crate::site::{Site, needs_reauth};

/// A pass of a reconciler, and the changes in it.
pub(crate) async fn pass(site: &Site) -> Vec<String> {
    site.take_changes();
    let operator = OperatorScope::acting_as("reconciler".parse().unwrap());
    site.app.reconcile(&operator, Pass::Everything).await.unwrap();
    site.take_changes()
}

pub(crate) async fn hint(site: &Site, id: &ConnectionId, event: &str, status: &str) {
    let event = finch_testkit::webhook(event, id.as_str(), status);
    assert!(site.app.take_webhook(&event).await.unwrap());
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
    hint(&site, &ids[0], "msg_1", "reauth").await;
    site.take_changes();
    let operator = OperatorScope::acting_as("reconciler".parse().unwrap());
    site.app.reconcile(&operator, Pass::Everything).await.unwrap();
    let names = |change: &finch_app::CustomerChange| change.connection_id.clone();
    let mut named: Vec<_> = site.host.changes.lock().unwrap().iter().map(names).collect();
    named.sort();
    assert_eq!(named, ids);
    let mut changes = site.take_changes();
    changes.sort();
    assert_eq!(changes, ["acme NeedsReauth", "other NeedsReauth"]);

    hint(&site, &ids[1], "msg_2", "connected").await;
    assert_eq!(pass(&site).await.len(), 2);
    for id in &ids {
        site.finch.end_from_dashboard(id);
    }
    hint(&site, &ids[1], "msg_3", "disconnected").await;
    site.app.reconcile(&operator, Pass::Everything).await.unwrap();
    assert!(site.host.changes.lock().unwrap().iter().all(|change| change.ended_at_finch()));
    assert_eq!(site.take_changes().len(), 2);
    assert!(pass(&site).await.is_empty());
}
