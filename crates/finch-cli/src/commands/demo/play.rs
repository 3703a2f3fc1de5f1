//! Four connects, one disconnect, and the proof; everything through the same code that a host uses.

use finch_app::{ConnectRequest, DisconnectOutcome, TokenError};
use finch_core::{
    AccessToken, AuthorizationCode, ConnectionId, CustomerScope, Flow, Product,
    decide::{Plan, PlanVerdict},
};
use finch_emulator::{DisconnectScope, Login};
use serde::Serialize;

use super::stage::{Call, Searched, Stage};
use crate::fail::Failure;

/// Who connects at which provider, with which credentials and for which products; all for one company.
const STEPS: [(&str, &str, &str, [&str; 2]); 4] = [
    ("User A", "Gusto", "X", ["company", "directory"]),
    ("User A", "Gusto", "X", ["payment", "pay_statement"]),
    ("User B", "Gusto", "Y", ["company", "directory"]),
    ("User A", "JustWorks", "Z", ["company", "directory"]),
];

/// The company; and as whose customer it has all four tokens.
pub(super) const COMPANY: &str = "Company C";
pub(super) const CUSTOMER: &str = "company-c";

/// The number of the token whose connection is disconnected.
pub(super) const TARGET: usize = 2;

/// A token of the demo.
#[derive(Debug, Serialize)]
pub(super) struct Played {
    pub(super) number: usize,
    pub(super) user: &'static str,
    pub(super) provider: &'static str,
    pub(super) credentials: &'static str,
    pub(super) connection_id: ConnectionId,
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
    /// The numbers of its tokens.
    pub(super) tokens: Vec<usize>,
    pub(super) provider: &'static str,
    pub(super) connection_ids: Vec<ConnectionId>,
}

/// Something that must be true.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) fact: &'static str,
    pub(super) held: bool,
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
    outcome: DisconnectOutcome,
    pub(super) disconnect_calls: u64,
    search_before: Searched,
    pub(super) search_after: Searched,
    pub(super) facts: Vec<Fact>,
    pub(super) held: bool,
}

pub(super) async fn play(disconnect_scope: DisconnectScope) -> Result<Play, Failure> {
    let stage = Stage::set(disconnect_scope).await?;
    let scope = CustomerScope::new(CUSTOMER.parse().map_err(|error| Failure::of(&error))?);
    let mut secrets = vec![stage.emulator.client_secret().to_owned()];
    let mut tokens = Vec::new();
    for number in 1..=STEPS.len() {
        tokens.push(connect(&stage, &scope, number, &mut secrets).await?);
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
    play.facts = play.facts(&stage, &scope).await;
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
    number: usize,
    secrets: &mut Vec<String>,
) -> Result<Played, Failure> {
    let (user, provider, credentials, products) = STEPS[number - 1];
    let wanted = products.into_iter().map(Product::from).collect();
    let request = ConnectRequest::new(COMPANY, wanted, Flow::Embedded);
    let begun = stage.finch.begin_connect(scope, request).await?;
    let mut login = Login::new(user, provider, COMPANY, credentials).products(products);
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
        number,
        user,
        provider,
        credentials,
        connection_id: done.connection_id,
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
    let views = stage.finch.connections(scope).all().await?;
    let connections = views.into_iter().filter_map(|view| {
        let is_in = |token: &&Played| view.connection_ids.contains(&token.connection_id);
        let own: Vec<_> = tokens.iter().filter(is_in).collect();
        Some(Together {
            provider: own.first()?.provider,
            tokens: own.iter().map(|token| token.number).collect(),
            connection_ids: view.connection_ids,
        })
    });
    Ok(connections.collect())
}

impl Play {
    /// What must be true in the end; each is looked up where it can be seen, at Finch or in the store.
    async fn facts(&self, stage: &Stage, scope: &CustomerScope) -> Vec<Fact> {
        let Self { tokens, connections, plan, outcome, .. } = self;
        let numbers: Vec<&[usize]> = connections.iter().map(|c| c.tokens.as_slice()).collect();
        let ids = connections.first().map(|c| c.connection_ids.clone()).unwrap_or_default();
        let handed_out = async |number: usize| {
            stage.finch.access_token(scope, &tokens[number - 1].connection_id, &[]).await
        };
        let view = stage.finch.connection(scope, &tokens[TARGET - 1].connection_id).await;
        let all_revoked = view.ok().flatten().is_some_and(|view| {
            view.tokens.len() == 3 && view.tokens.iter().all(|token| token.state.is_revoked())
        });
        let at_finch: Vec<_> =
            stage.emulator.state().tokens.iter().map(|token| token.revoked).collect();
        let answers = |of: fn(&Played) -> u16| tokens.iter().map(of).collect::<Vec<_>>();
        let is_free = |search: &Searched| search.files > 0 && search.found == 0;
        let facts = [
            (
                "tokens 1, 2 and 3 are one connection, token 4 another",
                numbers == [&[1, 2, 3][..], &[4]],
            ),
            (
                "before the disconnect all four tokens work",
                answers(|t| t.before.status) == [200; 4],
            ),
            (
                "the preview names tokens 1, 2 and 3, and nothing else",
                (plan.verdict, plan.tokens) == (PlanVerdict::Disconnects, 3)
                    && plan.connection_ids == ids,
            ),
            (
                "the disconnect ended three tokens",
                matches!(outcome, DisconnectOutcome::Disconnected { tokens: 3 }),
            ),
            (
                "one call to /disconnect was made for each connection_id",
                self.disconnect_calls == ids.len() as u64,
            ),
            (
                "after it tokens 1, 2 and 3 get 401, and token 4 works",
                answers(|t| t.after.status) == [401, 401, 401, 200],
            ),
            ("the local Finch says the same", at_finch == [true, true, true, false]),
            (
                "the store hands out no token of the first connection any more",
                all_revoked && matches!(handed_out(1).await, Err(TokenError::Disconnected)),
            ),
            ("and still the one of the second", handed_out(4).await.is_ok()),
            (
                "no secret is in the store's files, before the disconnect or after it",
                is_free(&self.search_before) && is_free(&self.search_after),
            ),
        ];
        facts.map(|(fact, held)| Fact { fact, held }).into()
    }
}
