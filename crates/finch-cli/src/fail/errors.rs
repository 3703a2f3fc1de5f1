//! The errors of the other crates. They state what happened and what to do; this adds only how that is done
//! on the command line.

use std::{error::Error, io};

use finch_app::{
    BeginConnectError, CompleteConnectError, DisconnectError, KeysError, OpenFinchError, RunError,
    TokenError, TokenFate,
};
use finch_core::StoreError;
use finch_emulator::EmulatorError;
use finch_http::ConfigError;
use finch_seal::{KeyFileError, ParseKeyError, SealError};
use finch_sqlite::StoreFileError;

use super::{Exit, Failure};

/// An error's next step, with the command, option or variable that it means.
pub(super) fn step(code: &str, next_step: &str) -> String {
    let options = match code {
        "customer_name" => "--name",
        "no_products" => "--products, such as company,directory",
        "lifetime" => "--minutes from 1 to 129600",
        "base_url" | "finch_unreadable" | "finch_other_unauthorized" => {
            "FINCH_BASE_URL or --base-url"
        }
        "client_id" => "FINCH_CLIENT_ID or --client-id",
        "proxy" => "FINCH_PROXY or --proxy; `env` takes the proxy that HTTPS_PROXY names",
        "finch_no_answer" => "FINCH_BASE_URL, FINCH_PROXY, --timeout",
        "finch_invalid_client" => "FINCH_CLIENT_ID, FINCH_CLIENT_SECRET, FINCH_BASE_URL",
        "finch_rejected" => "--products, --redirect-uri, FINCH_BASE_URL",
        "finch_connection_already_exists"
        | "finch_reauthenticate_user"
        | "finch_account_setup_required"
        | "needs_reauth"
        | "secret_unreadable" => "`finch connect --reauthenticate CONNECTION`",
        "products_not_granted" => "`finch connect --reauthenticate CONNECTION --products …`",
        "finch_invalid_grant"
        | "no_code"
        | "expired"
        | "state_used"
        | "ended"
        | "disconnected"
        | "answer_lost" => "`finch connect`",
        "unknown_state" => "--customer, --store; `finch connect`",
        "conflict" | "other_customer" | "unnamed_customer" => "`finch show CONNECTION`",
        "not_disconnecting" => "`finch disconnect CONNECTION`",
        "store_missing" | "store_no_folder" | "store_not_a_file" | "store_not_a_store" => {
            "FINCH_STORE or --store"
        }
        "store_other_application" => "FINCH_CLIENT_ID, FINCH_BASE_URL, FINCH_STORE",
        "store_wrong_key" | "store_key_replaced" | "key_missing" | "key_malformed" => {
            "--store-key-file PATH, FINCH_STORE_KEY_FILE or FINCH_STORE_KEY"
        }
        "key_not_a_file" => "`-` reads standard input",
        "key_exists" => "--key-file PATH",
        _ => return next_step.to_owned(),
    };
    format!("{next_step} ({options})")
}

macro_rules! failures {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(&error)
            }
        }
    )*};
}
failures!(
    BeginConnectError,
    DisconnectError,
    TokenError,
    RunError,
    StoreError,
    KeysError,
    OpenFinchError,
    StoreFileError,
    ConfigError
);

impl From<CompleteConnectError> for Failure {
    fn from(error: CompleteConnectError) -> Self {
        let mut failure = Self::of(&error);
        if matches!(
            error.token_fate(),
            TokenFate::HandedBack | TokenFate::Rescued | TokenFate::Unknown
        ) {
            failure.exit = Exit::TokenAtLarge;
        }
        failure
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let exit = match &error {
            KeyFileError::Exists { .. } => Exit::State,
            _ => Exit::Store,
        };
        Self::with(exit, error.code(), &error, &error.next_step())
    }
}

impl From<ParseKeyError> for Failure {
    fn from(error: ParseKeyError) -> Self {
        Self::with(Exit::Store, "key_malformed", &error, error.next_step())
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::with(Exit::Store, "store_keys", &error, error.next_step())
    }
}

impl Failure {
    fn with(exit: Exit, kind: &'static str, error: &(dyn Error + 'static), step: &str) -> Self {
        Self::new(exit, kind, error.to_string()).because(error).help(self::step(kind, step))
    }
}

impl From<EmulatorError> for Failure {
    fn from(error: EmulatorError) -> Self {
        let exit = match &error {
            EmulatorError::PortTaken { .. } | EmulatorError::Listen { .. } => Exit::Failed,
            _ => Exit::Usage,
        };
        Self::with(exit, "emulator", &error, error.next_step())
    }
}

/// What was to be shown could not be.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Failed, "output", "the output could not be written")
            .because(&error)
            .help("give another place for the output, then run the same again")
    }
}
