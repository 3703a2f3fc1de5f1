//! Answers that are no success, of every endpoint: which of their words are kept, and what they mean.

use std::time::Duration;

use finch_core::{
    AccessToken, AuthorizationCode, ExchangeFailure, Failure, FinchApi, FinchApiError, NewSession,
    Product, ReauthenticateSession, RequestId, exchange_failure,
};

use super::{ANSWER_WORDS, token_answer::check_exchange};
use crate::{
    Target,
    canary::{CODE, SECRET, TOKEN, chain, debug, hidden},
    http_answers::{Asked, answered},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "error_body",
    run: error_body,
    words: ANSWER_WORDS,
    reaches: &[
        "error: TokenInvalid",
        "error: Unauthorized",
        "error: ReauthenticateUser",
        "error: AccountSetupRequired",
        "error: InvalidClient",
        "error: OtherUnauthorized",
        "error: InvalidGrant",
        "error: ConnectionAlreadyExists",
        "error: PaymentRequired",
        "error: Rejected",
        "error: TryLater",
        "error: Unreadable",
        "error: none",
        "error: in doubt",
    ],
};

/// The first line names the endpoint; the rest are its answers.
pub fn error_body(data: &[u8]) {
    let line = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (endpoint, rest) = (&data[..line], data.get(line + 1..).unwrap_or_default());
    let token = AccessToken::new(TOKEN);
    let (error, asked) = match endpoint {
        b"exchange" => {
            let code = AuthorizationCode::new(CODE);
            let (said, asked) = answered(rest, async |finch| finch.exchange(&code, None).await);
            check_exchange(&said, &asked);
            if let Err(error) = &said
                && exchange_failure(error) == ExchangeFailure::NotSent
            {
                assert!(asked.iter().all(|a| [402, 429].contains(&a.status)), "{error}");
            }
            (said.err(), asked)
        }
        b"introspect" => {
            let (said, asked) = answered(rest, async |finch| finch.introspect(&token).await);
            (said.err(), asked)
        }
        b"session" => {
            let session = new_session();
            let (said, asked) = answered(rest, async |finch| finch.new_session(&session).await);
            (said.err(), asked)
        }
        b"reauthenticate" => {
            let again = reauthenticate();
            let (said, asked) =
                answered(rest, async |finch| finch.reauthenticate_session(&again).await);
            (said.err(), asked)
        }
        _ => {
            let (said, asked) = answered(rest, async |finch| finch.disconnect(&token).await);
            check_disconnect(&said, &asked);
            (said.err(), asked)
        }
    };
    match error {
        Some(error) => check(&error, endpoint, &asked),
        None => note("error: none"),
    }
}

fn check(error: &FinchApiError, endpoint: &[u8], asked: &[Asked]) {
    note(name(error));
    // What this very call sent never comes back in its error.
    let shown = format!("{}{}", chain(error), debug(&error.failure()));
    match endpoint {
        b"exchange" => hidden(&shown, &[SECRET, CODE]),
        b"session" | b"reauthenticate" => hidden(&shown, &[SECRET]),
        _ => hidden(&shown, &[TOKEN]),
    }
    assert!(shown.len() < 20_000, "an error is short");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "harmless to a terminal");
    let last = asked.last().expect("a call was made");
    if let FinchApiError::TokenInvalid(_) = error {
        assert_eq!(last.status, 401, "the only proof is a 401");
        if last.json().is_some() {
            let word = |name| last.text(name).unwrap_or_default().replace("_error", "");
            assert!([word("name"), word("finch_code")].contains(&"invalid_token".to_owned()));
        }
    }
    // What is kept of it in the store comes back as it was.
    let failure = error.failure();
    let text = serde_json::to_string(&failure).unwrap();
    assert_eq!(serde_json::from_str::<Failure>(&text).unwrap(), failure);
}

/// A disconnect is done only where Finch says so, and is repeated only where Finch did not look at it.
fn check_disconnect(said: &Result<Option<RequestId>, FinchApiError>, asked: &[Asked]) {
    let (last, earlier) = asked.split_last().expect("a call was made");
    assert!(earlier.iter().all(|a| a.status == 429), "a success could hide a try that was lost");
    match said {
        Ok(_) => {
            assert!(last.is_success());
            if last.json().is_some() {
                assert_eq!(last.text("status").as_deref(), Some("success"));
            }
        }
        Err(error) if error.is_ambiguous() => note("error: in doubt"),
        Err(_) => {}
    }
}

fn name(error: &FinchApiError) -> &'static str {
    match error {
        FinchApiError::TokenInvalid(_) => "error: TokenInvalid",
        FinchApiError::Unauthorized(_) => "error: Unauthorized",
        FinchApiError::ReauthenticateUser(_) => "error: ReauthenticateUser",
        FinchApiError::AccountSetupRequired(_) => "error: AccountSetupRequired",
        FinchApiError::InvalidClient(_) => "error: InvalidClient",
        FinchApiError::OtherUnauthorized(_) => "error: OtherUnauthorized",
        FinchApiError::InvalidGrant(_) => "error: InvalidGrant",
        FinchApiError::ConnectionAlreadyExists(_) => "error: ConnectionAlreadyExists",
        FinchApiError::PaymentRequired(_) => "error: PaymentRequired",
        FinchApiError::Rejected(_) => "error: Rejected",
        FinchApiError::TryLater(_) => "error: TryLater",
        FinchApiError::Unreadable { .. } => "error: Unreadable",
        _ => "error: another",
    }
}

pub(crate) fn new_session() -> NewSession {
    NewSession {
        customer_id: "acme".parse().unwrap(),
        customer_name: "Acme".into(),
        customer_email: None,
        products: vec![Product::Company],
        provider: None,
        redirect_uri: None,
        sandbox: None,
        lifetime: Duration::from_secs(3600),
    }
}

pub(crate) fn reauthenticate() -> ReauthenticateSession {
    ReauthenticateSession {
        connection_id: "connection".parse().unwrap(),
        products: Vec::new(),
        redirect_uri: None,
        lifetime: Duration::from_secs(3600),
    }
}
