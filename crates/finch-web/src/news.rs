//! News: what the host is told, by these pages and by the reconciler.

use std::{collections::BTreeMap, sync::Arc};

use finch_app::{
    CompletedConnect, ConnectionId, CustomerId, DisconnectOutcome, Ended, OnPass, ProcessedWebhook,
    Reconciled, Theirs, WebhookFinding,
};

use crate::Host;

/// What has happened to a customer's connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum News {
    /// A token is in use: of a new connection, a further sign-in, or a renewal.
    Connected(CompletedConnect),
    /// The employer must authenticate again before any token works.
    NeedsReauth {
        /// Whose connection.
        customer: CustomerId,
        /// A handle of it.
        connection_id: ConnectionId,
    },
    /// It was ended at Finch, and not from here: the customer must connect again.
    EndedAtFinch {
        /// Whose connection.
        customer: CustomerId,
        /// A handle of it.
        connection_id: ConnectionId,
    },
    /// Access has ended, or is ending: the outcome says which.
    Disconnected {
        /// Whose access.
        customer: CustomerId,
        /// A handle of it.
        connection_id: ConnectionId,
        /// How far the end is proven.
        outcome: DisconnectOutcome,
    },
}

/// What a reconciler is to do [after every pass](finch_app::ReconcilerOptions::on_pass), so that the host is
/// told what it has found: what webhooks have led to, and disconnects that Finch has proven since.
pub fn on_pass(host: Arc<dyn Host>) -> OnPass {
    Arc::new(move |report| {
        let news = report.map(of_pass).unwrap_or_default();
        if !news.is_empty() {
            let host = host.clone();
            tokio::spawn(async move { tell(&*host, news).await });
        }
    })
}

/// Tells the host, in order.
pub(crate) async fn tell(host: &dyn Host, news: Vec<News>) {
    for news in news {
        host.told(news).await;
    }
}

fn of_pass(report: &Reconciled) -> Vec<News> {
    let webhooks = report.webhooks.done.iter().flat_map(of_webhook);
    let refused =
        report.refused.iter().flat_map(|Ended { customers, .. }| ended_at_finch(customers));
    let disconnected = report.disconnected.iter().flat_map(|ended| {
        ended.customers.iter().map(|(customer, theirs)| News::Disconnected {
            customer: customer.clone(),
            connection_id: theirs.connection_id.clone(),
            outcome: DisconnectOutcome::Disconnected { tokens: theirs.tokens },
        })
    });
    webhooks.chain(refused).chain(disconnected).collect()
}

/// What a webhook has led to.
pub(crate) fn of_webhook(done: &ProcessedWebhook) -> Vec<News> {
    match done.finding {
        WebhookFinding::Revoked => ended_at_finch(&done.customers).collect(),
        WebhookFinding::NeedsReauth => {
            let needs = |(customer, theirs): (&CustomerId, &Theirs)| News::NeedsReauth {
                customer: customer.clone(),
                connection_id: theirs.connection_id.clone(),
            };
            done.customers.iter().map(needs).collect()
        }
        _ => Vec::new(),
    }
}

fn ended_at_finch(customers: &BTreeMap<CustomerId, Theirs>) -> impl Iterator<Item = News> {
    customers.iter().map(|(customer, theirs)| News::EndedAtFinch {
        customer: customer.clone(),
        connection_id: theirs.connection_id.clone(),
    })
}
