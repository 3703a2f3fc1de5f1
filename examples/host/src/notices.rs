//! The changes of each customer's connections. A host of your own mails them, or writes them down.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use finch_app::{ConnectionState, CustomerChange, Timestamp};

/// How many are kept of each customer.
const KEPT: usize = 10;

/// By customer, the newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Arc<Mutex<HashMap<String, VecDeque<String>>>>);

impl Notices {
    /// `name`: what people call the connection.
    pub(crate) fn add(&self, change: &CustomerChange, name: &str) {
        let time = Timestamp::now().strftime("%H:%M");
        let notice = format!("{time} UTC · {name}: {}", text(change));
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = notices.entry(change.customer.as_str().to_owned()).or_default();
        kept.push_front(notice);
        kept.truncate(KEPT);
    }

    pub(crate) fn of(&self, customer: &str) -> Vec<String> {
        let notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.get(customer).into_iter().flatten().cloned().collect()
    }
}

fn text(change: &CustomerChange) -> &'static str {
    match change.now {
        ConnectionState::Connected => "connected",
        ConnectionState::NeedsReauth => "needs a new sign-in",
        ConnectionState::Disconnecting => "disconnecting: Finch has not confirmed it yet",
        ConnectionState::Disconnected if change.ended_at_finch() => "ended at Finch",
        ConnectionState::Disconnected if change.retired => "access has ended",
        ConnectionState::Disconnected => "disconnected, and confirmed by Finch",
        _ => "being checked",
    }
}
