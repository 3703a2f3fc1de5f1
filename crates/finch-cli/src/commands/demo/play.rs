//! Four connects, one disconnect, and the proof; everything through the same code that a host uses.

use finch_app::{ConnectRequest, DisconnectOutcome};
use finch_core::{
    AccessToken, AuthorizationCode, CompanyId, ConnectionId, CustomerId, CustomerScope, Flow,
    Product, ProviderId, decide::Plan,
};
use finch_emulator::{DisconnectScope, Login};
use serde::Serialize;

use super::{
    facts::{Fact, facts},
    stage::{Call, Searched, Stage},
};
use crate::fail::Failure;

/// One way through Finch Connect.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Step {
    pub(super) number: usize,
    pub(super) user: &'static str,
    pub(super) provider: &'static str,
    pub(super) company: &'static str,
    pub(super) credentials: &'static str,
    #[serde(skip)]
    products: [&'static str; 2],
}

const STEPS: [Step; 4] = [
    step(1, "User A", "Gusto", "X", ["company", "directory"]),
    step(2, "User A", "Gusto", "X", ["payment", "pay_statement"]),
    step(3, "User B", "Gusto", "Y", ["company", "directory"]),
    step(4, "User A", "JustWorks", "Z", ["company", "directory"]),
];

const fn step(
    number: usize,
    user: &'static str,
    provider: &'static str,
    credentials: &'static str,
    products: [&'static str; 2],
) -> Step {
    Step { number, user, provider, company: "Company C", credentials, products }
}

/// The customer of all four tokens. A and B are people of this one customer.
pub(super) const CUSTOMER: &str = "company-c";

/// The number of the token whose connection is disconnected.
pub(super) const TARGET: usize = 2;

/// A token of the demo.
#[derive(Debug, Serialize)]
pub(super) struct Played {
    #[serde(flatten)]
    pub(super) step: Step,
    pub(super) connection_id: ConnectionId,
    provider_id: ProviderId,
    company_id: Option<CompanyId>,
    pub(super) products: Vec<Product>,
    /// What a call with it answers, before the disconnect and after it.
    pub(super) before: Call,
    pub(super) after: Call,
    /// Kept in memory for the proof, as a thief would.
    #[serde(skip)]
    secret: AccessToken,
}

/// A connection, as the store has put it together.
#[derive(Debug, Serialize)]
pub(super) struct Together {
    pub(super) number: usize,
    /// The numbers of its tokens.
    pub(super) tokens: Vec<usize>,
    pub(super) provider: &'static str,
    pub(super) company: &'static str,
    pub(super) connection_ids: Vec<ConnectionId>,
}

/// Everything that happened.
#[derive(Debug, Serialize)]
pub(super) struct Play {
    customer: &'static str,
    disconnect_scope: DisconnectScope,
    pub(super) tokens: Vec<Played>,
    pub(super) connections: Vec<Together>,
    disconnected: usize,
    pub(super) plan: Plan,
    pub(super) outcome: DisconnectOutcome,
    pub(super) disconnect_calls: u64,
    pub(super) search_before: Searched,
    pub(super) search_after: Searched,
    pub(super) facts: Vec<Fact>,
    pub(super) held: bool,
}

pub(super) async fn play(disconnect_scope: DisconnectScope) -> Result<Play, Failure> {
    let stage = Stage::set(disconnect_scope).await?;
    let customer = CustomerId::new(CUSTOMER).map_err(|error| Failure::of(&error))?;
    let scope = CustomerScope::new(customer);
    let mut secrets = vec![stage.emulator.client_secret().to_owned()];
    let mut tokens = Vec::new();
    for step in STEPS {
        tokens.push(connect(&stage, &scope, step, &mut secrets).await?);
    }
    let connections = together(&stage, &scope, &tokens).await?;
    for token in &mut tokens {
        token.before = stage.call(&token.secret).await?;
    }
    let search_before = stage.search(&secrets)?;
    let plan = stage.finch.plan_disconnect(&scope, tokens[TARGET - 1].secret.clone()).await?;
    let outcome = stage.finch.disconnect(&scope, plan.clone()).await?;
    for token in &mut tokens {
        token.after = stage.call(&token.secret).await?;
    }
    let mut play = Play {
        customer: CUSTOMER,
        disconnect_scope,
        tokens,
        connections,
        disconnected: TARGET,
        plan,
        outcome,
        disconnect_calls: stage.disconnect_calls(),
        search_before,
        search_after: stage.search(&secrets)?,
        facts: Vec::new(),
        held: false,
    };
    play.facts = facts(&play, &stage, &scope).await;
    play.held = play.facts.iter().all(|fact| fact.held);
    stage.clear().await?;
    Ok(play)
}

/// Connects once, as a host does: begin, let the person log in, complete.
#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: the demo searches the store's files for them"
)]
async fn connect(
    stage: &Stage,
    scope: &CustomerScope,
    step: Step,
    secrets: &mut Vec<String>,
) -> Result<Played, Failure> {
    let products = step.products.into_iter().map(Product::from).collect();
    let request = ConnectRequest::new(step.company, products, Flow::Embedded);
    let begun = stage.finch.begin_connect(scope, request).await?;
    let mut login = Login::new(step.user, step.provider, step.company, step.credentials)
        .products(step.products);
    if let Some(customer) = &begun.finch_customer_id {
        login = login.customer_id(customer.as_str());
    }
    let code = stage.emulator.issue_code(login);
    secrets.extend([begun.state.expose().to_owned(), code.clone()]);
    let code = AuthorizationCode::new(code);
    let done = stage.finch.complete_connect(scope, begun.state, code).await?;
    // The newest one of its connection: this one.
    let token = stage.finch.access_token(scope, &done.connection_id, &[]).await?;
    secrets.push(token.secret.expose().to_owned());
    Ok(Played {
        step,
        connection_id: done.connection_id,
        provider_id: done.provider_id,
        company_id: done.company_id,
        products: done.products,
        before: Call::default(),
        after: Call::default(),
        secret: token.secret,
    })
}

/// Which tokens the store has put together.
async fn together(
    stage: &Stage,
    scope: &CustomerScope,
    tokens: &[Played],
) -> Result<Vec<Together>, Failure> {
    let page = stage.finch.connections(scope).page(None, 100).await?;
    let mut found = Vec::new();
    for view in page.items {
        let is_in = |token: &&Played| view.connection_ids.contains(&token.connection_id);
        let steps: Vec<_> = tokens.iter().filter(is_in).map(|token| token.step).collect();
        let Some(Step { provider, company, .. }) = steps.first().copied() else { continue };
        found.push(Together {
            number: found.len() + 1,
            tokens: steps.iter().map(|step| step.number).collect(),
            provider,
            company,
            connection_ids: view.connection_ids,
        });
    }
    Ok(found)
}
