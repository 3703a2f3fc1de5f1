//! Begin: an attempt to connect, bound to a customer and a `state`.

mod error;

use std::time::Duration;

pub use error::BeginConnectError;
use finch_core::{
    ConnectRequest, ConnectSession, ConnectUrl, ConnectionFilter, ConnectionId, CustomerId,
    CustomerScope, DisconnectId, FailureKind, FinchCustomerId, Hash, MAX_ID_BYTES, NewAttempt,
    Selector, SessionId, State, StoreError, Timestamp, Token, TokenState, decide,
};

use crate::Finch;

/// A session lives from one minute to 90 days (`POST /connect/sessions`: 1 to 129,600 minutes).
const LONGEST_SESSION: Duration = Duration::from_secs(129_600 * 60);
const SHORTEST_SESSION: Duration = Duration::from_secs(60);

/// An attempt that has begun.
#[derive(Clone, Debug)]
pub struct BegunConnect {
    /// The page to send the person to. It is a secret: with it the attempt can be completed.
    pub connect_url: ConnectUrl,
    /// The session behind it, which Finch's JavaScript asks for.
    pub session_id: SessionId,
    /// Comes back with the code. Keep it in the person's session, in case Finch does not return it:
    /// [`complete_connect_without_state`](Finch::complete_connect_without_state) takes the one that was kept.
    pub state: State,
    /// Until when the attempt lives.
    pub expires_at: Timestamp,
    /// The customer id that Finch was given: the customer's own, or one derived from it, since Finch
    /// allows each only once.
    pub finch_customer_id: Option<FinchCustomerId>,
    /// The connection that is renewed. Also where a new one was asked for, and Finch said that the
    /// customer has one already.
    pub reauthenticates: Option<ConnectionId>,
    /// A disconnect of one of the customer's connections is open: a token of the same employer and
    /// provider waits for its end.
    pub disconnect_is_open: bool,
}

