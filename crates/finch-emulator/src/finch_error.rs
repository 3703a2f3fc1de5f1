//! Finch's table of errors.

use hyper::StatusCode;

macro_rules! table {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:literal, $name:literal, $code:expr, $message:literal;)*) => {
        /// An error of Finch's table, by the word that names it best: its `finch_code`, or else its
        /// `name`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FinchError {
            $($(#[$doc])* $variant,)*
        }

        impl FinchError {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that names it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The `name` in the body.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The `finch_code` in the body, if there is one.
            #[must_use]
            pub fn finch_code(self) -> Option<&'static str> {
                match self { $(Self::$variant => $code,)* }
            }

            pub(crate) fn status_code(self) -> StatusCode {
                let status: u16 = match self { $(Self::$variant => $status,)* };
                StatusCode::from_u16(status).unwrap_or_default()
            }

            pub(crate) fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

table! {
    /// The code is unknown, used or too old, or its redirect URI is another: as seen.
    InvalidGrant = "invalid_grant", 400, "invalid_grant", None, "Invalid grant: authorization code is invalid";
    /// The same, as documented.
    InvalidGrantError = "invalid_grant_error", 400, "invalid_grant_error", None, "Invalid grant: authorization code is invalid";
    /// The request breaks a rule.
    InvalidRequest = "invalid_request", 400, "bad_request", Some("invalid_request"), "Invalid request";
    /// The customer has a connection.
    ConnectionAlreadyExists = "connection_already_exists", 400, "bad_request", Some("connection_already_exists"), "There's an existing connection for the customer_id";
    /// Parts of the request do not go together.
    ValidationError = "validation_error", 400, "validation_error", None, "Invalid provider and authentication type pairing";
    /// The access token is unknown or revoked: as seen.
    InvalidToken = "invalid_token", 401, "invalid_token", None, "Invalid token: access token is invalid";
    /// The same, as documented.
    InvalidTokenError = "invalid_token_error", 401, "invalid_token_error", None, "Invalid token: access token is invalid";
    /// No access token in the header: as seen.
    UnauthorizedRequest = "unauthorized_request", 401, "unauthorized_request", None, "Unauthorized request: no authentication given";
    /// The same, as documented.
    UnauthorizedRequestError = "unauthorized_request_error", 401, "unauthorized_request_error", None, "Unauthorized request: no authentication given";
    /// The request is not as documented: a 401.
    InvalidRequestError = "invalid_request_error", 401, "invalid_request_error", None, "Invalid request";
    /// Wrong client id or secret: as seen.
    InvalidClient = "invalid_client", 401, "invalid_client", None, "Invalid client: client is invalid";
    /// The same, as documented.
    InvalidClientError = "invalid_client_error", 401, "invalid_client_error", None, "Invalid client: client is invalid";
    /// The employer must log in again; the token lives.
    ReauthenticateUser = "reauthenticate_user", 401, "authentication_error", Some("reauthenticate_user"), "Please reauthenticate user";
    /// The employer must still give access; the token lives.
    AccountSetupRequired = "account_setup_required", 401, "authentication_error", Some("account_setup_required"), "Account setup required";
    /// An old one, perhaps gone.
    NoValidAccounts = "no_valid_accounts", 401, "authentication_error", Some("no_valid_accounts"), "No valid accounts";
    /// An old one, perhaps gone.
    LockedOut = "locked_out", 401, "authentication_error", Some("locked_out"), "User is locked out";
    /// The application has unpaid invoices.
    PaymentRequired = "payment_required", 402, "payment_required", Some("payment_required"), "Payment required";
    /// The account at the provider lacks rights.
    InsufficientAccountPermissions = "insufficient_account_permissions", 403, "error_permissions", Some("insufficient_account_permissions"), "Insufficient account permissions";
    /// The product was not granted.
    InsufficientScope = "insufficient_scope_error", 403, "insufficient_scope_error", None, "Insufficient scope";
    /// Nothing there.
    ItemNotFound = "item_not_found", 404, "not_found_error", Some("item_not_found"), "Not found";
    /// No such benefit.
    BenefitNotFound = "benefit_not_found", 404, "not_found_error", Some("benefit_not_found"), "Benefit not found";
    /// No such person.
    IndividualNotFound = "individual_not_found", 404, "not_found_error", Some("individual_not_found"), "Individual not found";
    /// No such payment.
    PaymentNotFound = "payment_not_found", 404, "not_found_error", Some("payment_not_found"), "Payment not found";
    /// No such enrollment.
    EnrollmentNotFound = "enrollment_not_found", 404, "bad_request", Some("enrollment_not_found"), "Enrollment not found";
    /// The caller went away.
    ClientConnectionClosed = "client_connection_closed", 408, "client_connection_closed", None, "Client connection closed";
    /// Benefits: unsupported parameters.
    UnsupportedParameters = "unsupported_parameters", 422, "unprocessable_request_error", Some("unsupported_parameters"), "Unsupported parameters";
    /// Benefits: invalid enrollment.
    InvalidEmployeeEnrollment = "invalid_employee_enrollment", 422, "unprocessable_request_error", Some("invalid_employee_enrollment"), "Invalid employee enrollment";
    /// Benefits: not at this provider.
    NotSupportedByProvider = "not_supported_by_provider", 422, "unprocessable_request_error", Some("not_supported_by_provider"), "Not supported by the provider";
    /// Too many calls of the application.
    ApplicationRateLimit = "finch_application_rl", 429, "rate_limit_exceeded_error", Some("finch_application_rl"), "Rate limit exceeded";
    /// Too many calls from this address.
    ApiIpRateLimit = "finch_api_ip_rl", 429, "rate_limit_exceeded_error", Some("finch_api_ip_rl"), "Rate limit exceeded";
    /// Too many logins from this address.
    AuthIpRateLimit = "finch_auth_ip_rl", 429, "rate_limit_exceeded_error", Some("finch_auth_ip_rl"), "Rate limit exceeded";
    /// Too many calls with the token; retired.
    TokenRateLimit = "finch_token_rl", 429, "rate_limit_exceeded_error", Some("finch_token_rl"), "Rate limit exceeded";
    /// Too many calls for the provider.
    UpstreamRateLimit = "upstream_rate_limit_exceeded", 429, "rate_limit_exceeded_error", Some("upstream_rate_limit_exceeded"), "Rate limit exceeded";
    /// Finch has a bug.
    InternalServerError = "internal_server_error", 500, "server_error", Some("internal_server_error"), "Internal server error";
    /// The provider has no such thing.
    NotImplemented = "not_implemented_error", 501, "not_implemented_error", Some("not_implemented_error"), "Not implemented";
    /// The provider failed.
    UpstreamProviderError = "upstream_provider_error", 502, "bad_gateway_error", Some("upstream_provider_error"), "Bad gateway";
    /// No error by its status: the data are not ready yet.
    DataSyncInProgress = "data_sync_in_progress", 202, "accepted", Some("data_sync_in_progress"), "The data are not ready yet";
}

impl FinchError {
    /// The status.
    #[must_use]
    pub fn status(self) -> u16 {
        self.status_code().as_u16()
    }

    /// The error that Finch gives with this status, or the likeliest of them.
    pub(crate) fn typical(status: StatusCode) -> Option<Self> {
        Some(match status.as_u16() {
            202 => Self::DataSyncInProgress,
            400 => Self::InvalidRequest,
            401 => Self::InvalidToken,
            402 => Self::PaymentRequired,
            403 => Self::InsufficientAccountPermissions,
            404 => Self::ItemNotFound,
            408 => Self::ClientConnectionClosed,
            422 => Self::NotSupportedByProvider,
            429 => Self::ApiIpRateLimit,
            500 => Self::InternalServerError,
            501 => Self::NotImplemented,
            502 => Self::UpstreamProviderError,
            _ => return None,
        })
    }
}
