//! From a row's cells to a token to import, or why the row cannot be used. No message repeats a cell.

use std::borrow::Cow;

use finch_app::ImportRequest;
use finch_core::{AccessToken, ConnectionId, CustomerId};
use serde::{Deserialize, Serialize};

/// The cells of a row that are used. The names without capitals and separators are those of a CSV's header.
#[derive(Deserialize)]
pub(super) struct Fields {
    #[serde(alias = "access_token", alias = "accessToken")]
    #[serde(alias = "accesstoken", alias = "finchtoken", alias = "finchaccesstoken")]
    token: Cell,
    #[serde(alias = "customer_id", alias = "customerId", alias = "customerid")]
    customer: Cell,
    #[serde(alias = "connectionId", alias = "connectionid", alias = "finchconnectionid")]
    #[serde(default)]
    connection_id: Cell,
}

/// Applications also have ids that are numbers.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Cell {
    Text(String),
    Number(u64),
    #[default]
    Null,
}

/// A row of the list.
pub(super) struct Row {
    /// The number of its line in the file, from 1.
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
        why: impl ToString,
        what_to_do: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { customer: None, kind, why: why.to_string(), what_to_do: what_to_do.into() }
    }

    pub(super) fn malformed(why: impl ToString) -> Self {
        Self::new("malformed", why, "correct the row, and import the file again")
    }
}

impl Fields {
    /// The token, its customer, and its connection if the row names one.
    pub(super) fn to_import(&self) -> Result<ImportRequest, Bad> {
        const COLUMNS: &str = "check which column holds what, and copy the token alone";
        let (token, customer) = (self.token.text(), self.customer.text());
        if customer == token && !token.is_empty() {
            // Kept as a customer's id, it would be shown wherever the customer is.
            return Err(Bad::new("customer_invalid", "the customer is the token itself", COLUMNS));
        }
        let customer = CustomerId::new(customer).map_err(|error| {
            Bad::new(
                "customer_invalid",
                error,
                "give the customer's id, as your application has it",
            )
        })?;
        let named = |bad| Bad { customer: Some(customer.clone()), ..bad };
        let token = AccessToken::parse(&token)
            .map_err(|error| named(Bad::new("token_malformed", error, COLUMNS)))?;
        let connection_id = Some(self.connection_id.text()).filter(|id| !id.is_empty());
        let connection_id = connection_id.map(ConnectionId::new).transpose().map_err(|error| {
            named(Bad::new("connection_invalid", error, "leave it empty, or correct it"))
        })?;
        Ok(ImportRequest { token, customer, connection_id })
    }
}

impl Cell {
    /// Without outer white space. An empty one is missing.
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Null => String::new(),
        }
    }
}
