//! `POST /sandbox/connections`, `POST` and `PUT /sandbox/connections/accounts`: connections without a
//! login.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{live, require_client};
use crate::{
    http::{self, ApiError, Names, Request, Response, Text},
    world::{
        Authentication, Company, Connection, Grant, ProviderName, Status, Token, World,
        organization_products,
    },
};

/// What both requests for a login have in common.
#[derive(Deserialize)]
struct NewAccount {
    provider_id: Text,
    authentication_type: Option<Authentication>,
    products: Option<Names>,
    #[serde(rename = "employee_size")]
    _employee_size: Option<u64>,
}

#[derive(Deserialize)]
struct ExistingCompany {
    company_id: Uuid,
}

#[derive(Deserialize)]
struct UpdateAccount {
    connection_status: Option<Status>,
}

/// The three responses, which differ in the token.
#[derive(Serialize)]
struct Account<'a> {
    connection_id: Uuid,
    entity_id: Uuid,
    company_id: Uuid,
    account_id: Uuid,
    provider_id: &'a str,
    authentication_type: Authentication,
    products: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
}

/// `POST /sandbox/connections`: creates a company and a connection of it. Basic authentication.
pub(super) fn create_connection(
    world: &mut World,
    request: &Request,
) -> Result<Response, ApiError> {
    require_client(world, request)?;
    let account: NewAccount = request.json()?;
    let number = world.next_sandbox_number();
    let company = Company::named(&format!("Sandbox company {number}"));
    let (secret, token, connection) = world.admit(account.grant(company, number)?);
    Ok(http::ok(&Account {
        access_token: Some(secret),
        token_type: Some("bearer"),
        ..Account::of(token, connection)
    }))
}

/// `POST /sandbox/connections/accounts`: another login for a company. Basic authentication.
pub(super) fn create_account(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    require_client(world, request)?;
    let ExistingCompany { company_id } = request.json()?;
    let account: NewAccount = request.json()?;
    let number = world.next_sandbox_number();
    let grant = account.grant(world.company(company_id), number)?;
    let (secret, token, connection) = world.admit(grant);
    Ok(http::ok(&Account { access_token: Some(secret), ..Account::of(token, connection) }))
}

/// `PUT /sandbox/connections/accounts`: sets the status of the token's connection. Bearer
/// authentication.
pub(super) fn update_account(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    let connection = live(world, request)?.0.connection;
    let UpdateAccount { connection_status } = request.json()?;
    if let Some(status) = connection_status {
        world.set_status(connection, status);
    }
    let (token, connection) = live(world, request)?;
    Ok(http::ok(&Account::of(token, connection)))
}

impl NewAccount {
    fn grant(self, company: Company, number: u64) -> Result<Grant, ApiError> {
        let provider = ProviderName::named(&self.provider_id.0);
        let authentication = self.authentication_type.unwrap_or_else(|| provider.default_method());
        if !provider.offers(authentication) {
            return Err(ApiError::invalid_pairing(&provider.id, authentication.as_str()));
        }
        Ok(Grant {
            user: format!("sandbox_user_{number}"),
            credentials: format!("Sandbox credentials {number}"),
            provider,
            company,
            entities: Vec::new(),
            products: self.products.map_or_else(organization_products, |products| products.0),
            customer: None,
            authentication,
            redirect_uri: None,
            reauthenticates: None,
        })
    }
}

impl<'a> Account<'a> {
    fn of(token: &'a Token, connection: &'a Connection) -> Self {
        Self {
            connection_id: connection.id,
            entity_id: connection.account_id,
            company_id: connection.company.id,
            account_id: connection.account_id,
            provider_id: &connection.provider.id,
            authentication_type: token.grant.authentication,
            products: &token.grant.products,
            access_token: None,
            token_type: None,
        }
    }
}
