//! An operation: one call of a use case.

use std::{error::Error, fmt::Write as _, future::Future, pin::Pin, sync::Arc, time::Duration};

use finch_app::{
    BeginConnectError, BegunConnect, CloseError, CompleteConnectError, CompletedConnect,
    ConnectRequest, DisconnectError, DisconnectOutcome, DisconnectRequest, Finch, Pass, Reconciled,
    TokenError, Unauthorized, UsableToken,
};
use finch_core::{
    AccessToken, AuthorizationCode, ConnectionId, CustomerId, CustomerScope, Flow, OperatorScope,
    Product, RedirectUri, State, StoreError,
};

use crate::remote::Twist;

/// In whose scope something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// This customer's.
    Customer(usize),
    /// The operator's.
    Operator,
}

/// Where a person logs in, and how Finch reports it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// At which employer and provider.
    pub(crate) pair: usize,
    /// With which credentials.
    pub(crate) credentials: usize,
    /// Whether the browser is redirected.
    pub(crate) redirect: bool,
    /// What Finch tells.
    pub(crate) twist: Twist,
    /// Another customer id comes back.
    pub(crate) stranger: bool,
}

/// A person who came back with a code.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    /// Whose attempt it is.
    pub(crate) customer: usize,
    /// The attempt's state.
    pub(crate) state: Arc<str>,
    /// The code.
    pub(crate) code: Arc<str>,
    /// How often it was called already.
    pub(crate) times: u32,
}

impl Callback {
    /// A code that was never issued.
    pub(crate) fn other_code(&self) -> String {
        format!("{}-other", self.code)
    }
}

/// An operation.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Begins to connect.
    Begin(usize, Place),
    /// Begins to renew a connection.
    Renew(usize, ConnectionId, Place),
    /// Comes back with a code; perhaps with one that was never issued.
    Complete(Who, Callback, bool),
    /// Disconnects a connection.
    Disconnect(Who, ConnectionId),
    /// Disconnects the connection of a token.
    DisconnectToken(Who, Arc<str>),
    /// The operator disconnects a connection for everyone.
    DisconnectForEveryone(ConnectionId),
    /// Disconnects all connections of a customer.
    DisconnectAll(usize),
    /// Wants a token.
    Use(usize, ConnectionId),
    /// Reports a 401.
    Report(usize, Arc<str>),
    /// One pass of the reconciler.
    Reconcile(Pass),
    /// The operator vouches for the end of a connection.
    Close(ConnectionId),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Begun(Box<Result<BegunConnect, BeginConnectError>>),
    Completed(Result<CompletedConnect, CompleteConnectError>),
    Disconnected(Result<DisconnectOutcome, DisconnectError>),
    DisconnectedAll(Result<Vec<(ConnectionId, DisconnectOutcome)>, DisconnectError>),
    Used(Result<UsableToken, TokenError>),
    Reported(Result<Unauthorized, TokenError>),
    Reconciled(Result<Reconciled, StoreError>),
    Closed(Result<usize, CloseError>),
}

/// The name of a customer.
///
/// # Panics
/// Never.
pub(crate) fn customer_id(number: usize) -> CustomerId {
    CustomerId::new(format!("customer-{number}")).expect("a name")
}

fn customer(number: usize) -> CustomerScope {
    CustomerScope::new(customer_id(number))
}

/// The operator's scope.
pub(crate) fn operator() -> OperatorScope {
    OperatorScope::acting_as("simulation".parse().expect("a name"))
}

fn request(place: Place) -> ConnectRequest {
    let uri = RedirectUri::new("https://app.example/callback").expect("an address");
    let flow = if place.redirect { Flow::Redirect(uri) } else { Flow::Embedded };
    let products = vec![Product::Company, Product::Directory];
    let mut request = ConnectRequest::new("A customer", products, flow);
    request.lifetime = Duration::from_secs(3600);
    request
}

