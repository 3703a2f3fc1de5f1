//! The employer behind a connection, as people know it.

use finch_app::ConnectionView;

use crate::{Customer, app::App, words};

/// An employer, as far as it is known.
pub(crate) enum Company {
    Named(String),
    Numbered(String),
    Unknown,
}

impl Company {
    /// Its name, to be added to the provider's: ` for Acme`.
    pub(crate) fn of(&self) -> String {
        match self {
            Self::Named(name) => format!(" for {}", words::isolated(name)),
            Self::Numbered(id) => format!(" for company {}", words::isolated(id)),
            Self::Unknown => String::new(),
        }
    }
}

impl App {
    /// What the customer calls the employer: its name, or else Finch's id of it.
    pub(crate) async fn company(&self, customer: &Customer, view: &ConnectionView) -> Company {
        match self.host().company(customer, view).await {
            Some(name) => Company::Named(name),
            None => view
                .company_id
                .as_ref()
                .map_or(Company::Unknown, |id| Company::Numbered(id.to_string())),
        }
    }
}
