//! A customer of the host's, as the host's own extractor names it.

use std::collections::BTreeMap;

use finch_app::{CompanyId, CustomerId, CustomerScope};

/// A customer of the host's who has signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Customer {
    /// The host's own name for it.
    pub id: CustomerId,
    /// What it is called, for people: 1 to 255 characters. Finch Connect shows it too.
    pub name: String,
    /// The address of the person, if Finch is to know it.
    pub email: Option<String>,
    /// What the employers behind its connections are called, as far as the host knows. Without a name the
    /// pages show Finch's id.
    pub company_names: BTreeMap<CompanyId, String>,
}

impl Customer {
    /// A customer whose person's address Finch does not get.
    pub fn new(id: CustomerId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), email: None, company_names: BTreeMap::new() }
    }

    /// The scope of what this customer may see and end.
    pub(crate) fn scope(&self) -> CustomerScope {
        CustomerScope::new(self.id.clone())
    }

    /// Its name, or its id where the name is empty.
    pub(crate) fn shown(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }
}
