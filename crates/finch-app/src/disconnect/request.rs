//! What is asked for when a connection is to be disconnected.

use finch_core::{
    AccessToken, ConnectionId, OperatorScope,
    decide::{Plan, PlanMark},
};

/// A disconnect that is asked for: of which connection, and how. It means the whole connection: all tokens of the same
/// provider and company.
///
/// ```
/// use finch_app::{AccessToken, ConnectionId, DisconnectRequest, OperatorScope};
///
/// # fn _a(id: ConnectionId, token: AccessToken, operator: OperatorScope, mark: finch_app::PlanMark) {
/// let simple: DisconnectRequest = id.clone().into();
/// let by_token: DisconnectRequest = token.into();
/// let confirmed = DisconnectRequest::from(id.clone()).agreed(mark);
/// let for_all = DisconnectRequest::from(id).for_everyone(&operator, "the contract has ended");
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DisconnectRequest {
    pub(super) target: Target,
    pub(super) for_everyone: Option<String>,
    pub(super) agreed: Option<PlanMark>,
}

/// What names the connection.
#[derive(Clone, Debug)]
pub(super) enum Target {
    ConnectionId(ConnectionId),
    /// A token of it, live or not.
    Token(AccessToken),
    Planned(Box<Plan>),
}

impl DisconnectRequest {
    fn of(target: Target) -> Self {
        Self { target, for_everyone: None, agreed: None }
    }

    /// An operator ends the connection for every customer that uses it, and says why. In a customer's scope it changes
    /// nothing: the customer's own access ends.
    #[must_use]
    pub fn for_everyone(self, _operator: &OperatorScope, reason: impl Into<String>) -> Self {
        Self { for_everyone: Some(reason.into()), ..self }
    }

    /// A person has agreed to the plan of this [mark](Plan::mark). If it says something else by now, nothing is done,
    /// unless nothing that still works would stop. What other customers do to a shared connection meanwhile does not
    /// count, unless it changes what was shown.
    #[must_use]
    pub fn agreed(self, mark: PlanMark) -> Self {
        Self { agreed: Some(mark), ..self }
    }
}

/// The connection with this `connection_id`.
impl From<ConnectionId> for DisconnectRequest {
    fn from(id: ConnectionId) -> Self {
        Self::of(Target::ConnectionId(id))
    }
}

/// The connection of this token.
impl From<AccessToken> for DisconnectRequest {
    fn from(token: AccessToken) -> Self {
        Self::of(Target::Token(token))
    }
}

/// Exactly what was planned: as [agreed](DisconnectRequest::agreed), for everyone if the plan says so.
impl From<Plan> for DisconnectRequest {
    fn from(plan: Plan) -> Self {
        let (for_everyone, agreed) = (plan.reason.clone(), Some(plan.mark));
        Self { for_everyone, agreed, ..Self::of(Target::Planned(Box::new(plan))) }
    }
}
