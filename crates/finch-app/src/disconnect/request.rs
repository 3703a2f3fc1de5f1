//! What is asked for when a connection is to be disconnected.

use finch_core::{
    AccessToken, ConnectionId,
    decide::{Plan, PlanMark},
};

/// A disconnect that is asked for: of which connection, and how. It means the whole connection: all tokens of the same
/// provider and company.
///
/// ```
/// use finch_app::{AccessToken, ConnectionId, DisconnectRequest, PlanMark};
///
/// # fn _a(id: ConnectionId, token: AccessToken, mark: PlanMark) {
/// let simple: DisconnectRequest = id.clone().into();
/// let by_token: DisconnectRequest = token.into();
/// let confirmed = DisconnectRequest { agreed: Some(mark), ..id.clone().into() };
/// let reason = Some("the contract has ended".to_owned());
/// let for_all = DisconnectRequest { for_everyone: reason, ..id.into() };
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DisconnectRequest {
    /// What names the connection.
    pub target: DisconnectTarget,
    /// An operator ends the connection for every customer that uses it, for this reason. In a customer's scope it
    /// changes nothing: the customer's own access ends.
    pub for_everyone: Option<String>,
    /// A person has agreed to the plan of this [mark](Plan::mark). If it says something else by now, nothing is done,
    /// unless nothing that still works would stop. What other customers do to a shared connection meanwhile does not
    /// count, unless it changes what was shown.
    pub agreed: Option<PlanMark>,
}

/// What names a connection that is to be disconnected.
#[derive(Clone, Debug)]
pub enum DisconnectTarget {
    /// One of its `connection_id`s.
    ConnectionId(ConnectionId),
    /// A token of it, live or not.
    Token(AccessToken),
    /// What was planned.
    Planned(Box<Plan>),
}

impl From<DisconnectTarget> for DisconnectRequest {
    fn from(target: DisconnectTarget) -> Self {
        Self { target, for_everyone: None, agreed: None }
    }
}

/// The connection with this `connection_id`.
impl From<ConnectionId> for DisconnectRequest {
    fn from(id: ConnectionId) -> Self {
        DisconnectTarget::ConnectionId(id).into()
    }
}

/// The connection of this token.
impl From<AccessToken> for DisconnectRequest {
    fn from(token: AccessToken) -> Self {
        DisconnectTarget::Token(token).into()
    }
}

/// Exactly what was planned: as [agreed](DisconnectRequest::agreed), for everyone if the plan says so.
impl From<Plan> for DisconnectRequest {
    fn from(plan: Plan) -> Self {
        let (for_everyone, agreed) = (plan.reason.clone(), Some(plan.mark.clone()));
        Self { target: DisconnectTarget::Planned(Box::new(plan)), for_everyone, agreed }
    }
}
