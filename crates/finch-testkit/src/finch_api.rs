//! The conformance suite of [`FinchApi`]: run it against a Finch that behaves, such as
//! `finch-emulator`.

use std::sync::Arc;

use async_trait::async_trait;

use finch_core::{
    AccessToken, AuthorizationCode, ConnectRequest, FailureKind, FinchApi, FinchCustomerId, Flow,
    Product,
};

/// What the suite needs of an adapter and the Finch behind it.
#[async_trait]
pub trait FinchFixture: Send {
    /// The adapter.
    fn api(&self) -> Arc<dyn FinchApi>;

    /// A person logs in, in the embedded flow, at `gusto` for one company, for the session of
    /// `customer_id`: the code that comes back.
    async fn code(&mut self, customer_id: &str) -> AuthorizationCode;
}

fn request() -> ConnectRequest {
    let products = vec![Product::Company, Product::Directory];
    ConnectRequest::new("Acme, Inc. & Söhne", products, Flow::Embedded)
}

fn acme() -> FinchCustomerId {
    FinchCustomerId::new("acme").unwrap()
}

macro_rules! cases {
    ($dollar:tt $($(#[doc = $doc:literal])* async fn $name:ident($fixture:ident) $body:block)*) => {
        $($(#[doc = $doc])* pub async fn $name($fixture: &mut dyn FinchFixture) $body)*

        /// Runs every case of the [`FinchApi`](finch_core::FinchApi) conformance suite as a `tokio::test`.
        /// Takes an expression (it may await) that gives a fresh
        /// [`FinchFixture`](crate::FinchFixture).
        #[macro_export]
        macro_rules! finch_api_conformance {
            ($dollar fixture:expr) => {
                $(#[tokio::test]
                async fn $name() {
                    $crate::finch_api::$name(&mut $dollar fixture).await;
                })*
            };
        }
    };
}

cases! { $
    /// A code is exchanged once; then it is used up.
    async fn a_code_works_once(fixture) {
        let code = fixture.code("acme").await;
        let grant = fixture.api().exchange(&code, None).await.unwrap();
        assert_eq!(grant.facts.provider_id.as_str(), "gusto");
        assert!(grant.facts.company_id.is_some());
        let again = fixture.api().exchange(&code, None).await.unwrap_err();
        assert_eq!(again.failure_kind(), FailureKind::InvalidGrant);
    }

    /// A token that was issued is accepted, and belongs where the exchange said.
    async fn introspect_agrees_with_the_exchange(fixture) {
        let code = fixture.code("acme").await;
        let grant = fixture.api().exchange(&code, None).await.unwrap();
        let said = fixture.api().introspect(&grant.secret).await.unwrap();
        assert_eq!(said.facts.connection_id, Some(grant.facts.connection_id));
        assert_eq!(said.facts.provider_id, Some(grant.facts.provider_id));
        assert_eq!(said.facts.company_id, grant.facts.company_id);
    }

    /// After a disconnect the token is refused, by both calls: the proof.
    async fn a_disconnected_token_is_refused(fixture) {
        let code = fixture.code("acme").await;
        let token = fixture.api().exchange(&code, None).await.unwrap().secret;
        fixture.api().disconnect(&token).await.unwrap();
        let refused = fixture.api().introspect(&token).await.unwrap_err();
        assert_eq!(refused.failure_kind(), FailureKind::TokenInvalid);
        let refused = fixture.api().disconnect(&token).await.unwrap_err();
        assert_eq!(refused.failure_kind(), FailureKind::TokenInvalid);
    }

    /// A token that Finch never issued is refused.
    async fn an_unknown_token_is_refused(fixture) {
        let refused = fixture.api().introspect(&AccessToken::new("never-issued")).await.unwrap_err();
        assert_eq!(refused.failure_kind(), FailureKind::TokenInvalid);
    }

    /// A session has a page to send the person to.
    async fn a_session_has_a_page(fixture) {
        let session = fixture.api().new_session(&acme(), &request()).await.unwrap();
        assert!(session.connect_url.expose().contains("session"));
    }

    /// Finch allows each customer id one connection, and names the one that exists; that one can be
    /// renewed.
    async fn a_second_session_leads_to_reauthentication(fixture) {
        let code = fixture.code("acme").await;
        let grant = fixture.api().exchange(&code, None).await.unwrap();
        let exists = fixture.api().new_session(&acme(), &request()).await.unwrap_err();
        assert_eq!(exists.failure_kind(), FailureKind::ConnectionAlreadyExists);
        let named = exists.answer().and_then(|a| a.connection_id.clone()).unwrap();
        assert_eq!(named, grant.facts.connection_id);
        fixture.api().reauthenticate_session(&named, &request()).await.unwrap();
    }

    /// What has ended cannot be renewed.
    async fn a_disconnected_connection_is_not_renewed(fixture) {
        let code = fixture.code("acme").await;
        let grant = fixture.api().exchange(&code, None).await.unwrap();
        fixture.api().disconnect(&grant.secret).await.unwrap();
        let error = fixture.api().reauthenticate_session(&grant.facts.connection_id, &request()).await.unwrap_err();
        assert_eq!(error.failure_kind(), FailureKind::Rejected);
    }
}
