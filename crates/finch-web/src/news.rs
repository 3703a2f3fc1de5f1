//! News: what the host is told, by these pages and by the reconciler.

use std::{collections::BTreeMap, sync::Arc};

use finch_app::{
    CompletedConnect, ConnectionId, ConnectionState, CustomerId, DisconnectOutcome, Finch, OnPass,
    ProcessedWebhook, Reconciled, Theirs, WebhookFinding,
};

use crate::Host;

/// What has happened to a customer's connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum News {
    /// A token is here: of a new connection, a further sign-in, or a renewal. Its `token_state` says whether
    /// it is in use; if not, [`Works`](Self::Works) follows once Finch has accepted it.
    Connected(CompletedConnect),
    /// What was in doubt, or had to be authenticated again, is in use.
    Works {
        /// Whose connection.
        customer: CustomerId,
        /// A handle of it.
        connection_id: ConnectionId,
    },
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
/// [`Finch::idle`] waits until it is told.
pub fn on_pass(finch: Finch, host: Arc<dyn Host>) -> OnPass {
    Arc::new(move |report| {
        let news = report.map(of_pass).unwrap_or_default();
        if !news.is_empty() {
            let host = host.clone();
            finch.spawn(async move { tell(&*host, news).await });
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
    let refused = report.refused.iter().flat_map(|it| news(&it.customers, Said::Bad));
    let verified = report.verified.iter().flat_map(|it| news(&it.customers, Said::Good));
    let disconnected = report.disconnected.iter().flat_map(|ended| {
        ended.customers.iter().map(|(customer, theirs)| News::Disconnected {
            customer: customer.clone(),
            connection_id: theirs.connection_id.clone(),
            outcome: DisconnectOutcome::Disconnected { tokens: theirs.tokens },
        })
    });
    webhooks.chain(refused).chain(verified).chain(disconnected).collect()
}

/// What a webhook has led to.
pub(crate) fn of_webhook(done: &ProcessedWebhook) -> impl Iterator<Item = News> {
    let works = done.finding == WebhookFinding::WorksAgain;
    news(&done.customers, if works { Said::Good } else { Said::Bad })
}

/// What Finch has said of a token of these customers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Good,
    Bad,
}

/// How the connection does for each of them now: bad news of one token are none where another one works.
fn news(customers: &BTreeMap<CustomerId, Theirs>, said: Said) -> impl Iterator<Item = News> {
    customers.iter().filter_map(move |(customer, theirs)| {
        let (customer, connection_id) = (customer.clone(), theirs.connection_id.clone());
        Some(match (theirs.state, said) {
            (ConnectionState::Connected, Said::Good) => News::Works { customer, connection_id },
            (ConnectionState::NeedsReauth, _) => News::NeedsReauth { customer, connection_id },
            (ConnectionState::Disconnected, _) => News::EndedAtFinch { customer, connection_id },
            // Nothing has changed, or something is unfinished: when it is not, there will be news.
            _ => return None,
        })
    })
}
