//! A login in Finch Connect.

/// What a code is issued for: a person signed in at a provider for a company.
///
/// Everything is named in plain words, and equal words have equal ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Login {
    /// The person.
    pub user: String,
    /// The provider's name or id, listed or not.
    pub provider: String,
    /// The employer.
    pub company: String,
    /// Entities of the employer beside the company itself, which the connection reads too.
    pub entities: Vec<String>,
    /// A label for the credentials.
    pub credentials: String,
    /// The granted products; `None` for Finch's organization products.
    pub products: Option<Vec<String>>,
    /// Where Connect redirects to; `None` for the embedded flow.
    pub redirect_uri: Option<String>,
    /// The host application's id of its customer.
    pub customer_id: Option<String>,
}

impl Login {
    /// A login in the embedded flow, without a customer, with Finch's organization products.
    pub fn new(
        user: impl Into<String>,
        provider: impl Into<String>,
        company: impl Into<String>,
        credentials: impl Into<String>,
    ) -> Self {
        Self {
            user: user.into(),
            provider: provider.into(),
            company: company.into(),
            credentials: credentials.into(),
            ..Self::default()
        }
    }

    /// Connects these entities of the employer too.
    pub fn entities<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.entities = names.into_iter().map(Into::into).collect();
        self
    }

    /// Grants these products instead.
    pub fn products<P: Into<String>>(mut self, products: impl IntoIterator<Item = P>) -> Self {
        self.products = Some(products.into_iter().map(Into::into).collect());
        self
    }

    /// Redirects to this URI, which the exchange must repeat.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Belongs to this customer of the host application.
    pub fn customer_id(mut self, id: impl Into<String>) -> Self {
        self.customer_id = Some(id.into());
        self
    }
}
