//! Failures of the use cases.

use std::time::Duration;

use finch_app::{
    BeginConnectError, CloseError, CompleteConnectError, DisconnectError, ExchangeError, TokenError,
};

use super::{
    Exit, Failure,
    finch::{finch_failed, finch_failed_earlier},
    store_failed,
};

/// How long a code lives at Finch.
const CODE_LIVES: Duration = Duration::from_secs(600);
const NEW_ATTEMPT: &str = "begin a new attempt with `finch connect`";

impl From<BeginConnectError> for Failure {
    fn from(error: BeginConnectError) -> Self {
        use BeginConnectError as E;
        match &error {
            E::CustomerName => Self::usage(error.to_string()).help("give it with --name"),
            E::NoProducts => Self::usage("no product is asked for")
                .help("give at least one with --products, such as company,directory"),
            E::Lifetime => Self::usage("a session lives from 1 minute to 90 days")
                .help("give --minutes from 1 to 129600"),
            E::NotFound => Self::no_such_connection(),
            E::Disconnecting => {
                Self::new(Exit::Standing, "disconnecting", "this connection is being disconnected")
                    .help("wait for its end (`finch reconcile`), then connect the customer again: `finch connect`")
            }
            E::Ended => Self::new(Exit::Standing, "ended", "this connection has ended")
                .help("connect the customer again: `finch connect` without --reauthenticate"),
            E::Finch(cause) => finch_failed("Finch did not open a Connect session", cause),
            E::Store(cause) => {
                store_failed("the attempt could not be stored, and was not begun", cause)
            }
            _ => Self::new(Exit::Failed, "connect", "no attempt was begun").because(&error),
        }
    }
}

impl From<CompleteConnectError> for Failure {
    fn from(error: CompleteConnectError) -> Self {
        use CompleteConnectError as E;
        let standing = |kind, message: &str| Self::new(Exit::Standing, kind, message);
        match &error {
            E::NoCode => Self::usage("no code came back, and nothing was sent").help(NEW_ATTEMPT),
            E::UnknownState => {
                Self::new(Exit::NotFound, "unknown_state", "no attempt to connect has this state")
                    .help(format!("check the state (and --customer, --store); or {NEW_ATTEMPT}"))
            }
            E::Expired => {
                standing("expired", "the attempt to connect has expired").help(NEW_ATTEMPT)
            }
            E::StateUsed => {
                standing("state_used", "this state was used with another code, and works once")
                    .help(NEW_ATTEMPT)
            }
            E::InProgress => Self::new(
                Exit::LeftOpen,
                "in_progress",
                "this code is being exchanged already, or its exchange was cut off",
            )
            .help(
                "run the same again in a minute; if it stays so, connect this customer again: \
                 `finch reconcile` lists it after 10 minutes",
            ),
            E::NotSent(cause) => {
                let wait = match &cause {
                    ExchangeError::Now(error) => error.retry_after(),
                    _ => None,
                };
                let failure =
                    exchange_failed("Finch did not look at the code, and it is not used up", cause);
                if wait.is_some_and(|wait| wait >= CODE_LIVES) {
                    return failure.help(format!(
                        "the code will be dead when Finch answers again: wait, then {NEW_ATTEMPT}"
                    ));
                }
                let first = failure.help.clone();
                failure.help(format!(
                    "{first} (the same state and code, within 10 minutes of the code's issue)"
                ))
            }
            E::Failed(cause) => {
                let failure =
                    exchange_failed("Finch did not exchange the code, and issued no token", cause);
                match failure.kind {
                    "finch_invalid_grant" => failure,
                    "finch_rejected" => failure.help(NEW_ATTEMPT),
                    _ => {
                        let first = failure.help.clone();
                        failure.help(format!("{first}; then {NEW_ATTEMPT}"))
                    }
                }
            }
            E::Unknown(cause) => {
                let mut failure = exchange_failed(
                    "Finch's answer was lost or cannot be read: a token may exist, and be billed, that is not stored",
                    cause,
                );
                (failure.exit, failure.kind) = (Exit::TokenAtLarge, "answer_lost");
                failure.help(
                    "do not send the code again; connect this customer again with `finch connect`: the new \
                     token joins the same connection, and one disconnect ends both. `finch reconcile` lists it",
                )
            }
            E::Conflict { connection_id } => standing(
                "conflict",
                "the token is stored, and will not be used",
            )
            .cause(format!("connection {connection_id} belongs to another provider or company"))
            .help(format!(
                "look with `finch show {connection_id}`, and ask Finch's support which is right"
            )),
            E::OtherCustomer { connection_id } => standing(
                "other_customer",
                "the token is stored, and will not be used",
            )
            .cause(format!(
                "Finch says that connection {connection_id} belongs to another customer"
            ))
            .help(format!(
                "look with `finch show {connection_id}`; was the page opened by somebody else?"
            )),
            E::UnnamedCustomer { connection_id } => standing(
                "unnamed_customer",
                "the token is stored, and will not be used",
            )
            .cause(format!(
                "the callback carried no state, and Finch does not say whose connection {connection_id} is"
            ))
            .help(format!(
                "look with `finch show {connection_id}`; then {NEW_ATTEMPT}"
            )),
            E::ForeignToken => {
                standing("foreign_token", "Finch issued a token that belongs to somebody else here")
                    .cause("nothing was changed".to_owned())
                    .help("ask Finch's support, and give the time of this call")
            }
            E::Store(cause) => {
                store_failed("the store failed, and nothing was sent to Finch", cause)
            }
            E::CutOff => Self::new(Exit::LeftOpen, "cut_off", "the exchange was cut off")
                .help("run the same again, with the same state and code"),
            // The command takes the token out of these before they come here.
            E::Unplaced { source, .. } => {
                let mut failure = finch_failed(
                    "Finch issued a token without saying which connection it belongs to: it is live, and billed",
                    source,
                );
                (failure.exit, failure.kind) = (Exit::TokenAtLarge, "not_stored");
                failure
            }
            E::NotStored { source, .. } => {
                let mut failure =
                    store_failed("the token could not be stored: it is live, and billed", source);
                (failure.exit, failure.kind) = (Exit::TokenAtLarge, "not_stored");
                failure
            }
            _ => Self::new(Exit::Failed, "exchange", "the exchange failed").because(&error),
        }
    }
}