impl Finch {
    /// Begins an attempt: opens a Connect session at Finch, and keeps the attempt under the hash of a
    /// fresh `state`. Where Finch says that the customer has a connection already (one that is this
    /// customer's, or unknown here), the session renews that one.
    #[doc = example!(
        r#"let request = ConnectRequest::new("Acme Inc", vec![Product::Company], Flow::Embedded);"#,
        "let begun = finch.begin_connect(acme, request).await?; // send the person to `begun.connect_url`",
    )]
    pub async fn begin_connect(
        &self,
        scope: &CustomerScope,
        request: ConnectRequest,
    ) -> Result<BegunConnect, BeginConnectError> {
        validate(&request)?;
        if request.products.is_empty() {
            return Err(BeginConnectError::NoProducts);
        }
        let mut refused = Vec::new();
        loop {
            let customer_id = self.free_customer_id(scope.id(), &refused).await?;
            let error = match self.inner.api.new_session(&customer_id, &request).await {
                Ok(session) => {
                    return self.keep(scope, request, session, Some(customer_id), None).await;
                }
                Err(error) => error,
            };
            let exists = error.failure_kind() == FailureKind::ConnectionAlreadyExists;
            let existing = error.answer().and_then(|answer| answer.connection_id.clone());
            let existing = existing.filter(|_| exists && refused.len() < 8);
            let Some(existing) = existing else { return Err(BeginConnectError::Finch(error)) };
            if self.is_own_or_unknown(scope.id(), &existing).await? {
                return self.reauthenticate(scope, request, existing, Some(customer_id)).await;
            }
            // Finch gives this name to another customer's connection.
            refused.push(customer_id);
        }
    }

    /// Begins an attempt that renews a connection of this customer: after `NeedsReauth`, or for other
    /// products.
    #[doc = example!(
        "// No products: as before.",
        r#"let request = ConnectRequest::new("Acme Inc", Vec::new(), Flow::Embedded);"#,
        "let begun = finch.begin_reauthenticate(acme, &id, request).await?;",
    )]
    pub async fn begin_reauthenticate(
        &self,
        scope: &CustomerScope,
        connection: &ConnectionId,
        request: ConnectRequest,
    ) -> Result<BegunConnect, BeginConnectError> {
        validate(&request)?;
        let found =
            self.inner.store.load(Selector::ConnectionId(connection), Some(scope.id())).await?;
        let found = found.ok_or(BeginConnectError::NotFound)?;
        if decide::has_ended_for(&found, connection, scope.id()) {
            return Err(BeginConnectError::Ended);
        }
        if decide::is_ending_for(&found, connection, scope.id()) {
            return Err(BeginConnectError::Disconnecting);
        }
        let own = found.tokens_of(Some(scope.id())).rev();
        let named: Vec<_> = own.filter(|t| t.facts.connection_id == *connection).collect();
        let newest = named.first().map(|t| t.id);
        let expected = named.iter().find_map(|t| t.facts.finch_customer_id.clone());
        let begun = self.reauthenticate(scope, request, connection.clone(), expected).await;
        if let (Err(BeginConnectError::Finch(error)), Some(newest)) = (&begun, newest)
            && error.failure_kind() == FailureKind::Rejected
        {
            // It may have ended at Finch without a webhook.
            self.probe_own(scope, newest).await?;
            let found = self.inner.store.load(Selector::TokenId(newest), Some(scope.id())).await?;
            if found.is_some_and(|c| decide::has_ended_for(&c, connection, scope.id())) {
                return Err(BeginConnectError::Ended);
            }
        }
        begun
    }

    async fn reauthenticate(
        &self,
        scope: &CustomerScope,
        request: ConnectRequest,
        connection_id: ConnectionId,
        expected: Option<FinchCustomerId>,
    ) -> Result<BegunConnect, BeginConnectError> {
        let session = self.inner.api.reauthenticate_session(&connection_id, &request).await;
        let session = session.map_err(BeginConnectError::Finch)?;
        self.keep(scope, request, session, expected, Some(connection_id)).await
    }

    async fn keep(
        &self,
        scope: &CustomerScope,
        request: ConnectRequest,
        session: ConnectSession,
        finch_customer_id: Option<FinchCustomerId>,
        reauthenticates: Option<ConnectionId>,
    ) -> Result<BegunConnect, BeginConnectError> {
        let mut bytes = [0; 32];
        self.inner.system.fill(&mut bytes);
        let state = State::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let for_disconnect = match &reauthenticates {
            Some(id) => self.disconnect_that_lacks_a_token(scope.id(), id).await?,
            None => None,
        };
        let opened_at = self.now();
        let expires_at = opened_at.checked_add(request.lifetime).unwrap_or(Timestamp::MAX);
        let attempt = NewAttempt {
            customer: scope.id().clone(),
            flow: request.flow,
            finch_customer_id: finch_customer_id.clone(),
            products: request.products,
            reauthenticates: reauthenticates.clone(),
            for_disconnect,
            opened_at,
            expires_at,
        };
        self.inner.store.open_attempt(attempt, &self.inner.vault.state(&state)).await?;
        let disconnect_is_open = self.disconnect_is_open(scope.id()).await?;
        let connect_url = session.connect_url.with_state(&state).unwrap_or(session.connect_url);
        Ok(BegunConnect {
            connect_url,
            session_id: session.session_id,
            state,
            expires_at,
            finch_customer_id,
            reauthenticates,
            disconnect_is_open,
        })
    }

    /// The first of the customer's [ids at Finch](customer_id_at_finch) that names no token here.
    async fn free_customer_id(
        &self,
        customer: &CustomerId,
        refused: &[FinchCustomerId],
    ) -> Result<FinchCustomerId, BeginConnectError> {
        for number in 1_u32.. {
            let id =
                customer_id_at_finch(customer, number, || self.inner.vault.pseudonym(customer));
            let Ok(id) = FinchCustomerId::new(id) else { break };
            let selector = Selector::FinchCustomerId(&id);
            if !refused.contains(&id) && self.inner.store.load(selector, None).await?.is_none() {
                return Ok(id);
            }
        }
        Err(BeginConnectError::NotFound)
    }

    /// The open disconnect of this connection, if none of the tokens that it must end can be unsealed:
    /// a new token of the connection is its way out.
    async fn disconnect_that_lacks_a_token(
        &self,
        customer: &CustomerId,
        id: &ConnectionId,
    ) -> Result<Option<DisconnectId>, StoreError> {
        let found = self.inner.store.load(Selector::ConnectionId(id), Some(customer)).await?;
        let stuck = found.filter(decide::lacks_a_readable_token);
        Ok(stuck.and_then(|c| c.open_disconnect().map(|d| d.id)))
    }

    async fn disconnect_is_open(&self, customer: &CustomerId) -> Result<bool, StoreError> {
        let mut listed = self.listed(ConnectionFilter::Customer(customer), None);
        while let Some(connection) = listed.next().await? {
            // Only what the customer sees of it: tokens of its own that are being ended.
            let is_ending = |t: &Token| {
                t.state == TokenState::Fenced && !connection.has_ended_for_its_customer(t)
            };
            if connection.tokens.iter().any(is_ending) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_own_or_unknown(
        &self,
        customer: &CustomerId,
        id: &ConnectionId,
    ) -> Result<bool, StoreError> {
        let found = self.inner.store.load(Selector::ConnectionId(id), None).await?;
        let is_named = |t: &Token| t.facts.connection_id == *id;
        Ok(found.is_none_or(|c| c.tokens_of(Some(customer)).any(is_named)))
    }
}

fn validate(request: &ConnectRequest) -> Result<(), BeginConnectError> {
    let ConnectRequest { customer_name, lifetime, .. } = request;
    if !(1..=255).contains(&customer_name.chars().count()) {
        return Err(BeginConnectError::CustomerName);
    }
    let whole_minutes = lifetime.subsec_nanos() == 0 && lifetime.as_secs().is_multiple_of(60);
    if !whole_minutes || !(SHORTEST_SESSION..=LONGEST_SESSION).contains(lifetime) {
        return Err(BeginConnectError::Lifetime);
    }
    Ok(())
}

/// The customer's id at Finch for its `number`-th connection: the customer's own, then `id~2`, `id~3` … Where that
/// is too long, the `pseudonym` stands for the id.
///
/// No two customers ever have the same one: Finch may know a connection of a session that is forgotten here, and
/// would let the other customer renew it.
fn customer_id_at_finch(
    customer: &CustomerId,
    number: u32,
    pseudonym: impl FnOnce() -> Hash,
) -> String {
    let id = customer.as_str();
    let is_number = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
    let looks_numbered = id.rsplit_once('~').is_some_and(|(_, end)| is_number(end));
    let suffix = match number {
        1 if !looks_numbered => String::new(),
        number => format!("~{number}"),
    };
    match id.len() + suffix.len() <= MAX_ID_BYTES {
        true => format!("{id}{suffix}"),
        false => format!("{}{suffix}", pseudonym()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_customers_have_the_same_id_at_finch() {
        let long = |end: &str| format!("{}{end}", "x".repeat(MAX_ID_BYTES - end.len()));
        let names = ["a", "a~2", "a~2~2", "a~", "a~02", "a~b", "~2"].map(str::to_owned);
        let customers = [&names[..], &[long("1"), long("2"), long("~2")]].concat();
        let mut seen = BTreeSet::new();
        for (place, name) in (0_u8..).zip(customers) {
            let customer = CustomerId::new(name).unwrap();
            for number in [1, 2, 3, 10, 100] {
                let id = customer_id_at_finch(&customer, number, || Hash([place; 32]));
                assert!(id.len() <= MAX_ID_BYTES && seen.insert(id.clone()), "{id}");
            }
        }
        assert!(seen.contains("a") && seen.contains("a~2") && seen.contains("a~2~1"), "{seen:?}");
    }
}
