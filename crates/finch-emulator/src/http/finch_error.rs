//! Finch's table of errors.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

macro_rules! table {
    ($($variant:ident = $word:literal, $status:literal, $name:literal, $code:expr, $message:literal;)*) => {
        /// An error of Finch's table. Its word is its `finch_code`, or else its `name`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum FinchError {
            $(
                #[doc = concat!("`", $word, "`, status ", $status)]
                #[serde(rename = $word)]
                $variant,
            )*
        }

        impl FinchError {
            /// All of them, by status, the most typical of each first.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that names it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The status.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The `name` in the body.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The `finch_code` in the body.
            #[must_use]
            pub fn finch_code(self) -> Option<&'static str> {
                match self { $(Self::$variant => $code,)* }
            }

            pub(crate) fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

// Finch's documents name some errors otherwise than its responses do (`invalid_grant_error`): both are here.
table! {
    DataSyncInProgress = "data_sync_in_progress", 202, "accepted", Some("data_sync_in_progress"), "The data are not ready yet";
    InvalidRequest = "invalid_request", 400, "bad_request", Some("invalid_request"), "Invalid request";
    InvalidGrant = "invalid_grant", 400, "invalid_grant", None, "Invalid grant: authorization code is invalid";
    InvalidGrantError = "invalid_grant_error", 400, "invalid_grant_error", None, "Invalid grant: authorization code is invalid";
    ConnectionAlreadyExists = "connection_already_exists", 400, "bad_request", Some("connection_already_exists"), "There's an existing connection for the customer_id";
    ValidationError = "validation_error", 400, "validation_error", None, "Invalid provider and authentication type pairing";
    InvalidToken = "invalid_token", 401, "invalid_token", None, "Invalid token: access token is invalid";
    InvalidTokenError = "invalid_token_error", 401, "invalid_token_error", None, "Invalid token: access token is invalid";
    UnauthorizedRequest = "unauthorized_request", 401, "unauthorized_request", None, "Unauthorized request: no authentication given";
    UnauthorizedRequestError = "unauthorized_request_error", 401, "unauthorized_request_error", None, "Unauthorized request: no authentication given";
    InvalidRequestError = "invalid_request_error", 401, "invalid_request_error", None, "Invalid request";
    InvalidClient = "invalid_client", 401, "invalid_client", None, "Invalid client: client is invalid";
    InvalidClientError = "invalid_client_error", 401, "invalid_client_error", None, "Invalid client: client is invalid";
    ReauthenticateUser = "reauthenticate_user", 401, "authentication_error", Some("reauthenticate_user"), "Please reauthenticate user";
    AccountSetupRequired = "account_setup_required", 401, "authentication_error", Some("account_setup_required"), "Account setup required";
    NoValidAccounts = "no_valid_accounts", 401, "authentication_error", Some("no_valid_accounts"), "No valid accounts";
    LockedOut = "locked_out", 401, "authentication_error", Some("locked_out"), "User is locked out";
    PaymentRequired = "payment_required", 402, "payment_required", Some("payment_required"), "Payment required";
    InsufficientAccountPermissions = "insufficient_account_permissions", 403, "error_permissions", Some("insufficient_account_permissions"), "Insufficient account permissions";
    InsufficientScope = "insufficient_scope_error", 403, "insufficient_scope_error", None, "Insufficient scope";
    ItemNotFound = "item_not_found", 404, "not_found_error", Some("item_not_found"), "Not found";
    BenefitNotFound = "benefit_not_found", 404, "not_found_error", Some("benefit_not_found"), "Benefit not found";
    IndividualNotFound = "individual_not_found", 404, "not_found_error", Some("individual_not_found"), "Individual not found";
    PaymentNotFound = "payment_not_found", 404, "not_found_error", Some("payment_not_found"), "Payment not found";
    EnrollmentNotFound = "enrollment_not_found", 404, "bad_request", Some("enrollment_not_found"), "Enrollment not found";
    ClientConnectionClosed = "client_connection_closed", 408, "client_connection_closed", None, "Client connection closed";
    NotSupportedByProvider = "not_supported_by_provider", 422, "unprocessable_request_error", Some("not_supported_by_provider"), "Not supported by the provider";
    UnsupportedParameters = "unsupported_parameters", 422, "unprocessable_request_error", Some("unsupported_parameters"), "Unsupported parameters";
    InvalidEmployeeEnrollment = "invalid_employee_enrollment", 422, "unprocessable_request_error", Some("invalid_employee_enrollment"), "Invalid employee enrollment";
    ApiIpRateLimit = "finch_api_ip_rl", 429, "rate_limit_exceeded_error", Some("finch_api_ip_rl"), "Rate limit exceeded";
    ApplicationRateLimit = "finch_application_rl", 429, "rate_limit_exceeded_error", Some("finch_application_rl"), "Rate limit exceeded";
    AuthIpRateLimit = "finch_auth_ip_rl", 429, "rate_limit_exceeded_error", Some("finch_auth_ip_rl"), "Rate limit exceeded";
    TokenRateLimit = "finch_token_rl", 429, "rate_limit_exceeded_error", Some("finch_token_rl"), "Rate limit exceeded";
    UpstreamRateLimit = "upstream_rate_limit_exceeded", 429, "rate_limit_exceeded_error", Some("upstream_rate_limit_exceeded"), "Rate limit exceeded";
    InternalServerError = "internal_server_error", 500, "server_error", Some("internal_server_error"), "Internal server error";
    NotImplemented = "not_implemented_error", 501, "not_implemented_error", Some("not_implemented_error"), "Not implemented";
    UpstreamProviderError = "upstream_provider_error", 502, "bad_gateway_error", Some("upstream_provider_error"), "Bad gateway";
}

impl FinchError {
    /// The error that Finch most likely gives with this status.
    pub(crate) fn typical(status: StatusCode) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.status() == status.as_u16())
    }
}
