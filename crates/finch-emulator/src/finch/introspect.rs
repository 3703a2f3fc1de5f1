//! `GET /introspect`: what an access token stands for.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    answer::{self, Answer},
    call::Call,
    refusal::Refusal,
    world::{self, Authentication, Connection, Status, Token, World},
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
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    last_successful_sync: &'a str,
}

/// `AuthenticationMethodDetail`
#[derive(Serialize)]
struct Method<'a> {
    r#type: &'static str,
    connection_status: StatusDetail<'a>,
    products: &'a [String],
}

/// `MultiAccountEntity`
#[derive(Serialize)]
struct Entity<'a> {
    id: Uuid,
    name: &'a str,
    source_id: Option<&'a str>,
    status: &'static str,
}

/// Works whatever the status of the connection is, as long as the token lives.
pub(crate) fn introspect(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let (token, connection) = world.live(call.bearer()?).ok_or_else(Refusal::invalid_token)?;
    Ok(answer::ok(&Introspection::of(&world.config.client_id, token, connection)))
}

impl<'a> Introspection<'a> {
    fn of(client_id: &'a str, token: &'a Token, connection: &'a Connection) -> Self {
        let grant = &token.grant;
        let customer = grant.customer.as_ref();
        let status = StatusDetail {
            status: connection.status.as_str(),
            message: connection.status.message(),
            last_successful_sync: &connection.last_successful_sync,
        };
        Self {
            id: token.id,
            connection_id: connection.id,
            connection_status: status,
            client_id,
            client_type: "sandbox",
            connection_type: "provider",
            company_id: connection.company.id,
            account_id: connection.account_id,
            customer_id: customer.map(|customer| customer.id.as_str()),
            customer_name: customer.and_then(|customer| customer.name.as_deref()),
            customer_email: customer.and_then(|customer| customer.email.as_deref()),
            authentication_methods: [Method {
                r#type: grant.authentication.as_str(),
                connection_status: status,
                products: &grant.products,
            }],
            products: &grant.products,
            username: &grant.user,
            provider_id: &connection.provider.id,
            payroll_provider_id: &connection.provider.id,
            manual: grant.authentication == Authentication::Assisted,
            entities: connection
                .entities
                .iter()
                .map(|entity| Entity::of(entity, connection))
                .collect(),
        }
    }
}

impl<'a> Entity<'a> {
    /// A live entity is as its connection is.
    fn of(entity: &'a world::Entity, connection: &Connection) -> Self {
        let status = if entity.is_live { connection.status } else { Status::Disconnected };
        Self { id: entity.id, name: &entity.name, source_id: None, status: status.as_str() }
    }
}
