//! What a person granted in Connect, and the code that stands for it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Connection, Lookup, ProviderName, Token, World,
    ids::{Kind, company_id},
    organization_products,
};
use crate::Login;

#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) user: String,
    pub(crate) credentials: String,
    pub(crate) provider: ProviderName,
    pub(crate) company: Company,
    /// The names of the employer's entities beside the company itself.
    pub(crate) entities: Vec<String>,
    pub(crate) products: Vec<String>,
    pub(crate) customer: Option<Customer>,
    pub(crate) authentication: Authentication,
    pub(crate) redirect_uri: Option<String>,
    /// The connection that this login renews.
    pub(crate) reauthenticates: Option<Uuid>,
}

/// A company as a person named it, and its id.
#[derive(Clone)]
pub(crate) struct Company {
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

impl Company {
    pub(crate) fn named(name: &str) -> Self {
        Self { id: company_id(name), name: name.trim().to_owned() }
    }
}

/// The host application's customer.
#[derive(Clone)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

/// How a person signs in at a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Authentication {
    ApiToken,
    Assisted,
    Credential,
    Oauth,
}

impl Authentication {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ApiToken => "api_token",
            Self::Assisted => "assisted",
            Self::Credential => "credential",
            Self::Oauth => "oauth",
        }
    }
}

impl From<Login> for Grant {
    fn from(login: Login) -> Self {
        let provider = ProviderName::named(&login.provider);
        Self {
            user: login.user.trim().to_owned(),
            credentials: login.credentials.trim().to_owned(),
            authentication: provider.default_method(),
            provider,
            company: Company::named(&login.company),
            entities: login.entities,
            products: login.products.unwrap_or_else(organization_products),
            customer: login.customer_id.map(|id| Customer { id, name: None, email: None }),
            redirect_uri: login.redirect_uri,
            reauthenticates: None,
        }
    }
}

/// Why a code was not exchanged, in Finch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("authorization code is invalid")]
    Unknown,
    #[error("authorization code has expired")]
    Expired,
    #[error("redirect_uri does not match the one that the code was issued for")]
    RedirectUri,
    #[error("the connection of this authorization code has been disconnected")]
    Disconnected,
}

impl World {
    const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);

    /// A code for a grant: single use, 10 minutes.
    pub(crate) fn issue_code(&mut self, grant: Grant) -> String {
        let code = self.ids.make(Kind::Code).to_string();
        let now = self.clock.now();
        self.codes.insert(code.clone(), grant, now, now + Self::CODE_LIFETIME);
        code
    }

    /// Exchanges a code. A refused attempt does not use it up.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        redirect_uri: Option<&str>,
    ) -> Result<(&str, &Token, &Connection), GrantError> {
        let grant = match self.codes.get(code, self.clock.now()) {
            Lookup::Live(grant) => grant,
            Lookup::Expired => return Err(GrantError::Expired),
            Lookup::Unknown => return Err(GrantError::Unknown),
        };
        if grant.redirect_uri.as_deref() != redirect_uri {
            return Err(GrantError::RedirectUri);
        }
        if grant.reauthenticates.is_some_and(|id| self.live_connection(id).is_none()) {
            return Err(GrantError::Disconnected);
        }
        let grant = self.codes.remove(code).ok_or(GrantError::Unknown)?;
        Ok(self.admit(grant))
    }

    /// Whether the customer of a code already has a connection of another provider or company.
    pub(crate) fn customer_is_taken(&self, code: &str) -> bool {
        let Lookup::Live(grant) = self.codes.get(code, self.clock.now()) else { return false };
        let customer = grant.customer.as_ref();
        let held = customer.and_then(|customer| self.connection_of_customer(&customer.id));
        held.and_then(|id| self.connections.get(&id)).is_some_and(|connection| {
            connection.provider.id != grant.provider.id || connection.company.id != grant.company.id
        })
    }

    /// The number of codes that can still be exchanged.
    pub(crate) fn codes_waiting(&self) -> usize {
        self.codes.count_live(self.clock.now())
    }
}
