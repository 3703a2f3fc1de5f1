//! Failures at Finch, or on the way there.

use finch_core::{Failure as Short, FailureKind, FinchApiError};
use finch_http::ConfigError;

use super::{Exit, Failure};

const NOT_REACHED: &str = "see to that, check the network, FINCH_BASE_URL and (if it is set) FINCH_PROXY, then run the same again; \
     nothing was sent";

/// What Finch, or the way to it, said: the failure of `doing` something.
pub(crate) fn finch_failed(doing: impl Into<String>, error: &FinchApiError) -> Failure {
    let short = error.failure();
    let mut failure = Failure::new(Exit::Finch, kind(short.kind), doing).because(error);
    if let Some(words) = words(&short) {
        failure.because.push(words);
    }
    failure.request_id = short.request_id.clone();
    let wait = error
        .retry_after()
        .map(|wait| format!("wait {} s, then run the same again", wait.as_secs()));
    failure.help(wait.unwrap_or_else(|| match error {
        // The cause says what to check, and more time would not help.
        FinchApiError::NoAnswer { sent: false, .. } => NOT_REACHED.to_owned(),
        _ => what_to_do(&short).to_owned(),
    }))
}

/// What Finch said earlier, as far as the store has kept it.
pub(crate) fn finch_failed_earlier(doing: impl Into<String>, short: &Short) -> Failure {
    let mut failure = Failure::new(Exit::Finch, kind(short.kind), doing);
    failure.because.push(format!("that was the answer earlier: {}", crate::words::trouble(short)));
    failure.request_id = short.request_id.clone();
    failure.help(what_to_do(short))
}

/// Finch's own names for it.
fn words(short: &Short) -> Option<String> {
    let status = short.status?;
    let mut said = format!("Finch's answer: {status}");
    for word in [&short.name, &short.finch_code].into_iter().flatten() {
        said.push_str(&format!(", {word}"));
    }
    Some(said)
}

/// The kind of a failure, for programs.
fn kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::TokenInvalid => "finch_token_invalid",
        FailureKind::Unauthorized => "finch_unauthorized",
        FailureKind::ReauthenticateUser => "finch_reauthenticate_user",
        FailureKind::AccountSetupRequired => "finch_account_setup_required",
        FailureKind::InvalidClient => "finch_invalid_client",
        FailureKind::OtherUnauthorized => "finch_other_unauthorized",
        FailureKind::InvalidGrant => "finch_invalid_grant",
        FailureKind::ConnectionAlreadyExists => "finch_connection_already_exists",
        FailureKind::PaymentRequired => "finch_payment_required",
        FailureKind::Rejected => "finch_rejected",
        FailureKind::TryLater => "finch_try_later",
        FailureKind::Unreadable => "finch_unreadable",
        FailureKind::Unplaced => "finch_unplaced",
        FailureKind::NoAnswer => "finch_no_answer",
        _ => "finch_failed",
    }
}

/// What to do about it.
pub(crate) fn what_to_do(short: &Short) -> &'static str {
    match (short.kind, short.status) {
        (FailureKind::InvalidClient, _) => {
            "check FINCH_CLIENT_ID and FINCH_CLIENT_SECRET against Finch's dashboard, and FINCH_BASE_URL"
        }
        (FailureKind::InvalidGrant, _) => "get a new code: `finch connect` begins a new attempt",
        (FailureKind::ConnectionAlreadyExists, _) => {
            "renew that connection instead: `finch connect --reauthenticate CONNECTION`"
        }
        (FailureKind::ReauthenticateUser | FailureKind::AccountSetupRequired, _) => {
            "let the employer authenticate again: `finch connect --reauthenticate CONNECTION`"
        }
        (FailureKind::PaymentRequired, _) => {
            "pay Finch's invoices, which its dashboard lists, then run the same again"
        }
        (FailureKind::TryLater, Some(429)) => "wait a minute, then run the same again",
        (FailureKind::TryLater, _) => {
            "Finch has trouble: wait some minutes, then run the same again"
        }
        (FailureKind::NoAnswer, _) => {
            "check the network and FINCH_BASE_URL, then run the same again; --timeout gives it more time"
        }
        (FailureKind::Unplaced, _) => {
            "name it in the list's column connection_id, or ask Finch's support with the request id"
        }
        (FailureKind::Unreadable | FailureKind::OtherUnauthorized, _) => {
            "check that FINCH_BASE_URL is Finch's API and that no proxy answers in its place"
        }
        (FailureKind::Rejected, Some(300..400)) => {
            "check FINCH_BASE_URL: it leads elsewhere, and redirects are not followed"
        }
        (FailureKind::Rejected, Some(404 | 405)) => {
            "check FINCH_BASE_URL: there is no such call at that address"
        }
        (FailureKind::Rejected, Some(403)) => {
            "ask Finch whether this application may do that; give the request id"
        }
        (FailureKind::Rejected, _) => {
            "check what was asked for, such as --products and --redirect-uri; Finch's support knows the request id"
        }
        _ => "run the same again; if it stays so, ask Finch's support and give the request id",
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match &error {
            ConfigError::BaseUrl(why) => {
                let mut failure = Self::usage("FINCH_BASE_URL (or --base-url) cannot be used");
                failure.because.push(format!("it {why}"));
                failure.help("give an address such as https://api.tryfinch.com")
            }
            ConfigError::Proxy(why) => {
                let mut failure = Self::usage("FINCH_PROXY (or --proxy) cannot be used");
                failure.because.push(why.to_string());
                failure.help(
                    "give http://HOST:PORT, with USER:PASSWORD@ before the host where it asks for them; or \
                     `env`, for the proxy that HTTPS_PROXY names",
                )
            }
            ConfigError::ProxyVariable { name, source } => {
                let mut failure =
                    Self::usage(format!("{name} cannot be used, and FINCH_PROXY=env asks for it"));
                failure.because.push(source.to_string());
                failure.help(format!("set {name} to http://HOST:PORT, or FINCH_PROXY to the proxy"))
            }
            ConfigError::Client(source) => Self::new(
                Exit::Failed,
                "http_client",
                "the HTTP client cannot be made",
            )
            .because(&**source)
            .help(
                "for https, install the system's CA certificates (ca-certificates), or check the \
                         file that SSL_CERT_FILE names",
            ),
            _ => Self::usage(error.to_string()).help("see `finch --help` for the settings"),
        }
    }
}
