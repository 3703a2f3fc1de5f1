//! What Payday was told. A host of your own mails it, or writes it down.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use finch_app::{CustomerId, DisconnectOutcome};
use finch_web::News;

/// By customer, the newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl Notices {
    pub(crate) fn add(&self, news: &News) {
        let Some((customer, notice)) = notice(news) else { return };
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.entry(customer.as_str().to_owned()).or_default().insert(0, notice);
    }

    pub(crate) fn of(&self, customer: &str) -> Vec<String> {
        let notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notices.get(customer).cloned().unwrap_or_default()
    }
}

fn notice(news: &News) -> Option<(&CustomerId, String)> {
    Some(match news {
        News::Connected(done) => (&done.customer, format!("Connected: {}", done.provider_id)),
        News::Works { customer, connection_id } => (customer, format!("In use: {connection_id}")),
        News::NeedsReauth { customer, connection_id } => {
            (customer, format!("Somebody must sign in again: {connection_id}"))
        }
        News::EndedAtFinch { customer, connection_id } => {
            (customer, format!("Ended at Finch: {connection_id}"))
        }
        News::Disconnected { customer, connection_id, outcome } => {
            let how = match outcome {
                DisconnectOutcome::Disconnected { .. } => "Disconnected, and confirmed by Finch",
                DisconnectOutcome::Pending { .. } => {
                    "Disconnecting: Finch has not confirmed it yet"
                }
                _ => "Access has ended",
            };
            (customer, format!("{how}: {connection_id}"))
        }
        _ => return None,
    })
}
