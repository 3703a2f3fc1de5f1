//! An operation: one call of a use case.

use std::{error::Error, fmt::Debug, time::Duration};

use finch_app::{
    BegunConnect, CompleteConnectError, CompletedConnect, ConnectRequest, DisconnectError,
    DisconnectOutcome, DisconnectRequest, Finch, Pass, UsableToken,
};
use finch_core::{
    AccessToken, AuthorizationCode, ConnectionId, CustomerId, CustomerScope, Flow, OperatorScope,
    Product, RedirectUri, State, WebhookEvent,
};
use finch_testkit::chain;

use crate::remote::Twist;

/// In whose scope something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Customer(usize),
    Operator,
    /// The operator, for everyone.
    Everyone,
}

/// Where a person logs in, and how Finch reports it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// At which employer and provider.
    pub(crate) pair: usize,
    pub(crate) credentials: usize,
    /// Whether the browser is redirected.
    pub(crate) redirect: bool,
    pub(crate) twist: Twist,
    /// Another customer id comes back.
    pub(crate) stranger: bool,
}

/// A person who came back with a code.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) customer: usize,
    pub(crate) state: State,
    pub(crate) code: AuthorizationCode,
    pub(crate) times: u32,
}

impl Callback {
    pub(crate) fn other_code(&self) -> AuthorizationCode {
        AuthorizationCode::new(format!("{}-other", self.code.expose()))
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Begin(usize, Place),
    Renew(usize, ConnectionId, Place),
    /// Comes back with a code; perhaps with one that was never issued.
    Complete(Who, Callback, bool),
    Disconnect(Who, ConnectionId),
    /// Disconnects the connection of a token.
    DisconnectToken(Who, AccessToken),
    DisconnectAll(usize),
    Use(usize, ConnectionId),
    Report(usize, AccessToken),
    /// One pass of the reconciler.
    Reconcile(Pass),
    /// The operator vouches for the end of a connection.
    Close(ConnectionId),
    /// A webhook speaks of a connection's health.
    Webhook(Box<WebhookEvent>),
    /// The operator rotates the data key.
    Rotate,
}

/// What came of it, as far as the simulation goes on from there.
pub(crate) enum Outcome {
    Begun(Box<BegunConnect>),
    Completed(Result<CompletedConnect, CompleteConnectError>),
    Disconnected(Result<DisconnectOutcome, DisconnectError>),
    Used(UsableToken),
    Other,
}

pub(crate) fn customer_id(number: usize) -> CustomerId {
    CustomerId::new(format!("customer-{number}")).expect("a name")
}

fn customer(number: usize) -> CustomerScope {
    CustomerScope::new(customer_id(number))
}

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
    pub(crate) fn name(&self) -> String {
        format!("{self:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
    }

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

    /// Does it: everything that its result shows, and what came of it.
    pub(crate) async fn run(self, finch: Finch) -> (String, Outcome) {
        match self {
            Self::Begin(who, place) => {
                begun(finch.begin_connect(&customer(who), request(place)).await)
            }
            Self::Renew(who, id, place) => {
                begun(finch.begin_reauthenticate(&customer(who), &id, request(place)).await)
            }
            Self::Complete(who, callback, other) => {
                let code = if other { callback.other_code() } else { callback.code };
                let completed = match who {
                    Who::Customer(who) => {
                        finch.complete_connect(&customer(who), callback.state, code).await
                    }
                    _ => finch.complete_connect(&operator(), callback.state, code).await,
                };
                (shown(&completed), Outcome::Completed(completed))
            }
            Self::Disconnect(who, id) => disconnect(&finch, who, id.into()).await,
            Self::DisconnectToken(who, token) => disconnect(&finch, who, token.into()).await,
            Self::DisconnectAll(who) => other(finch.disconnect_all(&customer(who)).await),
            Self::Use(who, id) => {
                let used = finch.access_token(&customer(who), &id, &[]).await;
                (shown(&used), used.map_or(Outcome::Other, Outcome::Used))
            }
            Self::Report(who, token) => {
                other(finch.report_unauthorized(&customer(who), &token).await)
            }
            Self::Reconcile(pass) => other(finch.reconcile(&operator(), pass).await),
            Self::Close(id) => {
                other(finch.close_disconnect(&operator(), &id, "a simulation").await)
            }
            Self::Webhook(event) => other(finch.take_webhook(&event).await),
            Self::Rotate => other(finch.rotate(&operator(), |_| ()).await),
        }
    }
}

async fn disconnect(finch: &Finch, who: Who, request: DisconnectRequest) -> (String, Outcome) {
    let done = match who {
        Who::Customer(who) => finch.disconnect(&customer(who), request).await,
        Who::Operator => finch.disconnect(&operator(), request).await,
        Who::Everyone => {
            let for_everyone = Some("a simulation".into());
            let request = DisconnectRequest { for_everyone, ..request };
            match finch.plan_disconnect(&operator(), request).await {
                Ok(plan) => finch.disconnect(&operator(), plan).await,
                Err(error) => Err(error),
            }
        }
    };
    (shown(&done), Outcome::Disconnected(done))
}

fn begun(result: Result<BegunConnect, impl Error + 'static>) -> (String, Outcome) {
    let shown = shown(&result);
    (shown, result.map_or(Outcome::Other, |begun| Outcome::Begun(Box::new(begun))))
}

fn other(result: Result<impl Debug, impl Error + 'static>) -> (String, Outcome) {
    (shown(&result), Outcome::Other)
}

/// Everything that a result shows: its `Debug`, and the chain of its error.
fn shown(result: &Result<impl Debug, impl Error + 'static>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => chain(error),
    }
}
