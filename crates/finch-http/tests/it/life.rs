//! Against the emulator: a connection from code to disconnect, and its faults.

use finch_core::{
    AccessToken, AuthorizationCode, ClientId, ClientSecret, ConnectionStatus, ExchangeFailure,
    FailureKind, FinchApi, Product, ReauthenticateSession, RedirectUri, exchange_failure,
};
use finch_emulator::{Emulator, Fault, Login};
use finch_http::{HttpFinch, HttpFinchConfig};

use crate::finch::a_session;

pub(crate) fn client(emulator: &Emulator) -> HttpFinch {
    client_with(emulator, emulator.client_secret())
}

fn client_with(emulator: &Emulator, secret: &str) -> HttpFinch {
    let id = ClientId::new(emulator.client_id()).expect("an id");
    let mut config = HttpFinchConfig::new(id, ClientSecret::new(secret));
    config.base_url = emulator.url().to_owned();
    config.backoff = std::time::Duration::from_millis(1);
    HttpFinch::new(config).expect("a client")
}

fn code(emulator: &Emulator) -> AuthorizationCode {
    let login = Login::new("a", "Gusto", "Company C", "X").products(["company", "directory"]);
    AuthorizationCode::new(emulator.issue_code(login.customer_id("acme-1")))
}

#[tokio::test]
async fn a_connection_from_session_to_disconnect() {
    let emulator = Emulator::start().await.expect("an emulator");
    let finch = client(&emulator);

    let session = finch.new_session(&a_session()).await.expect("a session");
    assert!(session.connect_url.expose().starts_with(emulator.url()));

    let grant = finch.exchange(&code(&emulator), None).await.expect("a grant");
    assert_eq!(grant.facts.products, [Product::Company, Product::Directory]);
    assert_eq!(grant.facts.finch_customer_id.as_ref().expect("given").as_str(), "acme-1");

    let seen = finch.introspect(&grant.secret).await.expect("accepted");
    assert_eq!(seen.facts.connection_id, Some(grant.facts.connection_id.clone()));
    assert_eq!(seen.facts.provider_id, Some(grant.facts.provider_id));
    assert_eq!(seen.facts.company_id, grant.facts.company_id);
    assert_eq!(seen.status, Some(ConnectionStatus::Connected));

    let renewal = ReauthenticateSession {
        connection_id: grant.facts.connection_id.clone(),
        products: vec![Product::Company],
        redirect_uri: None,
        lifetime: std::time::Duration::from_secs(3600),
    };
    finch.reauthenticate_session(&renewal).await.expect("a session");
    let error = finch.new_session(&a_session()).await.expect_err("it has one");
    assert_eq!(error.kind(), FailureKind::ConnectionAlreadyExists);
    let context = error.answer().expect("an answer");
    assert_eq!(context.connection_id.as_ref(), Some(&grant.facts.connection_id));

    finch.disconnect(&grant.secret).await.expect("success");
    let error = finch.introspect(&grant.secret).await.expect_err("dead");
    assert_eq!(error.kind(), FailureKind::TokenInvalid);
    assert!(error.answer().expect("an answer").request_id.is_some());
    let error = finch.disconnect(&grant.secret).await.expect_err("dead");
    assert_eq!(error.kind(), FailureKind::TokenInvalid);
}

#[tokio::test]
async fn a_code_works_once_and_only_with_its_redirect_uri() {
    let emulator = Emulator::start().await.expect("an emulator");
    let finch = client(&emulator);
    let used = code(&emulator);
    finch.exchange(&used, None).await.expect("a grant");
    let uri = RedirectUri::new("https://host.example/cb").expect("a URI");
    let login = Login::new("a", "Gusto", "Company D", "X").redirect_uri(uri.as_str());
    let redirected = AuthorizationCode::new(emulator.issue_code(login));
    for (code, uri) in [(&used, None), (&redirected, None), (&code(&emulator), Some(&uri))] {
        let error = finch.exchange(code, uri).await.expect_err("refused");
        assert_eq!(error.kind(), FailureKind::InvalidGrant);
        assert_eq!(exchange_failure(&error), ExchangeFailure::Definite);
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_apart_from_a_wrong_token() {
    let emulator = Emulator::start().await.expect("an emulator");
    let finch = client_with(&emulator, "wrong");
    let error = finch.exchange(&code(&emulator), None).await.expect_err("refused");
    assert_eq!(error.kind(), FailureKind::InvalidClient);
    let error = finch.new_session(&a_session()).await.expect_err("refused");
    assert_eq!(error.kind(), FailureKind::InvalidClient);
    let error = finch.introspect(&AccessToken::new("unknown")).await.expect_err("refused");
    assert_eq!(error.kind(), FailureKind::TokenInvalid);
}

#[tokio::test]
async fn a_lost_exchange_is_unknown_and_a_lost_disconnect_is_found_done() {
    let emulator = Emulator::start().await.expect("an emulator");
    let finch = client(&emulator);
    for fault in [
        Fault::on("/auth/token").drop_before_effect(),
        Fault::on("/auth/token").drop_after_effect(),
        Fault::on("/auth/token").garbage().after_effect(),
        Fault::on("/auth/token").status(503).after_effect(),
    ] {
        let tokens = emulator.state().tokens.len();
        let issued = fault.effect == finch_emulator::Effect::AtOnce;
        emulator.push_fault(fault);
        let error = finch.exchange(&code(&emulator), None).await.expect_err("lost");
        assert_eq!(exchange_failure(&error), ExchangeFailure::Unknown, "{error:?}");
        assert_eq!(emulator.state().tokens.len(), tokens + usize::from(issued));
    }

    let grant = finch.exchange(&code(&emulator), None).await.expect("a grant");
    emulator.push_fault(Fault::on("/disconnect").drop_after_effect());
    let error = finch.disconnect(&grant.secret).await.expect_err("done by the first try");
    assert_eq!(error.kind(), FailureKind::TokenInvalid);

    let grant = finch.exchange(&code(&emulator), None).await.expect("a grant");
    emulator.push_fault(Fault::on("/disconnect").drop_before_effect());
    finch.disconnect(&grant.secret).await.expect("done by the second try");
}

#[tokio::test]
async fn a_grant_without_a_company_is_a_grant() {
    let emulator = Emulator::start().await.expect("an emulator");
    let finch = client(&emulator);
    emulator.push_fault(Fault::on("/auth/token").omit([
        "company_id",
        "customer_id",
        "products",
        "token_type",
    ]));
    let grant = finch.exchange(&code(&emulator), None).await.expect("a grant");
    assert_eq!(grant.facts.company_id, None);
    assert!(grant.facts.products.is_empty());
    let seen = finch.introspect(&grant.secret).await.expect("accepted");
    assert!(seen.facts.company_id.is_some());
}