impl Op {
    /// Its name, for the trace and for counting.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Begin(..) => "begin",
            Self::Renew(..) => "renew",
            Self::Complete(..) => "complete",
            Self::Disconnect(Who::Customer(_), _) | Self::DisconnectToken(Who::Customer(_), _) => {
                "disconnect"
            }
            Self::Disconnect(..) | Self::DisconnectToken(..) => "disconnect by the operator",
            Self::DisconnectForEveryone(_) => "disconnect for everyone",
            Self::DisconnectAll(_) => "disconnect all",
            Self::Use(..) => "use",
            Self::Report(..) => "report",
            Self::Reconcile(_) => "reconcile",
            Self::Close(_) => "close",
        }
    }

    /// In which customer's scope it acts.
    pub(crate) fn customer(&self) -> Option<usize> {
        match self {
            Self::Begin(who, _)
            | Self::Renew(who, ..)
            | Self::Complete(Who::Customer(who), ..)
            | Self::Disconnect(Who::Customer(who), _)
            | Self::DisconnectToken(Who::Customer(who), _)
            | Self::DisconnectAll(who)
            | Self::Use(who, _)
            | Self::Report(who, _) => Some(*who),
            _ => None,
        }
    }

    /// The connection that it is to end, if it is a disconnect.
    pub(crate) fn ends(&self) -> Option<&ConnectionId> {
        match self {
            Self::Disconnect(_, id) | Self::DisconnectForEveryone(id) => Some(id),
            _ => None,
        }
    }

    /// Whether it is a reconciler's pass.
    pub(crate) fn reconciles(&self) -> bool {
        matches!(self, Self::Reconcile(_))
    }

    /// In words, without a secret.
    pub(crate) fn words(&self) -> String {
        let mut words = self.name().to_owned();
        if let Some(who) = self.customer() {
            let _ = write!(words, " by customer-{who}");
        }
        let _ = match self {
            Self::Begin(_, place) => write!(words, " {place:?}"),
            Self::Renew(_, id, _) | Self::Use(_, id) => write!(words, " {id}"),
            Self::Complete(_, callback, other) => {
                let other = if *other { " with another code" } else { "" };
                write!(words, " for customer-{}{other}, time {}", callback.customer, callback.times)
            }
            Self::Disconnect(_, id) | Self::DisconnectForEveryone(id) | Self::Close(id) => {
                write!(words, " {id}")
            }
            _ => Ok(()),
        };
        words
    }

    /// Does it.
    pub(crate) fn run(self, finch: Finch) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
        Box::pin(async move {
            match self {
                Self::Begin(who, place) => Outcome::Begun(Box::new(
                    finch.begin_connect(&customer(who), request(place)).await,
                )),
                Self::Renew(who, id, place) => {
                    let request = request(place);
                    let begun = finch.begin_reauthenticate(&customer(who), &id, request).await;
                    Outcome::Begun(Box::new(begun))
                }
                Self::Complete(who, callback, other) => {
                    let state = State::new(&*callback.state);
                    let code =
                        if other { callback.other_code() } else { callback.code.to_string() };
                    let code = AuthorizationCode::new(code);
                    Outcome::Completed(match who {
                        Who::Customer(who) => {
                            finch.complete_connect(&customer(who), state, code).await
                        }
                        Who::Operator => finch.complete_connect(&operator(), state, code).await,
                    })
                }
                Self::Disconnect(who, id) => {
                    Outcome::Disconnected(disconnect(&finch, who, id).await)
                }
                Self::DisconnectToken(who, secret) => {
                    let token = AccessToken::new(&*secret);
                    Outcome::Disconnected(disconnect(&finch, who, token).await)
                }
                Self::DisconnectForEveryone(id) => {
                    let plan = finch
                        .plan_disconnect(
                            &operator(),
                            DisconnectRequest {
                                for_everyone: Some("a simulation".into()),
                                ..id.into()
                            },
                        )
                        .await;
                    Outcome::Disconnected(match plan {
                        Ok(plan) => finch.disconnect(&operator(), plan).await,
                        Err(error) => Err(error),
                    })
                }
                Self::DisconnectAll(who) => {
                    Outcome::DisconnectedAll(finch.disconnect_all(&customer(who)).await)
                }
                Self::Use(who, id) => {
                    Outcome::Used(finch.access_token(&customer(who), &id, &[]).await)
                }
                Self::Report(who, secret) => {
                    let token = AccessToken::new(&*secret);
                    Outcome::Reported(finch.report_unauthorized(&customer(who), &token).await)
                }
                Self::Close(id) => {
                    Outcome::Closed(finch.close_disconnect(&operator(), &id, "a simulation").await)
                }
                Self::Reconcile(pass) => {
                    Outcome::Reconciled(finch.reconcile(&operator(), pass).await)
                }
            }
        })
    }
}

async fn disconnect(
    finch: &Finch,
    who: Who,
    target: impl Into<DisconnectRequest>,
) -> Result<DisconnectOutcome, DisconnectError> {
    match who {
        Who::Customer(who) => finch.disconnect(&customer(who), target).await,
        Who::Operator => finch.disconnect(&operator(), target).await,
    }
}

impl Outcome {
    /// Everything that it shows: its `Debug`, and the chain of its error.
    pub(crate) fn shown(&self) -> String {
        let mut shown = format!("{self:?}");
        let mut next = self.error();
        while let Some(error) = next {
            let _ = write!(shown, " {error}");
            next = error.source();
        }
        shown
    }

    fn error(&self) -> Option<&dyn Error> {
        fn of<T, E: Error>(result: &Result<T, E>) -> Option<&dyn Error> {
            result.as_ref().err().map(|error| error as &dyn Error)
        }
        match self {
            Self::Begun(result) => of(result),
            Self::Completed(result) => of(result),
            Self::Disconnected(result) => of(result),
            Self::DisconnectedAll(result) => of(result),
            Self::Used(result) => of(result),
            Self::Reported(result) => of(result),
            Self::Reconciled(result) => of(result),
            Self::Closed(result) => of(result),
        }
    }
}
