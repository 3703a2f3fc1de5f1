//! From a line to a token: CSV or JSON, and why it is neither. No message repeats what stands there.

use std::{collections::BTreeMap, path::Path};

use finch_app::ToImport;
use finch_core::{AccessToken, ConnectionId, CustomerId};
use serde::{Deserialize, de::IgnoredAny};

use super::csv::{Csv, Fields};
use crate::{args::Format, fail::Failure};

/// What a line holds.
pub(super) struct Row {
    /// Its number in the file, from 1.
    pub(super) line: u64,
    /// How many bytes were read so far.
    pub(super) bytes: u64,
    /// Whether the file itself names its columns: then the customer is one, and may be shown.
    pub(super) named: bool,
    /// A token to import; or why there is none.
    pub(super) holds: Result<ToImport, Bad>,
}

/// A line that cannot be used.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) customer: Option<CustomerId>,
    pub(super) kind: &'static str,
    pub(super) why: String,
    pub(super) what_to_do: &'static str,
}

impl Bad {
    pub(super) fn new(
        kind: &'static str,
        why: impl Into<String>,
        what_to_do: &'static str,
    ) -> Self {
        Self { customer: None, kind, why: why.into(), what_to_do }
    }

    pub(super) fn too_long() -> Self {
        Self::new("too_long", "the line is longer than 64 KiB", "take out what is no token of it")
    }

    fn malformed(why: &str) -> Self {
        Self::new("malformed", why, "write the line again: its token and its customer")
    }
}

/// Reads lines, once it is clear from the first one what they are.
pub(super) struct Rows {
    format: Option<Format>,
    csv: Option<Csv>,
    ignored: BTreeMap<String, ()>,
}

/// Columns beyond so many are ignored silently.
const MANY: usize = 100;

impl Rows {
    /// In this format; else in the one that the file's name speaks of; else by the first character.
    pub(super) fn new(format: Option<Format>, file: Option<&Path>) -> Self {
        let extension = file.and_then(Path::extension).and_then(|name| name.to_str());
        let named = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Some(Format::Csv),
            Some("jsonl" | "ndjson") => Some(Format::Jsonl),
            _ => None,
        };
        Self { format: format.or(named), csv: None, ignored: BTreeMap::new() }
    }

    /// Whether the file names its columns.
    pub(super) fn is_named(&self) -> bool {
        self.csv.as_ref().is_none_or(Csv::is_named)
    }

    /// The columns that are not used.
    pub(super) fn ignored(&self) -> Vec<String> {
        self.ignored.keys().cloned().collect()
    }

    /// What a line holds; none: nothing, or the names of columns.
    ///
    /// # Errors
    /// The file as a whole cannot be used.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<Option<Result<ToImport, Bad>>, Failure> {
        let blank = line.iter().all(u8::is_ascii_whitespace);
        if blank {
            return Ok(None);
        }
        let Ok(text) = std::str::from_utf8(line) else {
            if self.format.is_none()
                && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff"))
            {
                return Err(
                    Failure::usage("the tokens are in UTF-16").help("save the file as UTF-8")
                );
            }
            let bad = Bad::new("not_utf8", "the line is not UTF-8", "save the file as UTF-8");
            return Ok(Some(Err(bad)));
        };
        let format = match self.format {
            Some(format) => format,
            None => *self.format.insert(guess(text)?),
        };
        match format {
            Format::Jsonl => Ok(Some(self.json(text))),
            Format::Csv => {
                let csv = self.csv.get_or_insert_default();
                let Some(fields) = csv.read(text)? else {
                    let names = csv.ignored().iter().take(MANY);
                    self.ignored.extend(names.map(|name| (name.clone(), ())));
                    return Ok(None);
                };
                Ok(Some(fields.map_err(Bad::malformed).and_then(to_import)))
            }
        }
    }

    fn json(&mut self, text: &str) -> Result<ToImport, Bad> {
        // What serde says of an error repeats what stands there.
        let object: Object = serde_json::from_str(text).map_err(|_| {
            Bad::malformed("the line is no JSON object with a token and a customer, each once")
        })?;
        for name in object.rest.into_keys() {
            if self.ignored.len() < MANY {
                self.ignored.insert(name, ());
            }
        }
        let text = |text: Option<Text>| text.map(Text::into_string).unwrap_or_default();
        to_import(Fields {
            token: text(object.token),
            customer: text(object.customer),
            connection_id: text(object.connection_id),
        })
    }
}

/// One line of JSON.
#[derive(Deserialize)]
struct Object {
    #[serde(alias = "access_token")]
    token: Option<Text>,
    #[serde(alias = "customer_id")]
    customer: Option<Text>,
    connection_id: Option<Text>,
    #[serde(flatten)]
    rest: BTreeMap<String, IgnoredAny>,
}

/// Ids may be numbers where they come from.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(u64),
}

impl Text {
    fn into_string(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

fn guess(first: &str) -> Result<Format, Failure> {
    match first.trim_start().as_bytes().first() {
        Some(b'{') => Ok(Format::Jsonl),
        Some(b'[') => {
            Err(Failure::usage("the tokens are in a JSON array, which is read as a whole")
                .help("write one object a line, such as with `jq -c '.[]'`"))
        }
        _ => Ok(Format::Csv),
    }
}

fn to_import(fields: Fields) -> Result<ToImport, Bad> {
    let customer = CustomerId::new(fields.customer.trim());
    let token = fields.token.trim();
    let because = |kind, why: &str, what_to_do| Bad {
        customer: customer.as_ref().ok().cloned(),
        ..Bad::new(kind, why, what_to_do)
    };
    if token.is_empty() {
        return Err(because(
            "token_missing",
            "the token is missing",
            "add it, or take out the line",
        ));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let why = "the token contains white space, or a character that no token has";
        return Err(because("token_malformed", why, "copy it again, without anything in it"));
    }
    if fields.customer.trim().is_empty() {
        let what_to_do = "add whose token it is, by your application's own id";
        return Err(because("customer_missing", "the customer is missing", what_to_do));
    }
    let connection_id = match fields.connection_id.trim() {
        "" => None,
        id => Some(ConnectionId::new(id).map_err(|error| {
            because("connection_invalid", &error.to_string(), "leave it empty, or correct it")
        })?),
    };
    let token = AccessToken::new(token);
    let customer = customer.map_err(|error| {
        Bad::new("customer_invalid", error.to_string(), "correct the customer's id")
    })?;
    Ok(ToImport { token, customer, connection_id })
}
