//! The seed's steps, end to end: real HTTP on loopback, a real sealed store, in both readings of how
//! far `/disconnect` reaches.

use std::{path::Path, sync::Arc};

use finch_app::{
    AuthorizationCode, ClientSecret, CompletedConnect, ConnectRequest, CustomerScope,
    DisconnectOutcome, Finch, Flow, HttpFinch, HttpFinchConfig, Kek, Product, keyfile,
};
use finch_core::{AccessToken, FailureKind, FinchApi};
use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig, Fault, Login};
use finch_tests::customer;

async fn emulator(disconnect_scope: DisconnectScope) -> Emulator {
    let config = EmulatorConfig { disconnect_scope, seed: Some(7), ..EmulatorConfig::default() };
    Emulator::start_with(config).await.unwrap()
}

fn config(emulator: &Emulator) -> HttpFinchConfig {
    let secret = ClientSecret::new(emulator.client_secret());
    let mut http = HttpFinchConfig::new(emulator.client_id().parse().unwrap(), secret);
    http.base_url = emulator.url().to_owned();
    http.backoff = std::time::Duration::ZERO;
    http
}

async fn open(emulator: &Emulator, folder: &Path) -> Finch {
    let key = folder.join("key");
    if !key.exists() {
        keyfile::create(&key, &Kek::generate().unwrap()).unwrap();
    }
    let key = Arc::new(keyfile::read(key).unwrap());
    Finch::open(config(emulator), folder.join("finch.db"), key).await.unwrap()
}

async fn connect(
    finch: &Finch,
    emulator: &Emulator,
    who: &CustomerScope,
    login: [&str; 4],
) -> CompletedConnect {
    let [user, provider, company, credentials] = login;
    let request =
        ConnectRequest::new("Acme", vec![Product::Company, Product::Directory], Flow::Embedded);
    let begun = finch.begin_connect(who, request).await.unwrap();
    let at_finch = begun.finch_customer_id.as_ref().unwrap().as_str();
    let login = Login::new(user, provider, company, credentials).customer_id(at_finch);
    let code = AuthorizationCode::new(emulator.issue_code(login));
    finch.complete_connect(who, begun.state, code).await.unwrap()
}

/// The four tokens of the seed, in order.
async fn seed(finch: &Finch, emulator: &Emulator) -> Vec<(CompletedConnect, AccessToken)> {
    let mut tokens = Vec::new();
    for login in [
        ["User A", "Gusto", "Company C", "X"],
        ["User A", "Gusto", "Company C", "X"],
        ["User B", "Gusto", "Company C", "Y"],
        ["User A", "JustWorks", "Company C", "Z"],
    ] {
        let connected = connect(finch, emulator, &customer(0), login).await;
        let token = finch.access_token(&customer(0), &connected.connection_id, &[]).await.unwrap();
        tokens.push((connected, token.secret));
    }
    tokens
}

async fn works(http: &HttpFinch, token: &AccessToken) -> bool {
    match http.introspect(token).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.failure_kind(), FailureKind::TokenInvalid);
            assert_eq!(error.answer().unwrap().status, 401);
            false
        }
    }
}

#[tokio::test]
async fn the_seeds_four_steps_in_both_readings() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let emulator = emulator(scope).await;
        let folder = tempfile::tempdir().unwrap();
        let finch = open(&emulator, folder.path()).await;
        let tokens = seed(&finch, &emulator).await;
        let listed = finch.connections(&customer(0)).all().await.unwrap();
        let sizes: Vec<_> =
            listed.iter().map(|c| (c.provider_id.as_str(), c.tokens.len())).collect();
        assert_eq!(sizes, [("gusto", 3), ("justworks", 1)], "{scope:?}");
        let second = tokens[1].0.connection_id.clone();
        let plan = finch.plan_disconnect(&customer(0), second.clone()).await.unwrap();
        assert_eq!((plan.tokens, plan.shared), (3, false));
        let outcome = finch.disconnect(&customer(0), second.clone()).await.unwrap();
        assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 3 });
        let http = HttpFinch::new(config(&emulator)).unwrap();
        let mut alive = Vec::new();
        for (_, token) in &tokens {
            alive.push(works(&http, token).await);
        }
        assert_eq!(alive, [false, false, false, true], "{scope:?}");
        let fourth = tokens[3].0.connection_id.clone();
        finch.access_token(&customer(0), &fourth, &[]).await.unwrap();
        finch.access_token(&customer(0), &second, &[]).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_company_that_finch_leaves_out_is_asked_for_at_once() {
    let emulator = emulator(DisconnectScope::Connection).await;
    let folder = tempfile::tempdir().unwrap();
    let finch = open(&emulator, folder.path()).await;
    connect(&finch, &emulator, &customer(0), ["User A", "Gusto", "Company C", "X"]).await;
    emulator.push_fault(Fault::on("/auth/token").omit(["company_id"]));
    let nameless =
        connect(&finch, &emulator, &customer(0), ["User B", "Gusto", "Company C", "Y"]).await;
    assert!(nameless.company_id.is_some());
    let listed = finch.connections(&customer(0)).all().await.unwrap();
    assert_eq!(listed.len(), 1, "the two proved to be one");
    assert_eq!(listed[0].tokens.len(), 2);
}

#[tokio::test]
async fn exchanges_at_once_make_one_connection() {
    let emulator = emulator(DisconnectScope::Pair).await;
    let folder = tempfile::tempdir().unwrap();
    let finch = open(&emulator, folder.path()).await;
    let mut begun = Vec::new();
    for _ in 0..16 {
        let products = vec![Product::Company];
        let request = ConnectRequest::new("Acme", products, Flow::Embedded);
        let attempt = finch.begin_connect(&customer(0), request).await.unwrap();
        let at_finch = attempt.finch_customer_id.clone().unwrap();
        let login = Login::new("User A", "Gusto", "Company C", "X").customer_id(at_finch.as_str());
        begun.push((attempt.state, AuthorizationCode::new(emulator.issue_code(login))));
    }
    let exchange = |(state, code)| {
        let finch = finch.clone();
        tokio::spawn(
            async move { finch.complete_connect(&customer(0), state, code).await.unwrap() },
        )
    };
    let exchanges: Vec<_> = begun.into_iter().map(exchange).collect();
    for exchange in exchanges {
        exchange.await.unwrap();
    }
    let listed = finch.connections(&customer(0)).all().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].tokens.len(), 16);
}
