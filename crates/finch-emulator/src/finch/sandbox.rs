//! `POST /sandbox/connections`, `POST` and `PUT /sandbox/connections/accounts`: connections
//! without a login.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    answer::{self, Answer},
    call::Call,
    fields::Fields,
    refusal::Refusal,
    world::{
        Authentication, Company, Connection, Grant, ProviderName, Status, Token, World,
        organization_products,
    },
};

/// The three answers, which differ in what they say of the token.
#[derive(Serialize)]
struct Account<'a> {
    connection_id: Uuid,
    entity_id: Uuid,
    company_id: Uuid,
    account_id: Uuid,
    provider_id: &'a str,
    authentication_type: &'static str,
    products: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
}

/// `POST /sandbox/connections`: a new company at a provider. Basic authentication.
pub(crate) fn new_connection(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    require_client(world, call)?;
    let body = call.object()?;
    let fields = Fields::new(&body);
    fields.count("employee_size")?;
    let account = NewAccount::read(&fields)?;
    let number = world.next_sandbox_number();
    let company = Company::named(&format!("Sandbox company {number}"));
    let (secret, token, connection) = world.admit(account.grant(company, number));
    let answer = Account {
        access_token: Some(secret),
        token_type: Some("bearer"),
        ..Account::of(token, connection)
    };
    Ok(answer::ok(&answer))
}

/// `POST /sandbox/connections/accounts`: another login for a company that may be connected.
/// Basic authentication.
pub(crate) fn new_account(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    require_client(world, call)?;
    let body = call.object()?;
    let fields = Fields::new(&body);
    let company = Uuid::try_parse(fields.string("company_id")?)
        .map_err(|_| fields.invalid("company_id", "must be a UUID"))?;
    let account = NewAccount::read(&fields)?;
    let number = world.next_sandbox_number();
    let company = world.company(company);
    let (secret, token, connection) = world.admit(account.grant(company, number));
    let answer = Account { access_token: Some(secret), ..Account::of(token, connection) };
    Ok(answer::ok(&answer))
}

/// `PUT /sandbox/connections/accounts`: sets the status of the token's connection. Bearer
/// authentication.
pub(crate) fn update_account(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    let secret = call.bearer()?;
    let (token, _) = world.live(secret).ok_or_else(Refusal::invalid_token)?;
    let connection = token.connection;
    let body = call.object()?;
    let status =
        Fields::new(&body).one_of("connection_status", &Status::SETTABLE, Status::as_str)?;
    if let Some(status) = status {
        world.set_status(connection, status);
    }
    let (token, connection) = world.live(secret).ok_or_else(Refusal::invalid_token)?;
    Ok(answer::ok(&Account::of(token, connection)))
}

fn require_client(world: &World, call: &Call) -> Result<(), Refusal> {
    call.require_client(&world.config.client_id, &world.config.client_secret)
}

/// What both requests for an account share.
struct NewAccount {
    provider: ProviderName,
    authentication: Authentication,
    products: Vec<String>,
}

impl NewAccount {
    fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let provider = ProviderName::named(fields.text("provider_id")?);
        let asked =
            fields.one_of("authentication_type", &Authentication::ALL, Authentication::as_str)?;
        let products = fields.strings("products")?.unwrap_or_else(organization_products);
        let authentication = asked.unwrap_or_else(|| provider.usual_method());
        if !provider.offers(authentication) {
            return Err(Refusal::invalid_pairing(&provider.id, authentication));
        }
        Ok(Self { provider, authentication, products })
    }

    fn grant(self, company: Company, number: u64) -> Grant {
        Grant {
            user: format!("sandbox_user_{number}"),
            credentials: format!("Sandbox credentials {number}"),
            provider: self.provider,
            company,
            entities: Vec::new(),
            products: self.products,
            customer: None,
            authentication: self.authentication,
            redirect_uri: None,
            reauthenticates: None,
        }
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
            authentication_type: token.grant.authentication.as_str(),
            products: &token.grant.products,
            access_token: None,
            token_type: None,
        }
    }
}