fn exchange_failed(doing: &str, cause: &ExchangeError) -> Failure {
    match cause {
        ExchangeError::Now(error) => finch_failed(doing, error),
        ExchangeError::Earlier(short) => finch_failed_earlier(doing, short),
        other => Failure::new(Exit::Finch, "finch_failed", doing).because(other),
    }
}

impl From<DisconnectError> for Failure {
    fn from(error: DisconnectError) -> Self {
        match &error {
            DisconnectError::NotFound => Self::no_such_connection(),
            DisconnectError::PlanChanged => Self::new(
                Exit::Standing,
                "plan_changed",
                "the connection has changed since it was shown, and nothing was done",
            )
            .help("run the same again, and look at the new plan"),
            DisconnectError::Store(cause) => {
                let failure = store_failed("the store failed during the disconnect", cause);
                let first = failure.help.clone();
                failure.help(format!("{first}; `finch reconcile` goes on with what was stored"))
            }
            _ => Self::new(Exit::LeftOpen, "cut_off", "the disconnect was cut off")
                .help("`finch reconcile` goes on with it"),
        }
    }
}

impl From<CloseError> for Failure {
    fn from(error: CloseError) -> Self {
        match &error {
            CloseError::NotFound => {
                Self::new(Exit::NotFound, "not_found", "there is nothing of this name to close")
                    .help("`finch attention` lists what can be closed")
            }
            CloseError::NotDisconnecting => Self::new(
                Exit::Standing,
                "not_disconnecting",
                "no disconnect of this connection is open",
            )
            .help("disconnect it first: `finch disconnect CONNECTION`"),
            CloseError::Store(cause) => store_failed("nothing was closed: the store failed", cause),
            _ => Self::usage(error.to_string()),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let standing =
            |kind, message: &str, help: &str| Self::new(Exit::Standing, kind, message).help(help);
        match &error {
            TokenError::NotFound => Self::no_such_connection(),
            TokenError::Unverified => standing(
                "unverified",
                "Finch must be asked first whether the token still lives",
                "run `finch reconcile`, then the same again",
            ),
            TokenError::Disconnecting => standing(
                "disconnecting",
                "the connection is being disconnected: its tokens are handed out no more",
                "`finch reconcile` goes on with the disconnect",
            ),
            TokenError::Disconnected => standing(
                "disconnected",
                "the connection has been disconnected",
                "the customer must connect again: `finch connect`",
            ),
            TokenError::NeedsReauth => standing(
                "needs_reauth",
                "the employer must authenticate again",
                "`finch connect --customer ID --reauthenticate CONNECTION`",
            ),
            TokenError::ProductsNotGranted { granted } => {
                let granted: Vec<_> = granted.iter().map(|p| p.as_str()).collect();
                standing(
                    "products_not_granted",
                    "no token of the connection covers all of these products",
                    "`finch connect --customer ID --reauthenticate CONNECTION --products …` asks for them",
                )
                .cause(format!("granted: {}", granted.join(", ")))
            }
            TokenError::Store(cause) => store_failed("the token could not be read", cause),
            _ => Self::new(Exit::Failed, "token", "there is no token").because(&error),
        }
    }
}

impl Failure {
    fn cause(mut self, text: String) -> Self {
        self.because.push(text);
        self
    }
}
