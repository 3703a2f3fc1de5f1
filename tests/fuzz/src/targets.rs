//! The targets, one a file.

pub(crate) mod callback;
pub(crate) mod configuration;
pub(crate) mod emulator_call;
pub(crate) mod error_body;
pub(crate) mod introspect_answer;
pub(crate) mod key_text;
pub(crate) mod sealed_blob;
pub(crate) mod session_answer;
pub(crate) mod store_file;
pub(crate) mod token_answer;
pub(crate) mod webhook;

/// Words of Finch's answers.
pub(crate) const ANSWER_WORDS: &[&str] = &[
    "200\n\n",
    "400\n\n",
    "401\n\n",
    "402\n\n",
    "408\n\n",
    "429\n\n",
    "503\n\n",
    "\n====\n",
    "{\"",
    "\"}",
    "\":\"",
    "\",\"",
    "null",
    "true",
    "[]",
    "{}",
    "\\ud800",
    "\\u0000",
    "\u{feff}",
    "access_token",
    "connection_id",
    "provider_id",
    "company_id",
    "customer_id",
    "products",
    "entity_ids",
    "connection_status",
    "status",
    "success",
    "session_id",
    "connect_url",
    "https://connect.tryfinch.com/authorize?session=",
    "name",
    "finch_code",
    "context",
    "message",
    "code",
    "statusCode",
    "invalid_token",
    "invalid_token_error",
    "invalid_grant",
    "invalid_client",
    "reauthenticate_user",
    "account_setup_required",
    "no_valid_accounts",
    "connection_already_exists",
    "unauthorized_request",
    "invalid_request",
    "finch-request-id: ",
    "retry-after: ",
    "retry-after-ms: 1\n",
    "content-length: ",
    "content-type: text/html\n",
    "@TOKEN@",
    "@SECRET@",
    "@CODE@",
    "exchange\n",
    "introspect\n",
    "disconnect\n",
    "session\n",
    "reauthenticate\n",
];
