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
