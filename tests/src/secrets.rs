//! The secrets in a store that opens with [`keys`].

use std::sync::Arc;

use finch_core::{
    AccessToken, AttemptId, AuthorizationCode, CustomerId, CustomerScope, Fingerprint, Grant,
    NewAttempt, State, Token, TokenStore,
    testing::{MockFinchApi, new_attempt},
};
use finch_seal::{Domain, Kek, KeyBytes, KeyRing, KeySource, Place, WrappedKeys};
use secrecy::ExposeSecret as _;

use crate::{TestSystem, open_finch};

/// The key of every store.
pub fn keys() -> Arc<dyn KeySource> {
    Arc::new(Kek::from_bytes(KeyBytes::new(Box::new([7; 32]))))
}

/// The fingerprint under which a store in use keeps a secret.
pub async fn fingerprint(store: &dyn TokenStore, domain: Domain, secret: &str) -> Fingerprint {
    Fingerprint(ring(store).await.fingerprint(domain, secret))
}

/// A token's secret, opened as the token says. None: it is wiped.
pub async fn secret(store: &dyn TokenStore, token: &Token) -> Option<AccessToken> {
    let sealed = store.sealed(token.id).await.unwrap()?;
    let place = Place {
        client_id: store.application().client_id.as_str(),
        customer: token.customer.as_ref().map(CustomerId::as_str),
        connection_id: token.facts.connection_id.as_str(),
        fingerprint: &token.fingerprint.0,
        usable: token.is_usable(),
    };
    let secret = ring(store).await.unseal(&place, &sealed.bytes).expect("it opens");
    Some(AccessToken::new(secret.expose_secret()))
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
    api.expect_application().return_const(store.application().clone());
    api.expect_exchange().return_once(|_, _| Ok(grant));
    let finch = open_finch(Arc::new(api), store.clone(), Arc::new(TestSystem::default())).await;
    open_attempt(&*store, new_attempt(customer), &state).await;
    let scope = CustomerScope::new(customer.parse().unwrap());
    finch.complete_connect(&scope, State::new(state), code).await.unwrap();
}

async fn ring(store: &dyn TokenStore) -> KeyRing {
    let keyring = store.keyring().await.unwrap().expect("a store in use");
    let wrapped = WrappedKeys::from_document(store.id().0, &keyring.document).unwrap();
    KeyRing::open(&*keys(), &wrapped).await.unwrap()
}
