//! Which column of a list holds what: found by its name, never by its place.

use csv::ByteRecord;
use finch_core::may_hold_token;

use crate::fail::Failure;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Token,
    Customer,
    ConnectionId,
}

impl Column {
    /// The column of this name, in any case, with or without spaces, hyphens and underscores.
    pub(super) fn of(name: &str) -> Option<Self> {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        match &*letters.flat_map(char::to_lowercase).collect::<String>() {
            "token" | "accesstoken" | "finchtoken" | "finchaccesstoken" => Some(Self::Token),
            "customer" | "customerid" => Some(Self::Customer),
            "connectionid" | "finchconnectionid" => Some(Self::ConnectionId),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Customer => "customer",
            Self::ConnectionId => "connection_id",
        }
    }
}

/// The places of the columns, from 0.
pub(super) struct Columns {
    pub(super) token: usize,
    pub(super) customer: usize,
    pub(super) connection_id: Option<usize>,
    /// The names of the other columns.
    pub(super) ignored: Vec<String>,
}

impl Columns {
    /// Finds the columns that a header names.
    ///
    /// # Errors
    /// A column is missing, or named twice.
    pub(super) fn of(header: &ByteRecord) -> Result<Self, Failure> {
        let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
        let place = |column| {
            let found = names.iter().enumerate();
            let found = found.filter(|(_, name)| Column::of(name) == Some(column));
            let found: Vec<_> = found.collect();
            match found[..] {
                [] => Ok(None),
                [(at, _)] => Ok(Some(at)),
                [(first, one), (second, other), ..] => Err(Failure::usage(format!(
                    "two columns are called {}: {} (column {}) and {} (column {})",
                    column.name(),
                    shown(one),
                    first + 1,
                    shown(other),
                    second + 1,
                ))
                .help("rename or remove the one that is not meant")),
            }
        };
        let connection_id = place(Column::ConnectionId)?;
        let (token, customer) = match (place(Column::Token)?, place(Column::Customer)?) {
            (Some(token), Some(customer)) => (token, customer),
            (token, customer) => {
                let missing = match (token, customer) {
                    (None, None) => "token or customer",
                    (None, _) => "token",
                    _ => "customer",
                };
                return Err(not_found(missing, &names));
            }
        };
        let ignored = names.iter().filter(|name| Column::of(name).is_none());
        let ignored = ignored.filter(|name| !name.trim().is_empty()).map(|name| shown(name));
        Ok(Self { token, customer, connection_id, ignored: ignored.collect() })
    }
}

/// No more columns than this are listed.
const LISTED: usize = 20;

fn not_found<N: AsRef<str>>(missing: &str, names: &[N]) -> Failure {
    let names: Vec<_> = names.iter().filter(|name| !name.as_ref().trim().is_empty()).collect();
    let mut found: Vec<_> = names.iter().take(LISTED).map(|name| shown(name.as_ref())).collect();
    if names.len() > LISTED {
        found.push(format!("and {} more", names.len() - LISTED));
    }
    let found = found.join(", ");
    Failure::usage(format!("no column is called {missing}; the first row has: {found}")).help(
        "name the columns token (or access_token), customer (or customer_id) and, if there is one, \
         connection_id, in any order; if there is no header, write the line token,customer above \
         the first row",
    )
}

/// A column's name as a message may show it. Where there is no header, the "name" may be a token.
pub(super) fn shown(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if is_name(&name) { name } else { "(not shown: it may be a token)".to_owned() }
}

/// Names may be long, such as `last_successful_sync`; tokens have digits, or no words.
fn is_name(text: &str) -> bool {
    let words = || text.split(|c: char| !c.is_alphanumeric());
    let is_made_of_words =
        !text.contains(|c: char| c.is_ascii_digit()) && words().all(|word| word.len() < 20);
    text.len() <= 80 && (is_made_of_words || !may_hold_token(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &[&str]) -> Result<Columns, Failure> {
        Columns::of(&ByteRecord::from(header))
    }

    fn refused(header: &[&str]) -> String {
        columns(header).err().expect("it is refused").message
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_spelling() {
        for token in ["token", "access_token", "Access Token", "accessToken", "ACCESS-TOKEN"] {
            for customer in
                ["customer", " Customer Id ", "customerId", "CUSTOMER-ID", "customer_id"]
            {
                let found = columns(&["E-mail", customer, "Connection ID", token, ""]);
                let Ok(found) = found else { panic!("{token} {customer}") };
                assert_eq!((found.token, found.customer, found.connection_id), (3, 1, Some(2)));
                assert_eq!(found.ignored, ["E-mail"]);
            }
        }
    }

    #[test]
    fn missing_columns_are_named_with_those_that_were_found() {
        let message = refused(&["email", "Company\nName", " "]);
        assert_eq!(
            message,
            "no column is called token or customer; the first row has: email, Company Name"
        );
        assert!(refused(&["customer", "x"]).starts_with("no column is called token;"));
        assert!(refused(&["token", "x"]).starts_with("no column is called customer;"));
        assert!(refused(&["x"; 30]).ends_with("x, and 10 more"));
    }

    #[test]
    fn two_columns_of_one_kind_are_both_named() {
        let message = refused(&["token", "customer", "Access Token"]);
        assert_eq!(
            message,
            "two columns are called token: token (column 1) and Access Token (column 3)"
        );
        assert!(columns(&["token", "customer", "connection_id", "ConnectionID"]).is_err());
    }

    #[test]
    fn a_first_row_that_is_no_header_shows_no_token() {
        for token in [
            "6d2a1a0e-5b1f-4c0b-9a57-2f4d0c1f9a10",
            "Bearer x0123456789abcdef",
            "abcdefghijklmnopqrstuv",
        ] {
            let message = refused(&[token, "acme"]);
            assert!(message.ends_with("the first row has: (not shown: it may be a token), acme"));
        }
        assert_eq!(shown("last_successful_sync"), "last_successful_sync");
    }
}
