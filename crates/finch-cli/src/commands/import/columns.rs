//! Which column of a list holds what: found by its name, never by its place.

use csv::ByteRecord;
use finch_core::may_hold_token;

use crate::fail::Failure;

/// No more columns than this are listed.
const LISTED: usize = 20;

/// The places of the columns, from 0.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) token: usize,
    pub(super) customer: usize,
    pub(super) connection_id: Option<usize>,
    /// How many there are.
    pub(super) number: usize,
    /// The names of the other columns.
    pub(super) ignored: Vec<String>,
}

/// What a column of this name holds: in any case, with or without spaces, hyphens and underscores.
fn meaning(name: &str) -> Option<&'static str> {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    match &*letters.flat_map(char::to_lowercase).collect::<String>() {
        "token" | "accesstoken" | "finchtoken" | "finchaccesstoken" => Some("token"),
        "customer" | "customerid" => Some("customer"),
        "connectionid" | "finchconnectionid" => Some("connection_id"),
        _ => None,
    }
}

impl Columns {
    /// Finds the columns that a header names.
    ///
    /// # Errors
    /// A column is missing, or named twice.
    pub(super) fn of(header: &ByteRecord) -> Result<Self, Failure> {
        let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
        let place = |what| {
            let found = names.iter().enumerate().filter(|(_, name)| meaning(name) == Some(what));
            match found.map(|(at, _)| at).collect::<Vec<_>>()[..] {
                [] => Ok(None),
                [at] => Ok(Some(at)),
                [first, second, ..] => {
                    let message = format!(
                        "two columns are called {what}: column {} and column {}",
                        first + 1,
                        second + 1
                    );
                    Err(Failure::usage(message).help("rename or remove the one that is not meant"))
                }
            }
        };
        let (connection_id, number) = (place("connection_id")?, names.len());
        let others = names.iter().filter(|name| meaning(name).is_none() && !name.trim().is_empty());
        let ignored = others.map(|name| shown(name)).collect();
        match (place("token")?, place("customer")?) {
            (Some(token), Some(customer)) => {
                Ok(Self { token, customer, connection_id, number, ignored })
            }
            (None, Some(_)) => Err(missing("token", &names)),
            (Some(_), None) => Err(missing("customer", &names)),
            (None, None) => Err(missing("token or customer", &names)),
        }
    }
}

fn missing(what: &str, names: &[impl AsRef<str>]) -> Failure {
    let names = names.iter().map(AsRef::as_ref).filter(|name| !name.trim().is_empty());
    let mut found: Vec<_> = names.map(shown).collect();
    let more = found.len().saturating_sub(LISTED);
    found.truncate(LISTED);
    found.extend((more > 0).then(|| format!("and {more} more")));
    let found = found.join(", ");
    Failure::usage(format!("no column is called {what}; the first row has: {found}")).help(
        "name the columns token (or access_token), customer (or customer_id) and, if there is one, \
         connection_id, in any order; if there is no header, write the line token,customer above \
         the first row",
    )
}

/// A column's name as a message may show it. Where there is no header, the "name" may be a token: names are
/// made of words, and tokens have digits, or no words.
pub(super) fn shown(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    let has_words =
        !name.contains(|c: char| c.is_ascii_digit()) && words.all(|word| word.len() < 20);
    if name.len() <= 80 && (has_words || !may_hold_token(&name)) {
        name
    } else {
        "(not shown: it may be a token)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &[&str]) -> Result<Columns, Failure> {
        Columns::of(&ByteRecord::from(header))
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_spelling() {
        for token in ["token", "access_token", "Access Token", "accessToken", "ACCESS-TOKEN"] {
            for customer in [" Customer Id ", "customerId", "customer_id"] {
                let found = columns(&["E-mail", customer, "Connection ID", token, ""]);
                let found = found.unwrap_or_else(|_| panic!("{token} {customer}"));
                assert_eq!((found.token, found.customer, found.connection_id), (3, 1, Some(2)));
                assert_eq!(found.ignored, ["E-mail"]);
            }
        }
    }

    #[test]
    fn a_wrong_header_is_named_and_shows_no_token() {
        let hidden = "(not shown: it may be a token)";
        for (header, says) in [
            (
                &["email", "Company\nName", " "][..],
                "no column is called token or customer; the first row has: email, Company Name",
            ),
            (&["customer", "x"], "no column is called token; the first row has: customer, x"),
            (
                &["token", "customer", "Access Token"],
                "two columns are called token: column 1 and column 3",
            ),
            (&["6d2a1a0e-5b1f-4c0b-9a57-2f4d0c1f9a10", "acme"], hidden),
            (&["Bearer x0123456789abcdef", "acme"], hidden),
            (&["abcdefghijklmnopqrstuv", "acme"], hidden),
            (&["x"; 30], "x, and 10 more"),
        ] {
            let message = columns(header).expect_err("it is refused").message;
            assert!(message.contains(says), "{message}");
        }
        assert_eq!(shown("last_successful_sync"), "last_successful_sync");
    }
}
