//! Small pieces that the suites are made of.

use jiff::{Timestamp, ToSpan};

use crate::{
    AccessToken, Application, AttemptId, AuthorizationCode, Claim, ClientId, Commit, Connection,
    ConnectionId, ConnectionRow, CustomerId, Draft, FinchCustomerId, Flow, Grant, NewAttempt,
    Origin, Product, Selector, Seq, State, TokenFacts, TokenId, TokenStore, WebhookEvent,
    WebhookEventId,
    decide::{Arrival, Source, admit, agenda},
};

/// The application of every sample.
pub fn application() -> Application {
    Application {
        client_id: ClientId::new("4ab15e51-11ad-49f4-acae-f343b7794375").unwrap(),
        origin: Origin::new("http://127.0.0.1:1").unwrap(),
    }
}

/// So many seconds after a fixed moment.
pub fn at(seconds: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + seconds.seconds()
}

/// What Finch may say about a token; no company with `""`.
pub fn facts(connection_id: &str, provider: &str, company: &str) -> TokenFacts {
    TokenFacts {
        connection_id: ConnectionId::new(connection_id).unwrap(),
        provider_id: provider.parse().unwrap(),
        company_id: (!company.is_empty()).then(|| company.parse().unwrap()),
        finch_customer_id: None,
        customer_name: None,
        products: vec![Product::Company, Product::Directory],
        client_type: None,
        connection_type: None,
        token_type: Some("bearer".into()),
        account_id: None,
        entity_ids: Vec::new(),
    }
}

/// A token with these facts.
pub fn grant(secret: &str, facts: TokenFacts) -> Grant {
    Grant { secret: AccessToken::new(secret), facts }
}

/// An attempt of this customer in the embedded flow, opened at [`at`]`(0)`, for an hour.
pub fn new_attempt(customer: &str) -> NewAttempt {
    NewAttempt {
        customer: CustomerId::new(customer).unwrap(),
        flow: Flow::Embedded,
        finch_customer_id: FinchCustomerId::new(customer).ok(),
        products: vec![Product::Company],
        reauthenticates: None,
        for_disconnect: None,
        opened_at: at(0),
        expires_at: at(3600),
    }
}

/// Finch's webhook `account.updated` about this connection, with this status; received at [`at`]`(0)`.
pub fn webhook(id: &str, connection_id: &str, status: &str) -> WebhookEvent {
    WebhookEvent {
        id: WebhookEventId::new(id).unwrap(),
        event_type: "account.updated".into(),
        connection_id: Some(ConnectionId::new(connection_id).unwrap()),
        company_id: None,
        status: Some(status.into()),
        received: at(0),
        body: format!(
            r#"{{"event_type":"account.updated","connection_id":"{connection_id}","data":{{"status":"{status}"}}}}"#
        ),
    }
}

/// Opens an attempt of this customer and claims it: an exchange that has begun.
pub async fn claimed(store: &dyn TokenStore, customer: &str, code: &str) -> (AttemptId, Seq) {
    let state = State::new(format!("state of {code}"));
    let id = store.open_attempt(new_attempt(customer), &state).await.unwrap();
    let code = AuthorizationCode::new(code);
    let claim = store.claim_attempt(None, &state, &code, at(1)).await.unwrap();
    let (attempt, claim) = claim.expect("the attempt that was opened");
    assert_eq!(claim, Claim::Begin);
    (id, attempt.exchange.expect("an exchange that has begun").began)
}

/// Takes a token of this customer through attempt, exchange and admission, as `finch-app` does.
pub async fn store_token(store: &dyn TokenStore, customer: &str, grant: Grant) -> TokenId {
    let again = store.token_of(&grant.secret, None).await.unwrap().is_some();
    let state = State::new(format!(
        "state for {}{}",
        grant.secret.expose(),
        if again { " again" } else { "" }
    ));
    let code = AuthorizationCode::new(grant.secret.expose());
    store.open_attempt(new_attempt(customer), &state).await.unwrap();
    let claim = store.claim_attempt(None, &state, &code, at(1)).await.unwrap();
    let (attempt, _) = claim.expect("the attempt that was opened");
    let began = attempt.exchange.as_ref().expect("an exchange that has begun").began;
    let found = store.find(&grant).await.unwrap();
    let admitted = admit(
        found,
        Arrival { grant, from: Source::Exchange(&attempt), began, now: at(2), late: false },
    );
    let commit = admitted.draft.and_then(Draft::finish).expect("a token to store");
    TokenId(store.commit(commit).await.unwrap())
}

/// Decides on the connection of this `connection_id`, and commits. Returns the number of the commit.
pub async fn decided(
    store: &dyn TokenStore,
    connection_id: &str,
    decide: impl FnOnce(&mut Draft),
) -> Seq {
    let id = ConnectionId::new(connection_id).unwrap();
    let found = store.load(Selector::ConnectionId(&id), None).await.unwrap();
    let mut draft = Draft::of(found.expect("the connection that was stored"));
    decide(&mut draft);
    store.commit(draft.finish().expect("a decision that writes something")).await.unwrap()
}

/// A commit that writes the connection's own row as it is, and no other.
pub fn unchanged(seen: &Connection) -> Commit {
    Commit {
        seen: vec![(seen.key, seen.revision)],
        connection: ConnectionRow {
            key: seen.key,
            provider: seen.provider.clone(),
            company: seen.company.clone(),
            agenda: agenda(seen),
        },
        tokens: Vec::new(),
        disconnects: Vec::new(),
        retirements: Vec::new(),
        absorbs: None,
        attempt: None,
        events: Vec::new(),
        secret: None,
    }
}
