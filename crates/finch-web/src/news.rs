//! News: what the host is told, by these pages and by the reconciler.

use std::sync::Arc;

use finch_app::{
    Changed, CompletedConnect, ConnectionId, ConnectionState, CustomerId, DisconnectOutcome, Finch,
    OnPass, Reconciled,
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
    let settled = report.refused.iter().chain(&report.verified);
    let disconnected = report.disconnected.iter().flat_map(|ended| {
        ended.customers.iter().map(|(customer, theirs)| News::Disconnected {
            customer: customer.clone(),
            connection_id: theirs.connection_id.clone(),
            outcome: DisconnectOutcome::Disconnected { tokens: theirs.tokens },
        })
    });
    let said = report.questions.changed.iter().chain(settled).flat_map(of_changed);
    said.chain(disconnected).collect()
}

/// How a connection does for its customers, now that Finch has said something new of their tokens. Bad news
/// of one token are none where another one works.
pub(crate) fn of_changed(changed: &Changed) -> impl Iterator<Item = News> {
    changed.customers.iter().filter_map(|(customer, theirs)| {
        let (customer, connection_id) = (customer.clone(), theirs.connection_id.clone());
        Some(match theirs.state {
            ConnectionState::Connected if theirs.accepted > 0 => {
                News::Works { customer, connection_id }
            }
            ConnectionState::NeedsReauth => News::NeedsReauth { customer, connection_id },
            ConnectionState::Disconnected => News::EndedAtFinch { customer, connection_id },
            // Nothing has changed, or something is unfinished: when it is not, there will be news.
            _ => return None,
        })
    })
}
