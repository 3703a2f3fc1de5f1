//! `GET /introspect`: describes an access token, whatever the status of its connection.

use serde::Serialize;
use uuid::Uuid;

use super::live;
use crate::{
    http::{self, ApiError, Request, Response},
    world::{Authentication, Status, World},
};

/// `GetIntrospectResponse`
#[derive(Serialize)]
struct Introspection<'a> {
    id: Uuid,
    connection_id: Uuid,
    connection_status: StatusDetail<'a>,
    client_id: &'a str,
    client_type: &'static str,
    connection_type: &'static str,
    company_id: Uuid,
    account_id: Uuid,
    customer_id: Option<&'a str>,
    customer_name: Option<&'a str>,
    customer_email: Option<&'a str>,
    authentication_methods: [Method<'a>; 1],
    products: &'a [String],
    username: &'a str,
    provider_id: &'a str,
    payroll_provider_id: &'a str,
    manual: bool,
    entities: Vec<Entity<'a>>,
}

/// `ConnectionStatusDetail`
#[derive(Clone, Copy, Serialize)]
struct StatusDetail<'a> {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    last_successful_sync: &'a str,
}

/// `AuthenticationMethodDetail`
#[derive(Serialize)]
struct Method<'a> {
    r#type: Authentication,
    connection_status: StatusDetail<'a>,
    products: &'a [String],
}

/// `MultiAccountEntity`
#[derive(Serialize)]
struct Entity<'a> {
    id: Uuid,
    name: &'a str,
    source_id: Option<&'a str>,
    status: Status,
}

pub(super) fn introspect(world: &mut World, request: &Request) -> Result<Response, ApiError> {
    let (token, connection) = live(world, request)?;
    let grant = &token.grant;
    let customer = grant.customer.as_ref();
    let connection_status = StatusDetail {
        status: connection.status,
        message: connection.status.message(),
        last_successful_sync: &connection.last_successful_sync,
    };
    let entities = connection.entities.iter().map(|entity| Entity {
        id: entity.id,
        name: &entity.name,
        source_id: None,
        status: if entity.is_live { connection.status } else { Status::Disconnected },
    });
    Ok(http::ok(&Introspection {
        id: token.id,
        connection_id: connection.id,
        connection_status,
        client_id: &world.config.client_id,
        client_type: "sandbox",
        connection_type: "provider",
        company_id: connection.company.id,
        account_id: connection.account_id,
        customer_id: customer.map(|customer| customer.id.as_str()),
        customer_name: customer.and_then(|customer| customer.name.as_deref()),
        customer_email: customer.and_then(|customer| customer.email.as_deref()),
        authentication_methods: [Method {
            r#type: grant.authentication,
            connection_status,
            products: &grant.products,
        }],
        products: &grant.products,
        username: &grant.user,
        provider_id: &connection.provider.id,
        payroll_provider_id: &connection.provider.id,
        manual: grant.authentication == Authentication::Assisted,
        entities: entities.collect(),
    }))
}
