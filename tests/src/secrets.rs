//! The secrets in a store that opens with [`keys`].

use std::sync::Arc;

use finch_core::{
    AccessToken, AttemptId, AuthorizationCode, CustomerScope, Fingerprint, Grant, Introspection,
    NewAttempt, State, Token, TokenStore,
};
use finch_seal::{Domain, Kek, KeyBytes, KeySource};
use finch_testkit::{MockFinchApi, new_attempt};

use crate::{StoreKeys, TestSystem, open_finch};

/// The key of every store.
pub fn keys() -> Arc<dyn KeySource> {
    Arc::new(Kek::from_bytes(KeyBytes::new(Box::new([7; 32]))))
}

/// The fingerprint under which a store in use keeps a secret.
pub async fn fingerprint(store: &dyn TokenStore, domain: Domain, secret: &str) -> Fingerprint {
    opened(store).await.fingerprint(domain, secret)
}

/// A token's secret, opened as the token says. None: it is wiped.
pub async fn secret(store: &dyn TokenStore, token: &Token) -> Option<AccessToken> {
    let sealed = store.sealed(token.id).await.unwrap()?;
    let secret = opened(store).await.secret(token, token.sealed_as(), &sealed);
    Some(secret.expect("it opens"))
}

/// Opens an attempt under this state.
pub async fn open_attempt(store: &dyn TokenStore, attempt: NewAttempt, state: &str) -> AttemptId {
    let state = fingerprint(store, Domain::State, state).await;
    store.open_attempt(attempt, &state).await.unwrap()
}

/// Takes a token of this customer through attempt, exchange and admission.
pub async fn store_token(store: Arc<dyn TokenStore>, customer: &str, grant: Grant) {
    let state = format!("state of {}", grant.secret.expose());
    let code = AuthorizationCode::new(&*state);
    let mut api = MockFinchApi::new();
    api.expect_application().return_const(store.binding().application.clone());
    api.expect_exchange().return_once(|_, _| Ok(grant));
    api.expect_introspect().returning(|_| Ok(Introspection::default()));
    let finch = open_finch(Arc::new(api), store.clone(), Arc::new(TestSystem::default())).await;
    open_attempt(&*store, new_attempt(customer), &state).await;
    let scope = CustomerScope::new(customer.parse().unwrap());
    finch.complete_connect(&scope, State::new(state), code).await.unwrap();
}

async fn opened(store: &dyn TokenStore) -> StoreKeys {
    let keyring = store.keyring().await.unwrap().expect("a store in use");
    StoreKeys::open(store.binding(), &keyring).await.unwrap()
}
