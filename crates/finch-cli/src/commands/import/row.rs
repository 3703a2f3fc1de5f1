//! From a row's cells to a token to import, or why the row cannot be used. No message repeats a cell.

use std::borrow::Cow;

use finch_app::ImportRequest;
use finch_core::{AccessToken, ConnectionId, CustomerId};
use serde::Serialize;

/// The cells of a row that are used, without outer white space. An empty one is missing.
pub(super) struct Fields {
    pub(super) token: String,
    pub(super) customer: String,
    pub(super) connection_id: String,
}

/// A row of the list.
pub(super) struct Row {
    /// The number of its first line in the file, from 1.
    pub(super) line: u64,
    /// How many bytes of the file were read up to there.
    pub(super) read: u64,
    /// A token to import, or why there is none.
    pub(super) content: Result<ImportRequest, Bad>,
}

/// A row that cannot be used.
#[derive(Debug, Serialize)]
pub(super) struct Bad {
    pub(super) customer: Option<CustomerId>,
    pub(super) kind: &'static str,
    pub(super) why: String,
    pub(super) what_to_do: Cow<'static, str>,
}

impl Bad {
    pub(super) fn new(
        kind: &'static str,
        why: impl Into<String>,
        what_to_do: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { customer: None, kind, why: why.into(), what_to_do: what_to_do.into() }
    }

    pub(super) fn too_long() -> Self {
        Self::new(
            "too_long",
            "the line is longer than 64 KiB",
            "remove the columns that are not used",
        )
    }

    pub(super) fn not_utf8() -> Self {
        Self::new("not_utf8", "the row is not UTF-8", "save the file as UTF-8")
    }

    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Self::new("malformed", why, "correct the row, and import the file again")
    }
}

/// The token of a row, its customer, and its connection if the row names one.
pub(super) fn to_import(fields: &Fields) -> Result<ImportRequest, Bad> {
    const COLUMNS: &str = "check which column holds what, and copy the token alone";
    const CUSTOMER: &str = "give the customer's id, as your application has it";
    if fields.customer == fields.token && !fields.token.is_empty() {
        // Kept as a customer's id, it would be shown wherever the customer is.
        return Err(Bad::new("customer_invalid", "the customer is the token itself", COLUMNS));
    }
    let customer = CustomerId::new(&*fields.customer);
    let named = customer.as_ref().ok().cloned();
    let bad = |kind, why: String, what_to_do| Bad {
        customer: named.clone(),
        ..Bad::new(kind, why, what_to_do)
    };
    if fields.token.is_empty() {
        let why = "the token is missing".to_owned();
        return Err(bad("token_missing", why, "add it, or remove the row"));
    }
    let token = AccessToken::parse(&fields.token)
        .map_err(|error| bad("token_malformed", error.to_string(), COLUMNS))?;
    if fields.customer.is_empty() {
        return Err(Bad::new("customer_missing", "the customer is missing", CUSTOMER));
    }
    let connection_id = match &*fields.connection_id {
        "" => None,
        id => Some(ConnectionId::new(id).map_err(|error| {
            bad("connection_invalid", error.to_string(), "leave it empty, or correct it")
        })?),
    };
    let customer =
        customer.map_err(|error| Bad::new("customer_invalid", error.to_string(), CUSTOMER))?;
    Ok(ImportRequest { token, customer, connection_id })
}
