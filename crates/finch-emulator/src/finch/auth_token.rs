//! `POST /auth/token`: a code becomes an access token.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    answer::{self, Answer},
    call::Call,
    fields::Fields,
    refusal::Refusal,
    world::{Connection, Token, World},
};

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

/// The credentials are in the body; an `Authorization` header is ignored. They are checked before
/// the code, so that a stranger learns nothing about it.
pub(crate) fn exchange(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object()?;
    let fields = Fields::new(&body);
    let client_id = fields.optional_string("client_id")?;
    let client_secret = fields.optional_string("client_secret")?;
    let redirect_uri = fields.optional_string("redirect_uri")?;
    let code = fields.string("code")?;

    let known = (world.config.client_id.as_str(), world.config.client_secret.as_str());
    if (client_id, client_secret) != (Some(known.0), Some(known.1)) {
        return Err(Refusal::invalid_client());
    }
    let (secret, token, connection) = world
        .redeem(code, redirect_uri)
        .map_err(|error| Refusal::invalid_grant(&error.to_string()))?;
    Ok(answer::ok(&AccessToken::of(secret, token, connection)))
}

impl<'a> AccessToken<'a> {
    fn of(secret: &'a str, token: &'a Token, connection: &'a Connection) -> Self {
        let customer = token.grant.customer.as_ref();
        Self {
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
        }
    }
}
