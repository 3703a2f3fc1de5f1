//! The news of each customer's connections. A host of your own mails them, or writes them down.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use finch_app::{ConnectionId, CustomerId, DisconnectOutcome, Timestamp, TokenState};
use finch_web::News;

/// How many are kept of each customer.
const KEPT: usize = 10;

/// By customer, the newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Arc<Mutex<HashMap<String, VecDeque<String>>>>);

impl Notices {
    /// `name`: what people call a connection.
    pub(crate) fn add(&self, news: &News, name: impl Fn(&ConnectionId) -> String) {
        let Some((customer, connection, what)) = notice(news) else { return };
        let time = Timestamp::now().strftime("%H:%M");
        let notice = format!("{time} UTC · {}: {what}", name(connection));
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = notices.entry(customer.as_str().to_owned()).or_default();
        // A callback that is loaded twice tells twice.
        if theirs.front() != Some(&notice) {
            theirs.push_front(notice);
        }
        theirs.truncate(KEPT);
    }

    pub(crate) fn of(&self, customer: &str) -> Vec<String> {
        let notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.get(customer).into_iter().flatten().cloned().collect()
    }
}

fn notice(news: &News) -> Option<(&CustomerId, &ConnectionId, &'static str)> {
    Some(match news {
        News::Connected(done) => {
            let in_use = done.token_state == TokenState::Active;
            let what = if in_use { "connected" } else { "connected, and being checked" };
            (&done.customer, &done.connection_id, what)
        }
        News::Works { customer, connection_id } => (customer, connection_id, "in use"),
        News::NeedsReauth { customer, connection_id } => {
            (customer, connection_id, "needs a new sign-in")
        }
        News::EndedAtFinch { customer, connection_id } => {
            (customer, connection_id, "ended at Finch")
        }
        News::Disconnected { customer, connection_id, outcome } => {
            let what = match outcome {
                DisconnectOutcome::Disconnected { .. } => "disconnected, and confirmed by Finch",
                DisconnectOutcome::Pending { .. } => {
                    "disconnecting: Finch has not confirmed it yet"
                }
                _ => "access has ended",
            };
            (customer, connection_id, what)
        }
        _ => return None,
    })
}
