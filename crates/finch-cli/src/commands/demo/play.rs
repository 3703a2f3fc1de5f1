//! The seed's four steps, one disconnect, and the proof; everything through the same code that
//! a host uses.

use finch_app::{ConnectRequest, DisconnectOutcome, Finch};
use finch_core::{
    AccessToken, AuthorizationCode, CompanyId, ConnectionId, CustomerId, CustomerScope, FinchApi,
    Flow, Product, ProviderId, RequestId, decide::Plan,
};
use finch_emulator::{DisconnectScope, Login};
use serde::Serialize;

use super::{
    facts::{Fact, Seen, disconnect_calls, facts},
    search::{Searched, search},
    stage::Stage,
};
use crate::fail::{Exit, Failure};

/// One of the seed's steps, in plain words.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) number: usize,
    pub(crate) user: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) company: &'static str,
    pub(crate) credentials: &'static str,
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

/// Whose tokens they all are. A and B are people of this one customer.
pub(crate) const CUSTOMER: &str = "company-c";

/// A token of the play.
#[derive(Debug, Serialize)]
pub(crate) struct Played {
    #[serde(flatten)]
    pub(crate) step: Step,
    pub(crate) connection_id: ConnectionId,
    pub(crate) provider_id: ProviderId,
    pub(crate) company_id: Option<CompanyId>,
    pub(crate) products: Vec<Product>,
    /// What a call with it answers, before the disconnect and after it.
    pub(crate) before: Call,
    pub(crate) after: Call,
    /// Kept in memory for the proof, as somebody who stole it would.
    #[serde(skip)]
    secret: AccessToken,
}

/// The answer to one `GET /introspect`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Call {
    pub(crate) status: u16,
    pub(crate) request_id: Option<RequestId>,
}

/// A connection, as the store has put it together.
#[derive(Debug, Serialize)]
pub(crate) struct Together {
    pub(crate) number: usize,
    /// The numbers of its tokens.
    pub(crate) tokens: Vec<usize>,
    pub(crate) provider: &'static str,
    pub(crate) company: &'static str,
    pub(crate) connection_ids: Vec<ConnectionId>,
    pub(crate) why: &'static str,
}

/// Everything that happened.
#[derive(Debug, Serialize)]
pub(crate) struct Play {
    pub(crate) customer: &'static str,
    pub(crate) disconnect_scope: DisconnectScope,
    pub(crate) tokens: Vec<Played>,
    pub(crate) connections: Vec<Together>,
    /// The number of the token whose connection was disconnected.
    pub(crate) disconnected: usize,
    pub(crate) plan: Plan,
    pub(crate) outcome: DisconnectOutcome,
    pub(crate) disconnect_calls: u64,
    pub(crate) search_before: Searched,
    pub(crate) search_after: Searched,
    pub(crate) facts: Vec<Fact>,
    pub(crate) held: bool,
}

/// Whose connection is disconnected.
pub(crate) const TARGET: usize = 2;

pub(crate) async fn play(reach: DisconnectScope) -> Result<Play, Failure> {
    let stage = Stage::set(reach).await?;
    let scope = CustomerScope::new(
        CustomerId::new(CUSTOMER).map_err(|error| Failure::bad_id("the customer", &error))?,
    );
    let mut secrets = vec![stage.emulator.client_secret().to_owned()];
    let mut tokens = Vec::new();
    for step in STEPS {
        tokens.push(connect(&stage, &scope, step, &mut secrets).await?);
    }
    let connections = together(&stage.finch, &scope, &tokens).await?;
    for token in &mut tokens {
        token.before = call(&stage, &token.secret).await?;
    }
    let look = |stage: &Stage| {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        search(&stage.folder(), &secrets).map_err(|error| {
            Failure::new(Exit::Failed, "demo", "the store's files could not be read")
                .because(&error)
        })
    };
    let search_before = look(&stage)?;

    let target = tokens[TARGET - 1].secret.clone();
    let plan = stage.finch.plan_disconnect(&scope, target).await?;
    let outcome = stage.finch.carry_out(&scope, plan.clone()).await?;

    for token in &mut tokens {
        token.after = call(&stage, &token.secret).await?;
    }
    let facts = facts(&Seen {
        stage: &stage,
        scope: &scope,
        tokens: &tokens,
        connections: &connections,
        plan: &plan,
        outcome: &outcome,
        searches: [search_before, look(&stage)?],
    })
    .await;
    let play = Play {
        customer: CUSTOMER,
        disconnect_scope: reach,
        connections,
        disconnected: TARGET,
        plan,
        outcome,
        disconnect_calls: disconnect_calls(&stage),
        search_before,
        search_after: look(&stage)?,
        held: facts.iter().all(|fact| fact.held),
        facts,
        tokens,
    };
    stage.clear().await?;
    Ok(play)
}

/// Connects once, as a host does: begin, let the person log in, complete.
#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: the demo looks for its secrets in the store's files"
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
    let done =
        stage.finch.complete_connect(scope, begun.state, AuthorizationCode::new(code)).await?;
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
    finch: &Finch,
    scope: &CustomerScope,
    tokens: &[Played],
) -> Result<Vec<Together>, Failure> {
    let page = finch.connections(scope, None, 100).await?;
    let mut found = Vec::new();
    for (at, view) in page.items.into_iter().enumerate() {
        let is_in = |token: &&Played| view.connection_ids.contains(&token.connection_id);
        let its: Vec<_> = tokens.iter().filter(is_in).collect();
        let Some(first) = its.first() else { continue };
        found.push(Together {
            number: at + 1,
            tokens: its.iter().map(|token| token.step.number).collect(),
            provider: first.step.provider,
            company: first.step.company,
            why: if its.len() > 1 {
                "The same provider and the same company are one connection, whoever logs in, with whatever \
                 credentials, for whatever products."
            } else {
                "The same company at another provider is another connection."
            },
            connection_ids: view.connection_ids,
        });
    }
    Ok(found)
}

/// A real call with a token: what it answers.
async fn call(stage: &Stage, token: &AccessToken) -> Result<Call, Failure> {
    match stage.http.introspect(token).await {
        Ok(_) => Ok(Call { status: 200, request_id: None }),
        Err(error) => match error.answer() {
            Some(answer) => {
                Ok(Call { status: answer.status, request_id: answer.request_id.clone() })
            }
            None => Err(Failure::new(Exit::Failed, "demo", "the local Finch does not answer")
                .because(&error)),
        },
    }
}
