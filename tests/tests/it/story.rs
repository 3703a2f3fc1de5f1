//! The seed's steps, end to end: real HTTP on loopback, a real sealed store, in both readings of how
//! far `/disconnect` reaches.

use std::{path::Path, sync::Arc};

use finch_app::{
    AuthorizationCode, ClientSecret, CompletedConnect, ConnectRequest, CustomerScope,
    DisconnectOutcome, Finch, Flow, HttpFinch, HttpFinchConfig, Kek, Pass, Product, SqliteOptions,
    SqliteTokenStore, keyfile,
};
use finch_core::{AccessToken, FailureKind, FinchApi};
use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig, Fault, Login};
use finch_tests::{customer, operator};

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
            assert_eq!(error.kind(), FailureKind::TokenInvalid);
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
        let listed = finch.connections(&customer(0), None, 10).await.unwrap().items;
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
async fn a_disconnect_survives_finch_being_away_and_a_restart() {
    let emulator = emulator(DisconnectScope::Pair).await;
    let folder = tempfile::tempdir().unwrap();
    let finch = open(&emulator, folder.path()).await;
    let tokens = seed(&finch, &emulator).await;
    emulator.push_fault(Fault::on("/disconnect").times(1000).status(503));
    let id = tokens[0].0.connection_id.clone();
    let system = Arc::new(finch_tests::TestSystem::default());
    let api = Arc::new(HttpFinch::new(config(&emulator)).unwrap());
    let options = SqliteOptions::new(folder.path().join("finch.db"), api.application().clone());
    let store = Arc::new(SqliteTokenStore::open(options).unwrap());
    let key = Arc::new(keyfile::read(folder.path().join("key")).unwrap());
    let other = Finch::builder(api, store, key).system(system).open().await.unwrap();
    let outcome = other.disconnect(&customer(0), id.clone()).await.unwrap();
    assert!(matches!(outcome, DisconnectOutcome::Pending { .. }), "{outcome:?}");
    let fenced = finch.access_token(&customer(0), &id, &[]).await.unwrap_err();
    assert!(
        matches!(fenced, finch_app::TokenError::Disconnecting),
        "the other process sees it at once: {fenced}"
    );
    drop((finch, other));
    let finch = open(&emulator, folder.path()).await;
    finch.access_token(&customer(0), &id, &[]).await.unwrap_err();
    emulator.clear_faults();
    let report = finch.reconcile(&operator(), Pass::Everything).await.unwrap();
    assert_eq!((report.disconnected.len(), report.pending.len()), (1, 0));
}

#[tokio::test]
async fn a_reconnect_after_a_disconnect_is_a_new_generation() {
    let emulator = emulator(DisconnectScope::Pair).await;
    let folder = tempfile::tempdir().unwrap();
    let finch = open(&emulator, folder.path()).await;
    let login = ["User A", "Gusto", "Company C", "X"];
    let first = connect(&finch, &emulator, &customer(0), login).await;
    finch.disconnect(&customer(0), first.connection_id.clone()).await.unwrap();
    let second = connect(&finch, &emulator, &customer(0), login).await;
    assert_ne!(first.connection_id, second.connection_id);
    let again = finch.disconnect(&customer(0), first.connection_id.clone()).await.unwrap();
    assert_eq!(again, DisconnectOutcome::AlreadyDisconnected);
    finch.access_token(&customer(0), &second.connection_id, &[]).await.unwrap();
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
    let listed = finch.connections(&customer(0), None, 10).await.unwrap().items;
    assert_eq!(listed.len(), 1, "the two proved to be one");
    assert_eq!(listed[0].tokens.len(), 2);
}

#[tokio::test]
async fn a_lost_exchange_is_listed_and_the_next_connect_recovers_it() {
    let emulator = emulator(DisconnectScope::Pair).await;
    let folder = tempfile::tempdir().unwrap();
    let finch = open(&emulator, folder.path()).await;
    let request = || ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
    let begun = finch.begin_connect(&customer(0), request()).await.unwrap();
    let at_finch = begun.finch_customer_id.clone().unwrap();
    let login = || Login::new("User A", "Gusto", "Company C", "X").customer_id(at_finch.as_str());
    let code = AuthorizationCode::new(emulator.issue_code(login()));
    emulator.push_fault(Fault::on("/auth/token").drop_after_effect());
    let lost = finch.complete_connect(&customer(0), begun.state, code).await.unwrap_err();
    assert!(matches!(lost, finch_app::CompleteConnectError::Unknown(_)), "{lost}");
    assert_eq!(emulator.state().calls["POST /auth/token"], 1, "the code was sent once");
    assert_eq!(finch.possible_orphans(&customer(0), None, 10).await.unwrap().len(), 1);
    // Finch has a connection for this customer id: it is renewed, and one disconnect ends both tokens.
    let begun = finch.begin_connect(&customer(0), request()).await.unwrap();
    assert!(begun.reauthenticates.is_some());
    let code = AuthorizationCode::new(emulator.issue_code(login()));
    let connected = finch.complete_connect(&customer(0), begun.state, code).await.unwrap();
    let listed = finch.possible_orphans(&customer(0), None, 10).await.unwrap();
    assert_eq!(listed, [], "one disconnect ends both now");
    finch.disconnect(&customer(0), connected.connection_id).await.unwrap();
    assert!(emulator.state().tokens.iter().all(|t| t.revoked), "no token is left at Finch");
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
    let listed = finch.connections(&customer(0), None, 10).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].tokens.len(), 16);
}

#[tokio::test]
async fn an_unrelated_token_takes_no_lost_exchange_off_the_list() {
    let emulator = emulator(DisconnectScope::Pair).await;
    let folder = tempfile::tempdir().unwrap();
    let finch = open(&emulator, folder.path()).await;
    // Finch keeps no customer ids here: nothing shows that two tokens belong together.
    for (company, lost) in [("Company A", true), ("Company B", false)] {
        let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
        let begun = finch.begin_connect(&customer(0), request).await.unwrap();
        let code = emulator.issue_code(Login::new("User A", "Gusto", company, "X"));
        if lost {
            emulator.push_fault(Fault::on("/auth/token").drop_after_effect());
        }
        let completed =
            finch.complete_connect(&customer(0), begun.state, AuthorizationCode::new(code)).await;
        assert_eq!(completed.is_err(), lost);
    }
    assert_eq!(finch.possible_orphans(&customer(0), None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_whose_answer_leaves_its_connection_out_is_kept() {
    for field in ["connection_id", "provider_id"] {
        let emulator = emulator(DisconnectScope::Pair).await;
        let folder = tempfile::tempdir().unwrap();
        let finch = open(&emulator, folder.path()).await;
        emulator.push_fault(Fault::on("/auth/token").omit([field]));
        let login = ["User A", "Gusto", "Company C", "X"];
        let connected = connect(&finch, &emulator, &customer(0), login).await;
        assert_eq!(connected.provider_id.as_str(), "gusto", "without {field}");
        finch.access_token(&customer(0), &connected.connection_id, &[]).await.unwrap();
    }
}
