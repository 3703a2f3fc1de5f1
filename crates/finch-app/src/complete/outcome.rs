//! An attempt that ends with a token in a connection.

use finch_core::{
    Attempt, CompanyId, Connection, ConnectionId, CustomerId, Product, ProviderId, Quarantine,
    Token, TokenId, TokenState,
};
use serde::Serialize;

use super::CompleteConnectError;

/// A connection that a token has joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompletedConnect {
    /// Whose it is.
    pub customer: CustomerId,
    /// The handle of the connection.
    pub connection_id: ConnectionId,
    /// The payroll or HR system.
    pub provider_id: ProviderId,
    /// The employer; none while Finch has not named it.
    pub company_id: Option<CompanyId>,
    /// What the token covers.
    pub products: Vec<Product>,
    /// `Active`; or `Unverified` or `Fenced`, where a disconnect was under way; or `Retired` or
    /// `Superseded`, where access had ended meanwhile.
    #[serde(flatten)]
    pub token_state: TokenState,
    /// How many live tokens of the same customer were in the connection before.
    pub joined_tokens: usize,
    /// Whether other customers have live tokens in the connection, too. Who they are, and how many, is not
    /// this customer's to know.
    pub shared: bool,
}

/// The result for a token that is stored. It speaks of its customer's tokens alone, in either scope.
pub(super) fn completed(
    attempt: &Attempt,
    connection: Option<&Connection>,
    token: TokenId,
) -> Result<CompletedConnect, CompleteConnectError> {
    let found = connection.and_then(|c| Some((c, c.token(token)?)));
    let Some((connection, token)) = found else {
        return Err(CompleteConnectError::CutOff);
    };
    let connection_id = token.facts.connection_id.clone();
    if token.customer.is_none() {
        let reason = token.progress.quarantine.unwrap_or(Quarantine::OtherCustomer);
        return Err(CompleteConnectError::Quarantined { connection_id, reason });
    }
    let customer = &attempt.purpose.customer;
    let earlier = |t: &&Token| t.id < token.id && !t.state.is_revoked();
    let own = |t: &&Token| t.customer.as_ref() == Some(customer);
    Ok(CompletedConnect {
        customer: customer.clone(),
        connection_id,
        provider_id: connection.provider.clone(),
        company_id: connection.company.clone(),
        products: token.facts.products.clone(),
        token_state: token.state.clone(),
        joined_tokens: connection.tokens.iter().filter(own).filter(earlier).count(),
        shared: connection.is_shared_beyond(customer),
    })
}
