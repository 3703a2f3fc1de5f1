//! Whose data a call may see: a customer's, or everything. Two types, so that a request handler
//! cannot become the operator by a wrong argument.

use crate::{CustomerId, OperatorName};

/// One customer's data. Build it from the id that the host has authenticated, never from a
/// parameter of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerScope(CustomerId);

impl CustomerScope {
    /// The scope of the customer that the host has authenticated.
    pub fn new(authenticated: CustomerId) -> Self {
        Self(authenticated)
    }

    /// Whose scope this is.
    pub fn id(&self) -> &CustomerId {
        &self.0
    }
}

/// Every customer's data: for the operator of the application, under a name for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorScope(OperatorName);

impl OperatorScope {
    /// The scope of everything. `who` is written into the record of what is done in it.
    pub fn acting_as(who: OperatorName) -> Self {
        Self(who)
    }

    /// Who acts.
    pub fn name(&self) -> &OperatorName {
        &self.0
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::CustomerScope {}
    impl Sealed for super::OperatorScope {}
    impl Sealed for Box<dyn super::Scope + Send> {}
}

/// Either scope: [`CustomerScope`] or [`OperatorScope`], and nothing else.
pub trait Scope: sealed::Sealed + Sync {
    /// The customer to whom the call is limited; none for the operator.
    fn customer(&self) -> Option<&CustomerId>;

    /// Who acts, for the record.
    fn actor(&self) -> Actor;
}

impl Scope for CustomerScope {
    fn customer(&self) -> Option<&CustomerId> {
        Some(&self.0)
    }

    fn actor(&self) -> Actor {
        Actor::Customer(self.0.clone())
    }
}

impl Scope for OperatorScope {
    fn customer(&self) -> Option<&CustomerId> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::Operator(self.0.clone())
    }
}

impl Scope for Box<dyn Scope + Send> {
    fn customer(&self) -> Option<&CustomerId> {
        (**self).customer()
    }

    fn actor(&self) -> Actor {
        (**self).actor()
    }
}

/// Who caused something, for the record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A customer, through the host.
    Customer(CustomerId),
    /// The operator of the application.
    Operator(OperatorName),
    /// Finch: observed here, not asked for here.
    Finch,
    /// The reconciler by itself: it ends what was left over when nothing lives any more.
    Reconciler,
}
