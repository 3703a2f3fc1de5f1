//! Small pieces that the suites are made of.

use jiff::{Timestamp, ToSpan};

use finch_core::{
    AccessToken, Application, AttemptId, Claim, ClientId, Commit, Connection, ConnectionFilter,
    ConnectionId, ConnectionRow, CustomerId, Draft, FinchCustomerId, Fingerprint, Flow, Grant,
    NewAttempt, Origin, Product, Sealed, SealedAs, SecretRow, Selector, Seq, StoreError,
    TokenFacts, TokenId, TokenStore, WebhookEvent, WebhookEventId,
    decide::{Arrival, Source, admit},
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
        products: vec![Product::Company, Product::Directory],
    }
}

/// A token with these facts.
pub fn grant(secret: &str, facts: TokenFacts) -> Grant {
    Grant { secret: AccessToken::new(secret), facts }
}

/// Stands for the fingerprint of this secret: of another one it is another one.
pub fn fingerprint(secret: &str) -> Fingerprint {
    let mut bytes = [0_u8; 32];
    for (at, byte) in secret.bytes().enumerate() {
        bytes[at % 31] = bytes[at % 31].wrapping_mul(31).wrapping_add(byte);
    }
    bytes[31] = secret.len() as u8;
    Fingerprint(bytes)
}

/// Stands for this secret, sealed for this with the data key of this epoch.
pub fn sealed(secret: &str, sealed_as: SealedAs, epoch: u32) -> Sealed {
    Sealed { epoch, bytes: format!("{sealed_as:?} {secret}").into_bytes() }
}

/// The secret in what [`sealed`] gave, and for what it is sealed.
pub fn opened(sealed: &Sealed) -> (String, SealedAs) {
    let text = std::str::from_utf8(&sealed.bytes).expect("what `sealed` gave");
    let (what, secret) = text.split_once(' ').expect("what `sealed` gave");
    let sealed_as = SealedAs::ALL.into_iter().find(|known| format!("{known:?}") == what);
    (secret.to_owned(), sealed_as.expect("what `sealed` gave"))
}

/// The commit of a draft, sealed as `finch-app` seals it. `new` is the secret of a token that is new.
pub async fn sealing(store: &dyn TokenStore, draft: Draft, new: &str) -> Option<Commit> {
    let mut secrets = Vec::new();
    for reseal in draft.reseals() {
        let secret = match reseal.was {
            None => new.to_owned(),
            Some(_) => opened(&store.sealed(reseal.token.id).await.unwrap().expect("a secret")).0,
        };
        let sealed = sealed(&secret, reseal.token.sealed_as(), 1);
        secrets.push(SecretRow { token: reseal.token.id, sealed: Some(sealed) });
    }
    let mut commit = draft.finish()?;
    commit.secrets.extend(secrets);
    if let Some(row) = &mut commit.connection {
        row.record.events += commit.events.len() as u64;
    }
    Some(commit)
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
    let state = fingerprint(&format!("state of {code}"));
    let id = store.open_attempt(new_attempt(customer), &state).await.unwrap();
    let claim = store.claim_attempt(None, &state, &fingerprint(code), at(1)).await.unwrap();
    let (attempt, claim) = claim.expect("the attempt that was opened");
    assert_eq!(claim, Claim::Begin);
    (id, attempt.exchange.expect("an exchange that has begun").began)
}

/// Takes a token of this customer through attempt, exchange and admission, as `finch-app` does.
pub async fn store_token(store: &dyn TokenStore, customer: &str, grant: Grant) -> TokenId {
    let Grant { secret, facts } = grant;
    let token = fingerprint(secret.expose());
    let again = store.load(Selector::Fingerprint(&token), None).await.unwrap().is_some();
    let again = if again { " again" } else { "" };
    let state = fingerprint(&format!("state for {}{again}", secret.expose()));
    store.open_attempt(new_attempt(customer), &state).await.unwrap();
    let claim = store.claim_attempt(None, &state, &token, at(1)).await.unwrap();
    let (attempt, _) = claim.expect("the attempt that was opened");
    let began = attempt.exchange.as_ref().expect("an exchange that has begun").began;
    let found = store.find(&token, &facts).await.unwrap();
    let arrival = Arrival {
        facts,
        fingerprint: token,
        from: Source::Exchange(&attempt),
        began,
        now: at(2),
        late: false,
    };
    let draft = admit(found, arrival).draft.expect("a token to store");
    let commit = sealing(store, draft, secret.expose()).await.expect("a token to store");
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
    let commit = sealing(store, draft, "").await.expect("a decision that writes something");
    store.commit(commit).await.unwrap()
}

/// A commit that writes the connection's own row as it is, and no other.
pub fn unchanged(seen: &Connection) -> Commit {
    Commit {
        seen: vec![(seen.key, seen.revision)],
        connection: Some(ConnectionRow::of(seen)),
        ..Commit::default()
    }
}

/// The connections of a store, or those in which this customer has a token, as that customer sees them.
///
/// # Errors
/// The store's.
pub async fn connections(
    store: &dyn TokenStore,
    customer: Option<&CustomerId>,
) -> Result<Vec<Connection>, StoreError> {
    let filter = customer.map_or(ConnectionFilter::All, ConnectionFilter::Customer);
    let mut found = Vec::new();
    for key in store.connections(&filter, None, usize::MAX).await? {
        let connection = store.load(Selector::Key(key), customer).await?;
        found.extend(connection.map(|connection| connection.seen_by(customer)));
    }
    Ok(found)
}

/// A hash of a text for the marks of [plans](finch_core::decide::plan).
pub fn digest(text: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(text, &mut hasher);
    std::hash::Hasher::finish(&hasher)
}
