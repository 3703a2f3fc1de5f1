//! The employer behind a connection, as people know it.

use finch_app::ConnectionView;

use crate::{Customer, words};

/// An employer, as far as it is known.
pub(crate) enum Company {
    Named(String),
    Numbered(String),
    Unknown,
}

impl Company {
    /// The host's name of it, or else Finch's id.
    pub(crate) fn of(customer: &Customer, view: &ConnectionView) -> Self {
        let Some(id) = &view.company_id else { return Self::Unknown };
        match customer.company_names.get(id) {
            Some(name) => Self::Named(name.clone()),
            None => Self::Numbered(id.to_string()),
        }
    }

    /// Its name, to be added to the provider's: ` for Acme`.
    pub(crate) fn suffix(&self) -> String {
        match self {
            Self::Named(name) => format!(" for {}", words::isolated(name)),
            Self::Numbered(id) => format!(" for company {}", words::isolated(id)),
            Self::Unknown => String::new(),
        }
    }
}
