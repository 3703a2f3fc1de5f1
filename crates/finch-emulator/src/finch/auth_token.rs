//! `POST /auth/token`: exchanges a code for an access token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    FinchError,
    http::{self, ApiError, Request, Response},
    world::World,
};

/// `CreateAccessTokenRequest`
#[derive(Deserialize)]
struct Exchange {
    client_id: Option<String>,
    client_secret: Option<String>,
    redirect_uri: Option<String>,
    code: String,
}

/// `CreateAccessTokenResponse`
#[derive(Serialize)]
struct AccessToken<'a> {
    access_token: &'a str,
    token_type: &'static str,
    connection_id: Uuid,
    customer_id: Option<&'a str>,
    customer_name: Option<&'a str>,
    account_id: Uuid,
    client_type: &'static str,
    company_id: Uuid,
    connection_type: &'static str,
    products: &'a [String],
    provider_id: &'a str,
    entity_ids: Vec<Uuid>,
}

/// Authenticates by the body, and ignores an `Authorization` header. Credentials are checked before the
/// code, so that a stranger learns nothing about it.
pub(super) fn exchange(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    let body: Exchange = request.json()?;
    let known = (Some(&world.config.client_id), Some(&world.config.client_secret));
    if (body.client_id.as_ref(), body.client_secret.as_ref()) != known {
        return Err(FinchError::InvalidClient.into());
    }
    let (secret, token, connection) = world
        .redeem(&body.code, body.redirect_uri.as_deref())
        .map_err(|error| ApiError::invalid_grant(&error.to_string()))?;
    let customer = token.grant.customer.as_ref();
    Ok(http::ok(&AccessToken {
        access_token: secret,
        token_type: "bearer",
        connection_id: connection.id,
        customer_id: customer.map(|customer| customer.id.as_str()),
        customer_name: customer.and_then(|customer| customer.name.as_deref()),
        account_id: connection.account_id,
        client_type: "sandbox",
        company_id: connection.company.id,
        connection_type: "provider",
        products: &token.grant.products,
        provider_id: &connection.provider.id,
        entity_ids: connection.entities.live_ids(),
    }))
}

/// The code that a request would exchange.
pub(crate) fn code(request: &Request) -> Option<String> {
    request.json().ok().map(|exchange: Exchange| exchange.code)
}
