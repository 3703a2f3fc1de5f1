//! A person who went through Finch Connect.

/// "This person logged in at that provider for that company": what a code is issued for.
///
/// Everything is named in plain words; the emulator turns the words into stable ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// Who logged in.
    pub user: String,
    /// Where: a provider's name or id, known to the emulator or not.
    pub provider: String,
    /// For which employer.
    pub company: String,
    /// Further entities of that employer, which the connection reads beside the company itself.
    pub entities: Vec<String>,
    /// A label for the credentials used: equal labels are equal credentials.
    pub credentials: String,
    /// The products granted; `None` stands for Finch's organization products.
    pub products: Option<Vec<String>>,
    /// Where Connect sends the person back to; `None` for the embedded flow.
    pub redirect_uri: Option<String>,
    /// The host application's id of its customer.
    pub customer_id: Option<String>,
}

impl Login {
    /// A login in the embedded flow, for no customer, with Finch's organization products.
    #[must_use]
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
    #[must_use]
    pub fn entities<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.entities = names.into_iter().map(Into::into).collect();
        self
    }

    /// Grants these products instead.
    #[must_use]
    pub fn products<P: Into<String>>(mut self, products: impl IntoIterator<Item = P>) -> Self {
        self.products = Some(products.into_iter().map(Into::into).collect());
        self
    }

    /// Comes back by a redirect: the exchange must name the same URI.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Belongs to this customer of the host application.
    #[must_use]
    pub fn customer_id(mut self, id: impl Into<String>) -> Self {
        self.customer_id = Some(id.into());
        self
    }
}
